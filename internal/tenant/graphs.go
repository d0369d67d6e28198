package tenant

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/graphs"
)

// Weights are the versions that a bare name of a graph stands for, each with its share of what is booked: {2: 90, 3: 10}. A single
// version has any share. Shares are positive.
type Weights map[int]int

// Pick returns the version for a number in [0, Total).
func (w Weights) Pick(n int) int {
	for _, version := range slices.Sorted(maps.Keys(w)) {
		if n -= w[version]; n < 0 {
			return version
		}
	}
	return 0
}

// Total returns the sum of the shares.
func (w Weights) Total() (sum int) {
	for _, share := range w {
		sum += share
	}
	return sum
}

// Graphs are what an app can book by: the built-in ones, and published versions of its own. Nil has the built-in ones alone.
// It never changes, so it is safe for concurrent use.
type Graphs struct {
	own  []*graphs.Graph
	bare map[string]int
}

// NewGraphs returns the built-in graphs and an app's own versions. bare says which version each bare name of them stands for.
func NewGraphs(own []*graphs.Graph, bare map[string]int) *Graphs {
	sorted := slices.Clone(own)
	slices.SortFunc(sorted, func(a, b *graphs.Graph) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return &Graphs{sorted, bare}
}

// Own returns the app's own versions, by name and version. The graphs are shared: callers must not change them.
func (l *Graphs) Own() []*graphs.Graph {
	if l == nil {
		return nil
	}
	return slices.Clone(l.own)
}

// All returns the built-in versions and then the app's own. The graphs are shared: callers must not change them.
func (l *Graphs) All() []*graphs.Graph { return append(graphs.Published(), l.Own()...) }

// Has reports whether a version of that name exists.
func (l *Graphs) Has(name string) bool {
	return slices.ContainsFunc(l.All(), func(g *graphs.Graph) bool { return g.Name == name })
}

// Version returns one version of a graph; false if there is none. The app's own precede built-in ones: a name that later becomes
// built-in keeps its meaning for the app. The graph is shared: callers must not change it.
func (l *Graphs) Version(name string, version int) (*graphs.Graph, bool) {
	for _, g := range l.Own() {
		if g.Name == name && g.Version == version {
			return g, true
		}
	}
	return graphs.Version(name, version)
}

// Named returns the graph that a text names: "viewing@2" is a version. A bare name is, of the app's own graphs, the version that it
// stands for, and of built-in ones the version that defaults has for it, or else the first one, which never gets another meaning.
// False if there is none. The graph is shared: callers must not change it.
func (l *Graphs) Named(text string, defaults map[string]int) (*graphs.Graph, bool) {
	name, suffix, exact := strings.Cut(text, "@")
	if !exact {
		return l.Version(name, l.standsFor(name, defaults))
	}
	n, err := strconv.Atoi(suffix)
	if err != nil || strconv.Itoa(n) != suffix {
		return nil, false
	}
	return l.Version(name, n)
}

func (l *Graphs) standsFor(name string, defaults map[string]int) int {
	if l != nil && l.bare[name] > 0 {
		return l.bare[name]
	}
	return max(1, defaults[name])
}

// Walking are bookings that walk one version of a graph of the app's own, in one state.
type Walking struct {
	State    string
	Bookings int
}

// GraphVersion is a published graph of an app's own.
type GraphVersion struct {
	Name        string
	Version     int
	Definition  string // see graphs.ReadOwn
	PublishedAt time.Time
}
