package portal

import (
	"net/http"
	"slices"

	"holdfast/graphs"
	"holdfast/graphs/drawing"
)

// graphs asks for every version of every graph.
func (v *visit) graphs() ([]*graphs.Graph, error) {
	return fetch[[]*graphs.Graph](v, at("graphs"), nil)
}

func (v *visit) graph(name string) (*graphs.Graph, error) {
	return fetch[*graphs.Graph](v, at("graphs", name), nil)
}

func listGraphs(v *visit) error {
	all, err := v.graphs()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "graphs", "Graphs", all)
}

func drawGraph(v *visit) error {
	g, err := v.graph(v.r.PathValue("name"))
	if err != nil {
		return err
	}
	return v.svg(drawing.SVG(g))
}

func namesOf(all []*graphs.Graph) []string {
	var names []string
	for _, g := range all {
		names = append(names, g.Name)
	}
	return slices.Compact(names) // the versions of one name lie together
}

// statesOf are the states that events of bookings can name, each once.
func statesOf(all []*graphs.Graph) []string {
	var names []string
	for _, g := range all {
		for _, state := range g.States {
			if state.Name != g.Initial && state.Name != graphs.ErrorState {
				names = append(names, state.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
