package booking

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"

	"holdfast/graphs"
)

// largeGraph is how many bytes of JSON a graph may have before a workflow's input has it packed.
const largeGraph = 8 << 10

// maxGraph bounds what is unpacked.
const maxGraph = 1 << 20

// GraphInput is a graph as it travels to a workflow.
type GraphInput struct {
	Graph  graphs.Graph `json:"graph,omitzero"`         // empty while it is Packed
	Packed []byte       `json:"packed_graph,omitempty"` // its JSON by DEFLATE
}

// SetGraph makes a graph that of the input: as JSON that people can read in the Temporal UI, or packed by DEFLATE when it is large. So a
// history has all that its workflow needs, and no worker has to look anything up.
func (in *GraphInput) SetGraph(g *graphs.Graph) error {
	text, err := json.Marshal(g)
	if err != nil || len(text) <= largeGraph {
		in.Graph, in.Packed = *g, nil
		return err
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	in.Graph, in.Packed = graphs.Graph{}, packed.Bytes()
	return nil
}

// UnpackGraph reads the packed graph of the input into Graph, if it has one.
func (in *GraphInput) UnpackGraph() error {
	if len(in.Packed) == 0 {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(in.Packed)), maxGraph))
	if err != nil {
		return fmt.Errorf("unpack the graph of a workflow's input: %w", err)
	}
	return json.Unmarshal(text, &in.Graph)
}
