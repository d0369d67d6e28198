package mail

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/internal/fault"
	"holdfast/internal/tenant"
	"holdfast/internal/zones"
)

// The bounds of one text of a template: its length in characters, and how often it has a variable. With them a mail stays below 100 kB,
// where some mail programs cut it.
const (
	longestSubject = 100
	longestHeading = 200
	longestText    = 4000
	mostVariables  = 10
)

// Receivers returns who gets mails of a kind, the owner first; nil for a kind that there is not.
func Receivers(kind Kind) (all []Role) {
	for _, to := range []Role{Owner, Customer} {
		if _, ok := catalogue[Default].Mails[kind][to]; ok {
			all = append(all, to)
		}
	}
	return all
}

// Variables returns what templates of a kind can name in braces. Amounts are in mails about money alone.
func Variables(kind Kind) []string {
	all := []string{"what", "when", "where", "customer", "owner", "app", "message"}
	if slices.Contains([]Kind{PaymentPending, Refunded, RefundFailed}, kind) {
		all = append(all, "amount")
	}
	return all
}

// BuiltIn returns the built-in texts of a mail; in the default language where its own has none. An empty subject is the title of the
// booking.
func BuiltIn(kind Kind, to Role, l Language) tenant.MailTexts {
	of, _ := l.lookup(kind, to)
	return tenant.MailTexts{Subject: of.Subject, Heading: of.Heading, Lead: strings.Join(of.Lead, "\n\n")}
}

// CheckTemplate adds what is wrong with the texts of a template to the problems, each with the place of what is wrong.
func CheckTemplate(kind Kind, to Role, own tenant.MailTexts, problems fault.Problems) {
	if own.Subject != "" && BuiltIn(kind, to, Default).Subject == "" {
		problems.Add("subject", "must be empty: it is the title of the booking in mails with a calendar entry, since calendars take it over")
	}
	variables := Variables(kind)
	for _, one := range []struct {
		field, text string
		longest     int
		oneLine     bool
	}{
		{"subject", own.Subject, longestSubject, true}, {"heading", own.Heading, longestHeading, true},
		{"lead", own.Lead, longestText, false}, {"closing", own.Closing, longestText, false},
	} {
		allowed := variables
		if one.oneLine {
			allowed = slices.DeleteFunc(slices.Clone(variables), func(name string) bool { return name == "message" })
			if strings.ContainsAny(one.text, "\r\n") {
				problems.Add(one.field, "must be one line")
			}
		}
		if utf8.RuneCountInString(one.text) > one.longest {
			problems.Add(one.field, "must not be longer than %d characters", one.longest)
			continue
		}
		checkBraces(one.field, one.text, allowed, problems)
	}
}

// brace is a variable, or a brace that is none.
var brace = regexp.MustCompile(`\{[a-z_]*\}|\{[^{}\s]{1,40}\}|[{}]`)

// checkBraces checks that every brace of a text belongs to a variable of a list.
func checkBraces(field, text string, allowed []string, problems fault.Problems) {
	found := brace.FindAllStringIndex(text, -1)
	if len(found) > mostVariables {
		problems.Add(field, "must not have more than %d variables", mostVariables)
		return
	}
	messages := 0
	for _, at := range found {
		what, place := text[at[0]:at[1]], utf8.RuneCountInString(text[:at[0]])+1
		name := strings.Trim(what, "{}")
		switch {
		case len(what) == 1:
			problems.Add(field, "has a brace at character %d that belongs to no variable: a variable is written as {what}", place)
		case !slices.Contains(allowed, name):
			problems.Add(field, "has the unknown variable %s at character %d; there are {%s}", what, place, strings.Join(allowed, "}, {"))
		case name == "message":
			messages++
		}
	}
	if messages > 1 {
		problems.Add(field, "must not have {message} more than once")
	}
}

// with returns the built-in text of a mail with what a template has in its place.
func (t text) with(own tenant.MailTexts) text {
	if own.Subject != "" {
		t.Subject = own.Subject
	}
	if own.Heading != "" {
		t.Heading = own.Heading
	}
	if own.Lead != "" {
		t.Lead = paragraphs(own.Lead)
	}
	t.closing = paragraphs(own.Closing)
	return t
}

var emptyLine = regexp.MustCompile(`\n\s*\n`)

// paragraphs are the parts of a text between its empty lines.
func paragraphs(text string) (all []string) {
	for _, one := range emptyLine.Split(Paragraphs(text, 2*longestText), -1) {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// namesMessage reports whether a text has the variable {message}, so that it is not quoted once more.
func (t text) namesMessage() bool {
	return strings.Contains(strings.Join(append(slices.Clone(t.Lead), t.closing...), " "), "{message}")
}

// Sample returns a made-up booking with everything that a mail of a kind can show, for previews.
func Sample(kind Kind, to Role, app string) About {
	place, err := zones.Load("Europe/Paris")
	if err != nil {
		place = time.UTC
	}
	reader, err := zones.Load("America/New_York")
	if err != nil {
		reader = time.UTC
	}
	a := About{
		App: app, What: "Haircut", Where: "12 rue de la Paix, Paris", Description: "Please be there five minutes before.",
		Start: time.Date(2030, time.December, 2, 15, 0, 0, 0, time.UTC), End: time.Date(2030, time.December, 2, 15, 45, 0, 0, time.UTC),
		Place: place, Reader: reader, Owner: "Camille Martin", Customer: "Ada Lovelace", Message: "See you soon!",
	}
	if to == Owner {
		a.Reader = place
	} else {
		a.Manage = "https://example.com/manage"
	}
	if slices.Contains(Variables(kind), "amount") {
		a.Amount, a.Currency = 4500, "EUR"
	}
	if kind == Requested {
		a.Confirm, a.Decline = "https://example.com/confirm", "https://example.com/decline"
	}
	if kind == PaymentPending {
		a.Pay = "https://example.com/pay"
	}
	if kind == Reminder || kind == FollowUp {
		a.Unsubscribe = "https://example.com/unsubscribe"
	}
	return a
}
