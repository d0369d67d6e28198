package portal

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// mailTexts are what a mail says.
type mailTexts struct {
	Subject string `json:"subject"`
	Heading string `json:"heading"`
	Lead    string `json:"lead"`
	Closing string `json:"closing"`
}

// mailView is the template of a mail: the app's own texts, or else the built-in ones.
type mailView struct {
	mailTexts

	Slug      string     `json:"slug"`
	To        string     `json:"to"`
	Language  string     `json:"language"`
	Own       []string   `json:"own"`
	Broken    bool       `json:"broken"`
	Variables []string   `json:"variables"`
	BuiltIn   mailTexts  `json:"built_in"`
	UpdatedAt *time.Time `json:"updated_at"`
}

// Title is what a mail is about.
func (m mailView) Title() string { return phrase(m.Slug) }

// Query names a mail in addresses, beside its kind.
func (m mailView) Query() string { return url.Values{"to": {m.To}, "language": {m.Language}}.Encode() }

// mailLanguages are those that mails are written in.
var mailLanguages = []choice{
	{"en", "English", ""}, {"da", "Danish", ""}, {"de", "German", ""}, {"es", "Spanish", ""}, {"fr", "French", ""},
}

// mailPage is the form of a mail's texts, with what comes of them.
type mailPage struct {
	Mail    mailView
	Values  mailTexts // as they are typed
	Faults  faultList
	Preview *mailPreview // nil where the texts have faults
}

// Language is that of the mail, in words.
func (p mailPage) Language() string {
	i := slices.IndexFunc(mailLanguages, func(one choice) bool { return one.Value == p.Mail.Language })
	if i < 0 {
		return p.Mail.Language
	}
	return mailLanguages[i].Label
}

// mailPreview is a mail about a made-up booking.
type mailPreview struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// mailsPage lists the mails of a language.
type mailsPage struct {
	Mails     []mailView
	Language  string
	Languages []choice
}

// listMails lists the mails of one language: that of the address, or else that of the app.
func listMails(v *visit) error {
	page := mailsPage{Language: v.r.URL.Query().Get("language"), Languages: mailLanguages}
	if page.Language == "" {
		app, err := fetch[struct {
			Settings struct {
				Language string `json:"language"`
			} `json:"settings"`
		}](v, at("app"), nil)
		if err != nil {
			return err
		}
		page.Language = app.Settings.Language
	}
	if !slices.ContainsFunc(mailLanguages, func(one choice) bool { return one.Value == page.Language }) {
		page.Language = mailLanguages[0].Value
	}
	var err error
	page.Mails, err = fetch[[]mailView](v, at("templates"), url.Values{"language": {page.Language}})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "mails", "Mails", page)
}

// mailQuery is which mail the address is about, beside its kind.
func mailQuery(v *visit) url.Values {
	asked := v.r.URL.Query()
	return url.Values{"to": {asked.Get("to")}, "language": {asked.Get("language")}}
}

func loadMail(v *visit) (mailView, error) {
	return fetch[mailView](v, at("templates", v.r.PathValue("name")), mailQuery(v))
}

func askMail(v *visit) error {
	m, err := loadMail(v)
	if err != nil {
		return err
	}
	return showMail(v, http.StatusOK, mailPage{Mail: m, Values: m.mailTexts})
}

// showMail shows the form, with the mail as it will be read. The mail has a style of its own, which the page's policy has to let pass; it
// stands in a frame that can do nothing.
func showMail(v *visit, status int, page mailPage) error {
	if len(page.Faults) == 0 {
		var got data[*mailPreview]
		err := v.call(request{
			method: http.MethodPost, path: at("templates", page.Mail.Slug, "preview"), query: mailQuery(v), body: page.change(),
		}, &got)
		faults, is := faultsOf(err)
		if err != nil && !is {
			return err
		}
		if page.Preview, page.Faults = got.Data, faults; is {
			status = http.StatusUnprocessableEntity
		}
	}
	v.w.Header().Set("Content-Security-Policy", strings.Replace(policy, "style-src 'self'", "style-src 'self' 'unsafe-inline'", 1))
	return v.show(status, "mail", page.Mail.Title(), page)
}

// change is what the form changes. A text that is the built-in one does not become the app's own.
func (p mailPage) change() map[string]string {
	all := map[string]string{"heading": p.Values.Heading, "lead": p.Values.Lead, "closing": p.Values.Closing}
	if p.Mail.BuiltIn.Subject != "" {
		all["subject"] = p.Values.Subject
	}
	built := map[string]string{"subject": p.Mail.BuiltIn.Subject, "heading": p.Mail.BuiltIn.Heading, "lead": p.Mail.BuiltIn.Lead}
	for name := range maps.Keys(built) {
		if text, ok := all[name]; ok && text == built[name] {
			all[name] = ""
		}
	}
	return all
}

// postMail saves the form, or shows it again with the mail as it would be read.
func postMail(v *visit) error {
	m, err := loadMail(v)
	if err != nil {
		return err
	}
	typed := func(name string) string { return strings.ReplaceAll(v.r.PostForm.Get(name), "\r\n", "\n") }
	page := mailPage{Mail: m, Values: mailTexts{typed("subject"), typed("heading"), typed("lead"), typed("closing")}}
	if v.r.PostForm.Get("do") != "save" {
		return showMail(v, http.StatusOK, page)
	}
	err = v.call(request{method: http.MethodPut, path: at("templates", m.Slug), query: mailQuery(v), body: page.change()}, nil)
	if faults, is := faultsOf(err); is {
		page.Faults = faults
		return showMail(v, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return v.redirect(here("mails", m.Slug) + "?" + m.Query() + "&said=mail_saved")
}

// resetMail goes back to the built-in texts.
func resetMail(v *visit) error {
	m, err := loadMail(v)
	if err != nil {
		return err
	}
	if err := v.call(request{method: http.MethodDelete, path: at("templates", m.Slug), query: mailQuery(v)}, nil); err != nil {
		return err
	}
	return v.redirect(here("mails", m.Slug) + "?" + m.Query() + "&said=mail_reset")
}
