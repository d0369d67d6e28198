package portal

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/graphs"
	"holdfast/graphs/definition"
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

// graphForm is the page where a graph is written.
type graphForm struct {
	Text     string // of the definition
	Name     string // of the draft that has the text; "" where the text is not saved
	Faults   []graphFault
	Refused  faultList    // why the text is not saved or not published
	Checked  bool         // the text is looked at while it is typed, and not saved
	Drawing  template.URL // of a text that is checked and has no faults
	Examples []definition.Example
}

// graphDraft is a graph of the app's own that is being written.
type graphDraft struct {
	Name       string          `json:"name"`
	Definition json.RawMessage `json:"definition"`
	Valid      bool            `json:"valid"`
	Faults     []graphFault    `json:"faults"`
	UpdatedAt  *time.Time      `json:"updated_at"`
}

type graphFault struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

func showGraphForm(v *visit, status int, form graphForm) error {
	form.Examples = definition.Examples()
	title := "Write a graph"
	if form.Name != "" {
		title = "Draft of " + form.Name
	}
	return v.show(status, "graph-form", title, form)
}

// newGraph shows the page with a text to begin with: a version of a graph of the app's own, or a worked example.
func newGraph(v *visit) error {
	given, examples := v.r.URL.Query(), definition.Examples()
	if ref := given.Get("graph"); ref != "" {
		g, err := versionOf(v, ref)
		if err != nil {
			return err
		}
		return showGraphForm(v, http.StatusOK, graphForm{Text: withoutVersion(g)})
	}
	i := slices.IndexFunc(examples, func(e definition.Example) bool { return e.Name == given.Get("example") })
	return showGraphForm(v, http.StatusOK, graphForm{Text: string(examples[max(i, 0)].Text)})
}

// versionOf returns a published version of a graph of the app's own.
func versionOf(v *visit, ref string) (graphVersion, error) {
	name, _, _ := strings.Cut(ref, "@")
	g, err := fetch[ownGraph](v, at("graphs", name, "versions"), nil)
	i := slices.IndexFunc(g.Versions, func(one graphVersion) bool { return one.Ref == ref })
	if err != nil || i < 0 {
		return graphVersion{}, orMissing(err)
	}
	return g.Versions[i], nil
}

// withoutVersion is the text of a version, to begin the next one with.
func withoutVersion(g graphVersion) string {
	return strings.Replace(pretty(string(g.Definition)), "\n  \"version\": "+strconv.Itoa(g.Version)+",", "", 1)
}

func showDraft(v *visit) error {
	d, err := fetch[graphDraft](v, at("graphs", v.r.PathValue("name"), "draft"), nil)
	if err != nil {
		return err
	}
	return showGraphForm(v, http.StatusOK, graphForm{Text: pretty(string(d.Definition)), Name: d.Name, Faults: d.Faults})
}

// saveGraph saves what was typed as a draft and shows what is wrong with it, or publishes it. The text stays as it was typed.
func saveGraph(v *visit) error {
	form := graphForm{Text: strings.ReplaceAll(v.r.PostForm.Get("definition"), "\r\n", "\n")}
	var saved data[graphDraft]
	err := v.call(request{method: http.MethodPost, path: at("graphs"), body: verbatim(form.Text)}, &saved)
	if err != nil {
		return graphFormAgain(v, form, err)
	}
	form.Name, form.Faults = saved.Data.Name, saved.Data.Faults
	if v.r.PostForm.Get("do") != "publish" || len(form.Faults) > 0 {
		return showGraphForm(v, http.StatusOK, form)
	}
	if err := v.call(request{method: http.MethodPost, path: at("graphs", form.Name, "publish")}, nil); err != nil {
		return graphFormAgain(v, form, err)
	}
	return v.redirectWithNotice("graph_published", "graphs", form.Name)
}

// checkGraph shows what is wrong with a text while it is typed, or draws it. Nothing is saved; only the script asks for it.
func checkGraph(v *visit) error {
	form := graphForm{Text: v.r.PostForm.Get("definition"), Checked: true}
	g, faults := definition.CheckOwn([]byte(form.Text), graphs.IsBuiltin)
	for _, f := range faults {
		form.Faults = append(form.Faults, graphFault{Path: f.Path, Message: f.Text})
	}
	if g != nil && len(faults) == 0 {
		svg := base64.StdEncoding.EncodeToString([]byte(drawing.SVG(g)))
		form.Drawing = template.URL("data:image/svg+xml;base64," + svg) //nolint:gosec // it is drawn by us, and an image runs nothing
	}
	return showGraphForm(v, http.StatusOK, form)
}

// aboutTexts are the statuses of refusals that are about the text of a definition.
var aboutTexts = []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}

// graphFormAgain shows the page with what the API said against the text.
func graphFormAgain(v *visit, form graphForm, err error) error {
	problem, is := refusalOf(err)
	if !is || !slices.Contains(aboutTexts, problem.Status) {
		return err
	}
	if form.Refused = problem.Fields; len(problem.Fields) == 0 {
		form.Refused = faultList{"form": {problem.Detail}}
	}
	return showGraphForm(v, problem.Status, form)
}

// drawDraft draws a draft that has no faults.
func drawDraft(v *visit) error {
	var checked data[struct {
		SVG string `json:"svg"`
	}]
	err := v.call(request{method: http.MethodPost, path: at("graphs", v.r.PathValue("name"), "validate")}, &checked)
	if err != nil || checked.Data.SVG == "" {
		return orMissing(err)
	}
	return v.svg(checked.Data.SVG)
}

func askDeleteDraft(v *visit) error {
	d, err := fetch[graphDraft](v, at("graphs", v.r.PathValue("name"), "draft"), nil)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "delete-draft", "Delete this draft?", d)
}

func deleteDraft(v *visit) error {
	if err := v.call(request{method: http.MethodDelete, path: at("graphs", v.r.PathValue("name"), "draft")}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("draft_deleted", "graphs")
}
