package portal

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/graphs/definition"
)

// graphForm is the page where a graph is written.
type graphForm struct {
	Text     string // of the definition
	Name     string // of the draft that has the text; "" where the text is not saved
	Faults   []graphFault
	Refused  faultList // why the text is not saved or not published
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
