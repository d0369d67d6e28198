package portal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"holdfast/graphs"
	"holdfast/graphs/drawing"
)

// loadGraphs asks for every version of every graph.
func loadGraphs(v *visit) ([]*graphs.Graph, error) {
	return fetch[[]*graphs.Graph](v, at("graphs"), nil)
}

func loadGraph(v *visit, name string) (*graphs.Graph, error) {
	return fetch[*graphs.Graph](v, at("graphs", name), nil)
}

// graphsPage is all there is of graphs.
type graphsPage struct {
	Own     []ownGraph
	Drafts  []graphDraft
	Builtin []*graphs.Graph
}

// ownGraph is a graph of the app's own, with its published versions.
type ownGraph struct {
	Name     string         `json:"name"`
	Versions []graphVersion `json:"versions"`
	Weights  map[string]int `json:"weights"` // the share of each version in what the bare name stands for

	Typed  map[string]string `json:"-"` // the shares, where those typed were refused
	Only   string            `json:"-"` // the version that is chosen; "shares" for several
	Draft  bool              `json:"-"` // there is one
	Faults faultList         `json:"-"`
}

type graphVersion struct {
	Ref         string          `json:"graph"`
	Version     int             `json:"version"`
	PublishedAt *time.Time      `json:"published_at"`
	Definition  json.RawMessage `json:"definition"`
}

// Newest returns the version that was published last.
func (g ownGraph) Newest() graphVersion { return g.Versions[len(g.Versions)-1] }

// Stands says what the bare name stands for.
func (g ownGraph) Stands() (text string) {
	total := 0
	for _, share := range g.Weights {
		total += share
	}
	for _, one := range g.Versions {
		share := g.Weights[strconv.Itoa(one.Version)]
		switch {
		case share == 0:
			continue
		case share == total:
			return "version " + strconv.Itoa(one.Version)
		case text != "":
			text += ", "
		}
		text += fmt.Sprintf("version %d for %d of %d", one.Version, share, total)
	}
	return text
}

func listGraphs(v *visit) error {
	all, err := loadGraphs(v)
	if err != nil {
		return err
	}
	builtin := len(graphs.Published()) // the app's own stand behind them
	page := graphsPage{Builtin: all[:builtin]}
	for _, name := range namesOf(all[builtin:]) {
		g, err := fetch[ownGraph](v, at("graphs", name, "versions"), nil)
		if err != nil {
			return err
		}
		page.Own = append(page.Own, g)
	}
	if page.Drafts, err = fetch[[]graphDraft](v, at("graph_drafts"), nil); err != nil {
		return err
	}
	return v.show(http.StatusOK, "graphs", "Graphs", page)
}

func showGraph(v *visit) error { return showOwnGraph(v, http.StatusOK, ownGraph{}) }

// showOwnGraph shows a graph of the app's own; typed has what was typed for its bare name where that was refused.
func showOwnGraph(v *visit, status int, typed ownGraph) error {
	name := v.r.PathValue("name")
	g, err := fetch[ownGraph](v, at("graphs", name, "versions"), nil)
	if err != nil {
		return err
	}
	if g.Typed, g.Only, g.Faults = typed.Typed, typed.Only, typed.Faults; g.Faults == nil {
		g.Only, g.Typed = standing(g.Weights)
	}
	if _, err := fetch[graphDraft](v, at("graphs", name, "draft"), nil); err == nil {
		g.Draft = true
	} else if !isMissing(err) {
		return err
	}
	return v.show(status, "graph", name, g)
}

// severalVersions is the choice of the form that shares decide.
const severalVersions = "shares"

// standing returns what the form says of the versions that a bare name stands for.
func standing(weights map[string]int) (only string, typed map[string]string) {
	typed = map[string]string{}
	for version, share := range weights {
		only, typed[version] = version, strconv.Itoa(share)
	}
	if len(weights) > 1 {
		return severalVersions, typed
	}
	return only, nil
}

// setAlias says what the bare name of a graph stands for: one version, or those that have a share.
func setAlias(v *visit) error {
	typed := ownGraph{Only: v.r.PostForm.Get("version"), Typed: map[string]string{}}
	body := map[string]any{"version": number(typed.Only)}
	shares := map[string]any{}
	for i, version := range v.r.PostForm["of"] {
		if share := v.r.PostForm["share"]; i < len(share) && share[i] != "" && share[i] != "0" {
			typed.Typed[version], shares[version] = share[i], number(share[i])
		}
	}
	if typed.Only == severalVersions {
		body = map[string]any{"weights": shares}
	}
	name := v.r.PathValue("name")
	err := v.call(request{method: http.MethodPut, path: at("graphs", name, "alias"), body: body}, nil)
	if faults, is := faultsOf(err); is {
		typed.Faults = faults
		return showOwnGraph(v, http.StatusUnprocessableEntity, typed)
	}
	if err != nil {
		return err
	}
	return v.redirectWithNotice("updated", "graphs", name)
}

func drawGraph(v *visit) error {
	g, err := loadGraph(v, v.r.PathValue("name"))
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
