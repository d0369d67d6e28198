package api

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openAPIText []byte

func (s *Server) openAPI(k *call) error {
	k.Data(http.StatusOK, "application/json", openAPIText)
	return nil
}
