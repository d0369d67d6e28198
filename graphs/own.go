package graphs

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// maxRead bounds how many definitions are kept once they were read.
const maxRead = 512

// read are graphs by the text of their definitions, which have all of them.
var read = struct {
	sync.Mutex

	graphs map[string]*Graph
}{graphs: map[string]*Graph{}}

// ReadOwn returns the graph of an app's own that a published definition is of. It is safe for concurrent use. The graph is shared:
// callers must not change it. An error means that the definition is not one that was published.
func ReadOwn(definition string) (*Graph, error) {
	read.Lock()
	defer read.Unlock()
	if g := read.graphs[definition]; g != nil {
		return g, nil
	}
	g := &Graph{Own: true}
	if err := json.Unmarshal([]byte(definition), g); err != nil {
		return nil, fmt.Errorf("read the definition of a graph: %w", err)
	}
	if len(read.graphs) >= maxRead {
		clear(read.graphs)
	}
	read.graphs[definition] = g
	return g, nil
}

// Definition returns the text that ReadOwn reads; empty for a built-in graph.
func (g *Graph) Definition() string {
	if !g.Own {
		return ""
	}
	text, err := json.Marshal(g)
	if err != nil { // it has texts and numbers only
		panic(err)
	}
	return string(text)
}

// IsName reports whether a text can be the name of a graph.
func IsName(text string) bool { return name.MatchString(text) }

// IsBuiltin reports whether a name is that of a built-in graph.
func IsBuiltin(name string) bool {
	return slices.ContainsFunc(builtin, func(g *Graph) bool { return g.Name == name })
}
