package mail

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"strings"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/tenant"
)

// About is what a mail is written of. Texts are as people have typed them; Write tidies them.
type About struct {
	App, What, Where, Description string

	Start, End    time.Time
	Place, Reader *time.Location // of the resource or place, and of the receiver; see When

	Owner, Customer string // names
	Message         string // what the other side says
	Amount          int64  // what is to be paid, or was given back, in the currency's minor unit
	Currency        string // empty when it is not about money

	// Links by their purpose. They open pages, which ask before they do something.
	Manage, Confirm, Decline, Pay string
	Unsubscribe                   string // of reminders and follow-ups

	Own *tenant.MailTexts // what the app says in place of the built-in texts; nil for these
}

// Written is a mail as it is read.
type Written struct {
	Language   Language // that it is written in
	Subject    string
	Text, HTML string
	Broken     bool // the app's own texts cannot be written: it has the built-in ones
}

// fact is a line of a mail: what it is about.
type fact struct{ Label, Value string }

// link is a link of a mail. The first one is shown as a button.
type link struct{ Label, URL string }

// content is what both bodies of a mail are made of.
type content struct {
	Language       Language
	Heading        string
	Lead           []string
	Facts          []fact
	Quote, QuoteOf string
	Links          []link
	Closing        []string
	Foot, Leave    string
	LeaveURL       string
}

//go:embed mail.html
var htmlText string

var htmlBody = template.Must(template.New("mail").Parse(htmlText))

// most is how many signs of a message or description are written.
const most = 2000

// Write writes a mail in a language, or in the default one where it lacks the text. The subject of a mail with a calendar entry is the
// title of the booking: some calendars take it over. Texts of the app's own that do not pass CheckTemplate any more are left out.
func Write(m Mail, l Language, a About) (Written, error) {
	of, l, broken := a.wording(m, l)
	c := a.compose(m, l, of)
	var html bytes.Buffer
	if err := htmlBody.Execute(&html, c); err != nil {
		return Written{}, err
	}
	subject := a.fill(of.Subject, l)
	if of.Subject == "" {
		subject = a.title(l)
	}
	subject = cmp.Or(Line(m.Subject), subject)
	return Written{Language: l, Subject: Line(subject), Text: c.plain(), HTML: html.String(), Broken: broken}, nil
}

// wording is what a mail says in a language, or in the default one where it lacks the texts, with the app's own texts. These are left out
// as a whole where they are broken.
func (a About) wording(m Mail, l Language) (of text, in Language, broken bool) {
	of, own := l.lookup(m.Kind, m.To)
	if !own {
		l = Default
	}
	if a.Own == nil {
		return of, l, false
	}
	problems := fault.Problems{}
	CheckTemplate(m.Kind, m.To, *a.Own, problems)
	if len(problems) > 0 {
		return of, l, true
	}
	return of.with(*a.Own), l, false
}

// title is what the booking is called.
func (a About) title(l Language) string { return cmp.Or(Line(a.What), l.label("booking")) }

func (a About) compose(m Mail, l Language, of text) content {
	c := content{Language: l, Heading: a.fill(of.Heading, l), QuoteOf: l.label("message")}
	if !of.namesMessage() {
		c.Quote = Paragraphs(a.Message, most)
	}
	for _, line := range of.Lead {
		c.Lead = append(c.Lead, a.fill(line, l))
	}
	for _, line := range of.closing {
		c.Closing = append(c.Closing, a.fill(line, l))
	}
	with := Name(a.Owner)
	if m.To == Owner {
		with = Name(a.Customer)
	}
	amount := ""
	if a.Currency != "" {
		amount = payment.Text(a.Amount, a.Currency)
	}
	for _, f := range []fact{
		{"what", a.title(l)}, {"when", When(l, a.Start, a.End, a.Place, a.Reader)}, {"where", Line(a.Where)}, {"with", with}, {"amount", amount},
		{"about", Paragraphs(a.Description, most)},
	} {
		if f.Value != "" {
			c.Facts = append(c.Facts, fact{l.label(f.Label), f.Value})
		}
	}
	for _, one := range []link{{"pay", a.Pay}, {"confirm", a.Confirm}, {"decline", a.Decline}, {"manage", a.Manage}} {
		if one.URL != "" {
			c.Links = append(c.Links, link{l.label(one.Label), one.URL})
		}
	}
	if app := Line(a.App); app != "" {
		c.Foot = strings.ReplaceAll(l.label("foot"), "{app}", app)
	}
	if a.Unsubscribe != "" {
		c.Leave, c.LeaveURL = l.label("unsubscribe"), a.Unsubscribe
	}
	return c
}

// fill puts values in the place of a text's variables. What a person has typed is not filled again.
func (a About) fill(text string, l Language) string {
	amount := ""
	if a.Currency != "" {
		amount = payment.Text(a.Amount, a.Currency)
	}
	return strings.NewReplacer(
		"{what}", a.title(l), "{when}", When(l, a.Start, a.End, a.Place, a.Reader), "{customer}", cmp.Or(Name(a.Customer), l.label("customer")),
		"{owner}", cmp.Or(Name(a.Owner), Line(a.App), l.label("owner")), "{app}", cmp.Or(Line(a.App), l.label("owner")), "{amount}", amount,
		"{where}", Line(a.Where), "{message}", Paragraphs(a.Message, most),
	).Replace(text)
}

// plain is the body for those who read no HTML. It is written, not stripped from the other one.
func (c content) plain() string {
	var out strings.Builder
	line := func(parts ...string) { out.WriteString(strings.Join(parts, "") + "\n") }
	line(c.Heading)
	for _, one := range c.Lead {
		line("\n", one)
	}
	line()
	for _, f := range c.Facts {
		line(f.Label, ": ", strings.ReplaceAll(f.Value, "\n", "\n  "))
	}
	if c.Quote != "" {
		line("\n", c.QuoteOf, ":\n> ", strings.ReplaceAll(c.Quote, "\n", "\n> "))
	}
	for _, one := range c.Links {
		line("\n", one.Label, ":\n", one.URL)
	}
	for _, one := range c.Closing {
		line("\n", one)
	}
	if c.Foot != "" {
		line("\n-- \n", c.Foot)
	}
	if c.Leave != "" {
		line("\n", c.Leave, ":\n", c.LeaveURL)
	}
	return out.String()
}
