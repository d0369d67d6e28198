package api

import (
	_ "embed"
	"net/http"

	"holdfast/api/edge"
)

//go:embed openapi.json
var openAPIText []byte

func (s *Server) openAPI(k *edge.Call) error {
	k.Data(http.StatusOK, "application/json", openAPIText)
	return nil
}
