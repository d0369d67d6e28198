package graphs

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"sort"
)

//go:embed data/*.json
var data embed.FS

var builtin = mustLoad()

// All returns the newest version of every built-in graph, sorted by name. The graphs are shared: callers must not change them.
func All() []*Graph {
	newest := map[string]*Graph{}
	for _, g := range builtin {
		if known, ok := newest[g.Name]; !ok || known.Version < g.Version {
			newest[g.Name] = g
		}
	}
	all := make([]*Graph, 0, len(newest))
	for _, g := range newest {
		all = append(all, g)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// Published returns every version of every built-in graph, sorted by name and version. The graphs are shared: callers must not change
// them.
func Published() []*Graph { return slices.Clone(builtin) }

// Latest returns the newest version of a built-in graph; false if there is none. The graph is shared: callers must not change it.
func Latest(name string) (*Graph, bool) {
	for _, g := range All() {
		if g.Name == name {
			return g, true
		}
	}
	return nil, false
}

// Version returns one version of a built-in graph; false if there is none. The graph is shared: callers must not change it.
func Version(name string, version int) (*Graph, bool) {
	for _, g := range builtin {
		if g.Name == name && g.Version == version {
			return g, true
		}
	}
	return nil, false
}

// mustLoad reads the embedded graphs. It panics on a file that is not a valid graph, or not named <name>@<version>.json.
func mustLoad() []*Graph {
	files, err := data.ReadDir("data")
	if err != nil {
		panic(err)
	}
	var all []*Graph
	for _, file := range files {
		text, err := data.ReadFile(path.Join("data", file.Name()))
		if err != nil {
			panic(err)
		}
		var g Graph
		if err := json.Unmarshal(text, &g); err != nil {
			panic(fmt.Errorf("graphs: %s: %w", file.Name(), err))
		}
		if err := g.Validate(); err != nil {
			panic(fmt.Errorf("graphs: %s: %w", file.Name(), err))
		}
		if want := fmt.Sprintf("%s@%d.json", g.Name, g.Version); want != file.Name() {
			panic(fmt.Errorf("graphs: %s holds graph %s", file.Name(), want))
		}
		all = append(all, &g)
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].Name != all[j].Name {
			return all[i].Name < all[j].Name
		}
		return all[i].Version < all[j].Version
	})
	return all
}
