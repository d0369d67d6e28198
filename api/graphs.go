package api

import (
	"net/http"
	"strings"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/graphs/drawing"
	"holdfast/internal/fault"
)

// listGraphs lists every version: those of one name one behind the other, the first one first.
func (s *Server) listGraphs(k *edge.Call) error {
	return k.Answer(http.StatusOK, graphs.Published())
}

// getGraph answers with a graph as JSON, or drawn: the name may have a version, as in instant@2, and end in .mmd (Mermaid) or .svg.
func (s *Server) getGraph(k *edge.Call) error {
	name, kind, _ := strings.Cut(k.Param("name"), ".")
	g, ok := graphs.Named(name, nil)
	if !ok {
		return fault.Errorf(fault.NotFound, "The graph does not exist.")
	}
	k.Header("Cache-Control", "public, max-age=300")
	switch kind {
	case "", "json":
		return k.Answer(http.StatusOK, g)
	case "mmd":
		k.Data(http.StatusOK, "text/vnd.mermaid; charset=utf-8", []byte(drawing.Mermaid(g)))
	case "svg":
		k.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		k.Data(http.StatusOK, "image/svg+xml", []byte(drawing.SVG(g)))
	default:
		return fault.Errorf(fault.NotFound, "A graph comes as .json, .mmd or .svg.")
	}
	return nil
}
