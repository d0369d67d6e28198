package api

import (
	"net/http"
	"strings"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/graphs/definition"
	"holdfast/graphs/drawing"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// listGraphs lists every version of the built-in graphs, those of one name one behind the other, the first one first; with a key of an
// app, those of its own behind them.
func (s *Server) listGraphs(k *edge.Call) error {
	known, err := knownGraphs(k, s.edge())
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, known.All())
}

// knownGraphs are what the caller can book by. A key is optional here.
func knownGraphs(k *edge.Call, e *edge.Edge) (*tenant.Graphs, error) {
	if err := e.IdentifyOptional(k); err != nil || k.App == nil {
		return nil, err
	}
	return k.App.Graphs, nil
}

// graphSchema answers with the JSON schema of the format in which graphs are written.
func graphSchema(k *edge.Call) error {
	k.Header("Cache-Control", "public, max-age=300")
	k.Data(http.StatusOK, "application/schema+json", definition.Schema())
	return nil
}

// cacheOf says how long a graph may be kept, and by whom. What the bare name of one's own stands for may change.
func cacheOf(g *graphs.Graph) string {
	if g.Own {
		return "private, no-cache"
	}
	return "public, max-age=300"
}

// getGraph answers with a graph as JSON, or drawn: the name may have a version, as in instant@2, and end in .mmd (Mermaid) or .svg.
func (s *Server) getGraph(k *edge.Call) error {
	name, kind, _ := strings.Cut(k.Param("name"), ".")
	known, err := knownGraphs(k, s.edge())
	if err != nil {
		return err
	}
	g, ok := known.Named(name, nil)
	if !ok {
		return fault.Errorf(fault.NotFound, "The graph does not exist.")
	}
	k.Header("Cache-Control", cacheOf(g))
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
