package message

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"holdfast/internal/mail"
)

// Envelope is what a mail has around its text.
type Envelope struct {
	From, To    Person
	ReplyTo     string // "" for none
	Sender      string // of the envelope, where bounces go; "" for From
	ID          string // of the Message-ID, without angle brackets; the same at each attempt
	Thread      string // of the first mail of the booking; "" for the first one itself
	Date        time.Time
	Unsubscribe string // of reminders and follow-ups: takes a POST that ends them (RFC 8058); "" for none
	Entry       *Entry // nil without a calendar entry
}

// New makes a mail. Invalid addresses are an error that does not have them.
func New(e Envelope, w mail.Written) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if m.FromFormat(e.From.Name, e.From.Address) != nil || m.EnvelopeFrom(cmp.Or(e.Sender, e.From.Address)) != nil {
		return nil, errFrom
	}
	if m.AddToFormat(e.To.Name, e.To.Address) != nil {
		return nil, ErrTo
	}
	if e.ReplyTo != "" && m.ReplyTo(e.ReplyTo) != nil {
		return nil, errReplyTo
	}
	m.Subject(mail.Line(w.Subject))
	m.SetDateWithValue(e.Date)
	m.SetMessageIDWithValue(e.ID)
	if e.Thread != "" {
		m.SetGenHeader(gomail.HeaderInReplyTo, "<"+e.Thread+">")
		m.SetGenHeader(gomail.HeaderReferences, "<"+e.Thread+">")
	}
	m.SetGenHeader("Auto-Submitted", "auto-generated")     // RFC 3834: no program answers it
	m.SetGenHeader("X-Auto-Response-Suppress", "All")      // the same for Exchange
	m.SetGenHeader("Content-Language", string(w.Language)) // RFC 3282
	if e.Unsubscribe != "" && !strings.ContainsAny(e.Unsubscribe, "<>\r\n") {
		m.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+e.Unsubscribe+">")
		m.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	m.SetBodyString(gomail.TypeTextPlain, w.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, w.HTML)
	if e.Entry != nil { // the last alternative is the best one: calendars look for it there
		kind := fmt.Sprintf("text/calendar; method=%s", e.Entry.method())
		m.AddAlternativeString(gomail.ContentType(kind), e.Entry.file())
	}
	return m, nil
}

// Tagged puts a tag behind the name of an address: bounces@example.com and 5 are bounces+5@example.com. No address has none.
func Tagged(address, tag string) string {
	at := strings.LastIndex(address, "@")
	if at < 0 {
		return ""
	}
	return address[:at] + "+" + tag + address[at:]
}

// IDOf is the id of a message of a sender.
func IDOf(id, from string) string { return id + "@" + from[strings.LastIndex(from, "@")+1:] }
