package webhooks

import (
	"maps"
	"net/http"
	"slices"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/mail"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// templateHandlers answers requests about what an app says in its mails in place of built-in texts.
type templateHandlers struct{ templates *postgres.Templates }

func (h *templateHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/templates", edge.RequireServer, h.listTemplates),
		edge.On(http.MethodGet, "/v2/templates/:slug", edge.RequireServer, h.getTemplate),
		edge.On(http.MethodPut, "/v2/templates/:slug", edge.RequireServer, h.setTemplate),
		edge.On(http.MethodDelete, "/v2/templates/:slug", edge.RequireServer, h.deleteTemplate),
		edge.On(http.MethodPost, "/v2/templates/:slug/preview", edge.RequireServer, h.previewTemplate),
	}
}

type templateInput struct {
	Subject *string `json:"subject"`
	Heading *string `json:"heading"`
	Lead    *string `json:"lead"`
	Closing *string `json:"closing"`
}

// templateAnswers are the names of answers that a body may send back in vain.
var templateAnswers = []string{"slug", "to", "language", "own", "built_in", "variables", "broken", "updated_at"}

// templateSlot reads which mail a request is about: the kind is in the path, its receiver and language are in the query. A kind that goes
// to both is about the customer, unless the query says otherwise, and the language is that of the app.
func templateSlot(k *edge.Call) (of tenant.MailSlot, err error) {
	kind := mail.Kind(k.Param("slug"))
	receivers := mail.Receivers(kind)
	if len(receivers) == 0 {
		return of, fault.Errorf(fault.NotFound, "The template does not exist. GET /v2/templates lists them.")
	}
	problems := fault.Problems{}
	to, language := mail.Role(k.Query("to")), templateLanguage(k, mail.Choose(k.App.Settings.Language), problems)
	if to == "" {
		to = receivers[len(receivers)-1]
	}
	if !slices.Contains(receivers, to) {
		problems.Add("to", "must be one of %v: mails of this kind go to nobody else", receivers)
	}
	return tenant.MailSlot{Kind: string(kind), To: string(to), Language: string(language)}, problems.Err()
}

// templateLanguage reads the language of the query.
func templateLanguage(k *edge.Call, otherwise mail.Language, problems fault.Problems) mail.Language {
	language := mail.Language(k.Query("language"))
	if language == "" {
		return otherwise
	}
	if !slices.Contains(mail.Languages, language) {
		problems.Add("language", "must be one of %v", mail.Languages)
	}
	return language
}

// listTemplates answers with the template of each kind, receiver and language, or of one language.
func (h *templateHandlers) listTemplates(k *edge.Call) error {
	problems := fault.Problems{}
	only := templateLanguage(k, "", problems)
	if err := problems.Err(); err != nil {
		return err
	}
	all, err := h.templates.MailTemplates(k, k.App.ID)
	if err != nil {
		return err
	}
	own := map[tenant.MailSlot]*tenant.MailTemplate{}
	for i := range all {
		own[all[i].MailSlot] = &all[i]
	}
	list := []timekit.Object{}
	for _, kind := range mail.Kinds {
		for _, to := range mail.Receivers(kind) {
			for _, language := range mail.Languages {
				if only == "" || language == only {
					of := tenant.MailSlot{Kind: string(kind), To: string(to), Language: string(language)}
					list = append(list, templateView(k, of, own[of]))
				}
			}
		}
	}
	return k.Answer(http.StatusOK, list)
}

func (h *templateHandlers) getTemplate(k *edge.Call) error {
	of, err := templateSlot(k)
	if err != nil {
		return err
	}
	own, err := h.templates.MailTemplate(k, k.App.ID, of)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, templateView(k, of, own))
}

// readTemplate reads which mail a request is about, and what its texts become. Only what the request changes is checked.
func readTemplate(k *edge.Call) (of tenant.MailSlot, change tenant.MailChange, err error) {
	if of, err = templateSlot(k); err != nil {
		return of, change, err
	}
	var in templateInput
	if err := k.DecodeKnown(&in, templateAnswers...); err != nil {
		return of, change, err
	}
	change = tenant.MailChange(in)
	problems := fault.Problems{}
	mail.CheckTemplate(mail.Kind(of.Kind), mail.Role(of.To), change.Apply(tenant.MailTexts{}), problems)
	return of, change, problems.Err()
}

// setTemplate changes the texts that the body has. An empty one goes back to the built-in text.
func (h *templateHandlers) setTemplate(k *edge.Call) error {
	of, change, err := readTemplate(k)
	if err != nil {
		return err
	}
	own, err := h.templates.SetMailTemplate(k, k.App.ID, of, change)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, templateView(k, of, own))
}

// deleteTemplate goes back to the built-in texts.
func (h *templateHandlers) deleteTemplate(k *edge.Call) error {
	of, err := templateSlot(k)
	if err != nil {
		return err
	}
	if err := h.templates.DeleteMailTemplate(k, k.App.ID, of); err != nil {
		return err
	}
	return k.NoContent()
}

// previewTemplate writes the mail with a made-up booking, and with the texts of the body in place of those on record. It sends nothing.
func (h *templateHandlers) previewTemplate(k *edge.Call) error {
	of, change, err := readTemplate(k)
	if err != nil {
		return err
	}
	own, err := h.templates.MailTemplate(k, k.App.ID, of)
	if err != nil {
		return err
	}
	if own == nil {
		own = &tenant.MailTemplate{}
	}
	texts := change.Apply(own.MailTexts)
	m := mail.Mail{Kind: mail.Kind(of.Kind), To: mail.Role(of.To)}
	about := mail.Sample(m.Kind, m.To, k.App.Name)
	about.Own = &texts
	w, err := mail.Write(m, mail.Language(of.Language), about)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{
		"slug": of.Kind, "to": of.To, "language": w.Language, "subject": w.Subject, "text": w.Text, "html": w.HTML, "broken": w.Broken,
	})
}

// templateView shows the texts of a mail: the app's own, or else the built-in ones.
func templateView(k *edge.Call, of tenant.MailSlot, t *tenant.MailTemplate) timekit.Object {
	kind, to := mail.Kind(of.Kind), mail.Role(of.To)
	builtIn := mail.BuiltIn(kind, to, mail.Language(of.Language))
	view := textViews(builtIn)
	view["slug"], view["to"], view["language"] = of.Kind, of.To, of.Language
	view["built_in"], view["variables"] = textViews(builtIn), mail.Variables(kind)
	view["own"], view["broken"], view["updated_at"] = []string{}, false, nil
	if t == nil {
		return view
	}
	own := textViews(t.MailTexts)
	maps.DeleteFunc(own, func(_ string, text any) bool { return text == "" })
	maps.Copy(view, own)
	problems := fault.Problems{}
	mail.CheckTemplate(kind, to, t.MailTexts, problems)
	view["own"], view["broken"], view["updated_at"] = slices.Sorted(maps.Keys(own)), len(problems) > 0, k.Moment(&t.UpdatedAt)
	return view
}

func textViews(of tenant.MailTexts) timekit.Object {
	return timekit.Object{"subject": of.Subject, "heading": of.Heading, "lead": of.Lead, "closing": of.Closing}
}
