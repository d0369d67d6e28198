package portal

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// linkForm is the form to make or change a public link.
type linkForm struct {
	ID                string // "" for one that is to be made
	Values            publicLink
	Duration, Horizon string // as they were typed
	Projects          []named
	Faults            faultList
}

// spareQuestions are the empty rows of the form, for those that are to be added; more come with every time it is saved.
const spareQuestions = 3

// Rows are the questions, and rows for more.
func (f linkForm) Rows() []question {
	return append(slices.Clone(f.Values.Questions), make([]question, spareQuestions)...)
}

var questionKinds = []choice{
	{"text", "One line", ""}, {"textarea", "Several lines", ""}, {"tel", "Telephone number", ""}, {"url", "Web address", ""},
	{"checkbox", "Box to tick", ""},
}

func newLink(v *visit) error {
	return showLinkForm(v, http.StatusOK, linkForm{Values: publicLink{Enabled: true}, Horizon: "14"})
}

func editLink(v *visit) error {
	l, err := loadPublicLink(v)
	if err != nil {
		return err
	}
	form := linkForm{ID: l.ID, Values: l, Horizon: strconv.Itoa(l.HorizonDays)}
	if l.Duration != nil {
		form.Duration = strconv.Itoa(*l.Duration)
	}
	return showLinkForm(v, http.StatusOK, form)
}

func showLinkForm(v *visit, status int, form linkForm) (err error) {
	if form.Projects, err = loadProjects(v); err != nil {
		return err
	}
	title := "New public link"
	if form.ID != "" {
		title = "Edit public link"
	}
	return v.show(status, "link-form", title, form)
}

// typedLink is the form as it was sent.
func typedLink(v *visit) linkForm {
	f := v.r.PostForm
	one := func(name string) string { return strings.TrimSpace(f.Get(name)) }
	return linkForm{
		ID: v.id(), Duration: one("duration"), Horizon: one("horizon_days"),
		Values: publicLink{
			ProjectID: one("project_id"), Title: one("title"), Description: f.Get("description"), Questions: typedQuestions(v),
			RequireClaim: f.Get("require_claim_token") != "", Enabled: f.Get("enabled") != "",
		},
	}
}

// typedQuestions reads the rows; an empty one is none.
func typedQuestions(v *visit) []question {
	f := v.r.PostForm
	of := func(name string, row int) string {
		if row < len(f[name]) {
			return strings.TrimSpace(f[name][row])
		}
		return ""
	}
	all := []question{}
	for row := range f["question_label"] {
		q := question{
			Name: of("question_name", row), Label: of("question_label", row), Type: of("question_type", row),
			Required: slices.Contains(f["question_required"], strconv.Itoa(row)),
		}
		if q.Name != "" || q.Label != "" {
			all = append(all, q)
		}
	}
	return all
}

// body is the form as a body for the API.
func (f linkForm) body() map[string]any {
	l := f.Values
	body := map[string]any{
		"project_id": l.ProjectID, "title": l.Title, "description": l.Description, "questions": l.Questions,
		"require_claim_token": l.RequireClaim, "enabled": l.Enabled, "duration": nil, "horizon_days": number(f.Horizon),
	}
	if f.Duration != "" {
		body["duration"] = number(f.Duration)
	}
	return body
}

func createLink(v *visit) error {
	form := typedLink(v)
	if err := v.post(at("public_links"), form.body(), nil); err != nil {
		return linkFormAgain(v, form, err)
	}
	return v.redirectWithNotice("link_made", "links")
}

func updateLink(v *visit) error {
	form := typedLink(v)
	if err := v.call(request{method: http.MethodPut, path: at("public_links", v.id()), body: form.body()}, nil); err != nil {
		return linkFormAgain(v, form, err)
	}
	return v.redirectWithNotice("updated", "links")
}

func linkFormAgain(v *visit, form linkForm, err error) error {
	faults, is := faultsOf(err)
	if !is {
		return err
	}
	form.Faults = faults
	return showLinkForm(v, http.StatusUnprocessableEntity, form)
}
