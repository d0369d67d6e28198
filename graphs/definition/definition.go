// Package definition reads graphs that were written by hand: strictly, with all faults and their places. It has the canonical bytes of
// a graph, the schema of the format, and what differs between two graphs in words.
package definition

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"holdfast/graphs"
	"holdfast/internal/strictjson"
)

//go:embed schema.json
var schema []byte

//go:embed examples/*.json
var examples embed.FS

// Example is a worked example of the format, which CheckOwn accepts.
type Example struct {
	Name string // of its graph
	Text []byte
}

// Examples returns the worked examples of the format, by name.
func Examples() []Example {
	entries, err := examples.ReadDir("examples")
	if err != nil {
		panic(err)
	}
	all := make([]Example, len(entries))
	for i, entry := range entries {
		text, err := examples.ReadFile("examples/" + entry.Name())
		if err != nil {
			panic(err)
		}
		all[i] = Example{strings.TrimSuffix(entry.Name(), ".json"), text}
	}
	return all
}

// Schema returns the JSON schema of the format. The bytes are a copy.
func Schema() []byte { return bytes.Clone(schema) }

// Parse reads a graph from JSON and checks it. A text that is no JSON, or has fields that the format does not have, is checked no
// further. What may be left out is filled in: the version is 1, and a timer without min and max has a length that no booking changes.
// The graph is nil if there are faults.
func Parse(text []byte) (*graphs.Graph, []graphs.Fault) {
	g, faults := read(text)
	if faults == nil {
		faults = g.Faults()
	}
	if faults != nil {
		return nil, faults
	}
	return g, nil
}

// read decodes a graph strictly, and fills in what was left out.
func read(text []byte) (*graphs.Graph, []graphs.Fault) {
	var g graphs.Graph
	if err := (strictjson.Rules{Unknown: strictjson.RefuseAll, Deep: true}).Decode(text, &g); err != nil {
		return nil, faultsOf(err)
	}
	if g.Version == 0 {
		g.Version = 1
	}
	for i := range g.States {
		for k := range g.States[i].Timers {
			if t := &g.States[i].Timers[k]; t.Min == 0 && t.Max == 0 {
				t.Min, t.Max = t.After, t.After
			}
		}
	}
	return &g, nil
}

// faultsOf returns the faults of an error of package strictjson.
func faultsOf(err error) (all []graphs.Fault) {
	var faults strictjson.Faults
	if !errors.As(err, &faults) {
		return []graphs.Fault{{Text: err.Error()}}
	}
	for _, f := range faults {
		all = append(all, graphs.Fault{Path: place(f.Path), Text: f.Text})
	}
	return all
}

// place returns a path such as states.3.name as states[3].name.
func place(path string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(path, ".") {
		switch _, err := strconv.Atoi(part); {
		case err == nil:
			b.WriteString("[" + part + "]")
		case b.Len() > 0:
			b.WriteString("." + part)
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}

// Canonical returns the bytes that are the same for all texts of one graph: JSON without spaces, with the names in order, and without
// the version.
func Canonical(g *graphs.Graph) ([]byte, error) {
	text, err := json.Marshal(g)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	delete(fields, "version")
	return json.Marshal(fields)
}

// Digest returns the SHA-256 of the canonical bytes, in hexadecimal.
func Digest(g *graphs.Graph) (string, error) {
	text, err := Canonical(g)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
