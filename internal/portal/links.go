package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// linksPage is all there is of public links: the links, who may send visitors to them, and the callback for their events.
type linksPage struct {
	Links       []publicLink
	Projects    offered
	Callback    string
	Webhook     string // its id; "" while there is no callback
	Credentials []embedCredential
	Secrets     []clientSecret
	Full        bool // no further secret may be made
	Faults      faultList
}

func listLinks(v *visit) error { return showLinks(v, http.StatusOK, linksPage{}) }

// showLinks shows the page, with what was typed for the callback where that was refused.
func showLinks(v *visit, status int, page linksPage) (err error) {
	if page.Links, err = fetch[[]publicLink](v, at("public_links"), url.Values{"limit": {"1000"}}); err != nil {
		return err
	}
	if page.Credentials, err = fetch[[]embedCredential](v, at("embed_credentials"), nil); err != nil {
		return err
	}
	if page.Secrets, err = fetch[[]clientSecret](v, at("client_secrets"), nil); err != nil {
		return err
	}
	page.Full = len(slices.DeleteFunc(slices.Clone(page.Secrets), clientSecret.Ended)) >= maxSecrets
	if page.Projects, err = loadOffered(v); err != nil {
		return err
	}
	hooks, err := fetch[[]endpoint](v, at("webhooks"), nil)
	if err != nil {
		return err
	}
	for _, e := range hooks {
		if e.Callback && page.Faults == nil {
			page.Callback = e.URL
		}
		if e.Callback {
			page.Webhook = e.ID
		}
	}
	return v.show(status, "links", "Public links", page)
}

// maxSecrets may be good at a time; the API holds to it.
const maxSecrets = 2

func setCallback(v *visit) error {
	page := linksPage{Callback: v.r.PostForm.Get("callback_url")}
	body := map[string]any{"callback_url": page.Callback}
	err := v.call(request{method: http.MethodPut, path: at("embed_callback"), body: body}, nil)
	if faults, is := faultsOf(err); is {
		page.Faults = faults
		return showLinks(v, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return v.redirectWithNotice("updated", "links")
}

// switchLink turns a link on or off.
func switchLink(v *visit) error {
	body := map[string]any{"enabled": v.r.PostForm.Get("enabled") != ""}
	if err := v.call(request{method: http.MethodPut, path: at("public_links", v.id()), body: body}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("updated", "links")
}

func loadPublicLink(v *visit) (publicLink, error) {
	return fetch[publicLink](v, at("public_links", v.id()), nil)
}

func askDeleteLink(v *visit) error {
	l, err := loadPublicLink(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "delete-link", "Delete this link?", l)
}

func deleteLink(v *visit) error {
	if err := v.call(request{method: http.MethodDelete, path: at("public_links", v.id())}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("link_deleted", "links")
}

// madePage shows a secret in its own answer: it is in no other.
type madePage struct {
	Label, Public, Secret, Hint string
}

func createCredential(v *visit) error {
	var made data[embedCredential]
	if err := v.post(at("embed_credentials"), map[string]any{}, &made); err != nil {
		return err
	}
	return showMade(v, http.StatusCreated, "The credential is made", made.Data)
}

func showMade(v *visit, status int, title string, c embedCredential) error {
	return v.show(status, "made", title, madePage{
		Label: "Embed secret", Public: c.PublicKey, Secret: c.Secret,
		Hint: "Your server signs claim tokens with it. It must never reach a browser.",
	})
}

func askRotateCredential(v *visit) error {
	c, err := loadCredential(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "rotate-credential", "A new credential", struct {
		embedCredential
		Graces []choice
	}{c, graces})
}

func rotateCredential(v *visit) error {
	var made data[embedCredential]
	body := map[string]any{"grace_period_seconds": number(v.r.PostForm.Get("grace_period_seconds"))}
	if err := v.post(at("embed_credentials", v.id(), "rotate"), body, &made); err != nil {
		return err
	}
	return showMade(v, http.StatusOK, "The new credential", made.Data)
}

// loadCredential is the one in the address, as long as it is good.
func loadCredential(v *visit) (embedCredential, error) {
	all, err := fetch[[]embedCredential](v, at("embed_credentials"), nil)
	i := slices.IndexFunc(all, func(c embedCredential) bool { return c.ID == v.id() && !c.Ended() })
	if err != nil || i < 0 {
		return embedCredential{}, orMissing(err)
	}
	return all[i], nil
}

func orMissing(err error) error {
	if err == nil {
		return errNoPage
	}
	return err
}

// endPage asks whether something is to be revoked.
type endPage struct {
	Name, What, To string
}

func askEndCredential(v *visit) error {
	c, err := loadCredential(v)
	if err != nil {
		return err
	}
	page := endPage{c.PublicKey, "Claim tokens signed with it are refused from now on.", here("links", "credentials", c.ID, "revoke")}
	return v.show(http.StatusOK, "end", "Revoke this credential?", page)
}

func endCredential(v *visit) error { return endKind(v, "embed_credentials") }

func endKind(v *visit, kind string) error {
	if err := v.call(request{method: http.MethodDelete, path: at(kind, v.id())}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("ended", "links")
}

func createClientSecret(v *visit) error {
	var made data[clientSecret]
	err := v.post(at("client_secrets"), map[string]any{}, &made)
	if faults, is := faultsOf(err); is {
		return showLinks(v, http.StatusConflict, linksPage{Faults: faults})
	}
	if err != nil {
		return err
	}
	return v.show(http.StatusCreated, "made", "The client secret is made", madePage{
		Label: "Client secret", Secret: made.Data.Secret,
		Hint: "Your callback checks notifications with it; as a bearer's credential it makes scheduling requests.",
	})
}

func askEndSecret(v *visit) error {
	all, err := fetch[[]clientSecret](v, at("client_secrets"), nil)
	i := slices.IndexFunc(all, func(c clientSecret) bool { return c.ID == v.id() && !c.Ended() })
	if err != nil || i < 0 {
		return orMissing(err)
	}
	page := endPage{all[i].Hint, "It signs nothing any more, and is no credential.", here("links", "secrets", all[i].ID, "revoke")}
	return v.show(http.StatusOK, "end", "Revoke this client secret?", page)
}

func endSecret(v *visit) error { return endKind(v, "client_secrets") }

// loadProjects are those that a link can be of.
func loadProjects(v *visit) ([]named, error) {
	return fetch[[]named](v, at("projects"), url.Values{"limit": {"1000"}})
}

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
