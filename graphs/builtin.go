package graphs

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
)

//go:embed data/*.json
var data embed.FS

var builtin = mustLoad()

// Published returns every version of every built-in graph, sorted by name and version. The graphs are shared: callers must not change
// them.
func Published() []*Graph { return slices.Clone(builtin) }

// Version returns one version of a built-in graph; false if there is none. The graph is shared: callers must not change it.
func Version(name string, version int) (*Graph, bool) {
	for _, g := range builtin {
		if g.Name == name && g.Version == version {
			return g, true
		}
	}
	return nil, false
}

// Named returns the built-in graph that a text names: "instant@2" is a version, and a bare name is the version that defaults has for
// it, or else the first one, which never gets another meaning. False if there is none. The graph is shared: callers must not change it.
func Named(text string, defaults map[string]int) (*Graph, bool) {
	name, suffix, exact := strings.Cut(text, "@")
	version := max(1, defaults[name])
	if exact {
		n, err := strconv.Atoi(suffix)
		if err != nil || strconv.Itoa(n) != suffix {
			return nil, false
		}
		version = n
	}
	return Version(name, version)
}

// Ref returns the text by which Named finds this very version.
func (g *Graph) Ref() string { return fmt.Sprintf("%s@%d", g.Name, g.Version) }

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
