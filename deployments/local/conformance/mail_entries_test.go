package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-ical"

	"holdfast/internal/mail"
	"holdfast/internal/mail/message"
)

// entry is what a parser finds in a calendar.
type entry struct {
	Count         int      `json:"count"`
	Method        string   `json:"method"`
	UID           string   `json:"uid"`
	Sequence      int      `json:"sequence"`
	Summary       string   `json:"summary"`
	Location      string   `json:"location"`
	Description   string   `json:"description"`
	Status        string   `json:"status"`
	Start         string   `json:"start"`
	End           string   `json:"end"`
	Organizer     string   `json:"organizer"`
	OrganizerName string   `json:"organizer_name"`
	Attendees     []string `json:"attendees"`
	AttendeeName  string   `json:"attendee_name"`
	Partstat      string   `json:"partstat"`
	Properties    []string `json:"properties"` // names, in any order
}

// hostile are titles and texts that a writer of calendars easily gets wrong.
func hostile() []string {
	all := []string{
		"Haircut", "Cut, wash; and \\ dry", `\n is no line break, \, \; neither`, "one\ntwo\r\nthree\rfour", "BEGIN:VEVENT\r\nX-EVIL:1",
		`"quoted": and; such, ^n ^^ ^'`, "قص الشعر: ساعة واحدة", "\u202eright to left\u202c", "תספורת (שעה)", "  spaces  ", "tab\tand\x00control\x7f",
		"#hash, =3D, % and \u2028 line", strings.Repeat("long ", 2000), strings.Repeat("é", 300), "e\u0301 and 👩🏽‍🚀👨‍👩‍👧‍👦", "mailto:eve@example.com",
	}
	for pad := range 12 { // an emoji of several code points, at each place around the fold at 75 octets
		all = append(all, strings.Repeat("x", 55+pad)+"👩🏽‍🚀 💇, end")
	}
	return all
}

// letter is a mail with a calendar entry, and what is to be found in it.
type letter struct {
	name    string
	subject string // as a mail program shows it
	header  string // method in the header of the part
	text    string // the entry
	want    entry
}

var (
	entryStart = time.Date(2030, 10, 27, 0, 30, 0, 0, time.UTC) // in the night in which clocks go back
	entryEnd   = time.Date(2030, 10, 27, 1, 30, 0, 0, time.UTC)
)

// letters are mails of every kind with an entry, to both receivers, in every language, with every hostile text.
func letters(t *testing.T) (all []letter) {
	t.Helper()
	kinds := map[mail.Kind]mail.Calendar{
		mail.Confirmed: mail.CalendarRequest, mail.Rescheduled: mail.CalendarRequest, mail.Cancelled: mail.CalendarCancel,
	}
	for kind, says := range kinds {
		for _, to := range []mail.Role{mail.Owner, mail.Customer} {
			for i, text := range hostile() {
				m, l := mail.Mail{Kind: kind, To: to, Calendar: says}, mail.Languages[i%len(mail.Languages)]
				all = append(all, newLetter(t, fmt.Sprintf("%s to %s, %.20q", kind, to, text), m, l, text))
			}
		}
	}
	return all
}

func newLetter(t *testing.T, name string, m mail.Mail, l mail.Language, text string) letter {
	t.Helper()
	w, err := mail.Write(m, l, mail.About{App: text, What: text, Where: text, Description: text, Start: entryStart, End: entryEnd, Owner: text, Customer: text})
	if err != nil {
		t.Fatal(err)
	}
	from, to := message.Person{Name: mail.Line(text), Address: "bookings@example.com"}, message.Person{Name: mail.Name(text), Address: "anna@example.org"}
	e := &message.Entry{
		Says: m.Calendar, UID: "01a1fc0b-438f-793f-8b0d-95f17420f3f5@book.example.com", Sequence: 3, Stamp: entryStart.AddDate(0, -1, 0), Start: entryStart, End: entryEnd,
		Summary: w.Subject, Where: mail.Line(text), Text: mail.Paragraphs(text, 2000), Page: "https://book.example.com/rts/a,b;c",
		Organizer: from, Attendee: to, Owner: m.To == mail.Owner,
	}
	made, err := message.New(message.Envelope{From: from, To: to, ID: "d@book.example.com", Date: e.Stamp, Entry: e}, w)
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if _, err := made.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	one := letter{name: name, want: entry{
		Count: 1, Method: "REQUEST", UID: e.UID, Sequence: 3, Summary: w.Subject, Location: e.Where, Status: "CONFIRMED",
		Description: strings.TrimSpace(e.Text + "\n\n" + e.Page), Start: "2030-10-27T00:30:00Z", End: "2030-10-27T01:30:00Z",
		Organizer: "mailto:" + from.Address, OrganizerName: unquoted(from.Name), Attendees: []string{"mailto:" + to.Address}, AttendeeName: unquoted(to.Name),
		Partstat:   "NEEDS-ACTION",
		Properties: []string{"attendee", "description", "dtend", "dtstamp", "dtstart", "location", "organizer", "sequence", "status", "summary", "uid", "url"},
	}}
	if m.Calendar == mail.CalendarCancel {
		one.want.Method, one.want.Status = "CANCEL", "CANCELLED"
	}
	if m.To == mail.Owner {
		one.want.Partstat = "ACCEPTED"
	}
	if e.Where == "" {
		one.want.Properties = slices.DeleteFunc(one.want.Properties, func(name string) bool { return name == "location" })
	}
	one.open(t, raw.Bytes())
	return one
}

// unquoted is a name as a parameter can have it without quotes (RFC 5545, 3.2).
func unquoted(name string) string {
	return strings.TrimSpace(strings.NewReplacer(`"`, "”", "'", "’", ",", "", ";", "", ":", "", `\`, "", "^", "").Replace(name))
}

// open takes the mail apart as a mail program does.
func (l *letter) open(t *testing.T, raw []byte) {
	t.Helper()
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if l.subject, err = (&mime.WordDecoder{}).DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	from, err := netmail.ParseAddress(parsed.Header.Get("From"))
	if err != nil || "mailto:"+from.Address != l.want.Organizer {
		t.Errorf("%s: from %v, %v", l.name, from, err)
	}
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for r := multipart.NewReader(parsed.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		kind, params, faulty := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || faulty != nil {
			t.Fatal(err, faulty)
		}
		if l.text = ""; kind == "text/calendar" { // it has to be the last one
			l.text, l.header = string(body), params["method"]
		}
	}
}

// checkLines checks what a parser that is strict reads: CRLF alone, no line above 75 octets, no sign cut in two.
func (l *letter) checkLines(t *testing.T) {
	t.Helper()
	if !strings.HasSuffix(l.text, "END:VCALENDAR\r\n") {
		t.Errorf("%s: the entry ends with %.40q", l.name, l.text[max(0, len(l.text)-40):])
	}
	for line := range strings.SplitSeq(l.text, "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
			t.Errorf("%s: a line of %d octets: %q", l.name, len(line), line)
		}
	}
	if l.header != l.want.Method || l.subject != l.want.Summary {
		t.Errorf("%s: the header says %s, the subject is %q; want %s, %q", l.name, l.header, l.subject, l.want.Method, l.want.Summary)
	}
}

// differs says what a parser has read otherwise.
func (l *letter) differs(t *testing.T, parser string, got entry) {
	t.Helper()
	slices.Sort(got.Properties)
	a, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(l.want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("%s, by %s:\n got %s\nwant %s", l.name, parser, a, b)
	}
}

// TestCalendarEntriesByAnotherLibrary reads the entries of mails by a Go library that does not write them.
func TestCalendarEntriesByAnotherLibrary(t *testing.T) {
	t.Parallel()
	for _, l := range letters(t) {
		l.checkLines(t)
		calendar, err := ical.NewDecoder(strings.NewReader(l.text)).Decode()
		if err != nil {
			t.Errorf("%s: %v\n%s", l.name, err, l.text)
			continue
		}
		l.differs(t, "go-ical", readByGo(t, calendar))
	}
}

func readByGo(t *testing.T, calendar *ical.Calendar) (got entry) {
	t.Helper()
	text := func(props ical.Props, name string) string {
		value, err := props.Text(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return value
	}
	events := calendar.Events()
	props := events[0].Props
	got = entry{
		Count: len(events), Method: text(calendar.Props, "METHOD"), UID: text(props, "UID"), Summary: text(props, "SUMMARY"),
		Location: text(props, "LOCATION"), Description: text(props, "DESCRIPTION"), Status: text(props, "STATUS"),
		Organizer: props.Get("ORGANIZER").Value, OrganizerName: props.Get("ORGANIZER").Params.Get("CN"),
		AttendeeName: props.Get("ATTENDEE").Params.Get("CN"), Partstat: props.Get("ATTENDEE").Params.Get("PARTSTAT"),
	}
	var err error
	if got.Sequence, err = props.Get("SEQUENCE").Int(); err != nil {
		t.Error(err)
	}
	for name, into := range map[string]*string{"DTSTART": &got.Start, "DTEND": &got.End} {
		at, err := props.DateTime(name, time.UTC)
		if err != nil {
			t.Error(err)
		}
		*into = at.UTC().Format(time.RFC3339)
	}
	for _, one := range props["ATTENDEE"] {
		got.Attendees = append(got.Attendees, one.Value)
	}
	for name, all := range props {
		for range all {
			got.Properties = append(got.Properties, strings.ToLower(name))
		}
	}
	return got
}

// TestCalendarEntriesByIcalJS reads the same entries by ical.js.
func TestCalendarEntriesByIcalJS(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("there is no node on this machine: install nodejs and npm, then run make test")
	}
	if _, err := os.Stat("../e2e/js/node_modules/ical.js"); err != nil {
		t.Fatal("the packages of deployments/local/e2e/js are not installed: run npm ci there")
	}
	if _, err := os.ReadFile("../e2e/js/entries.mjs"); err != nil { // so that Go does not take the last result for a script that has changed
		t.Fatal(err)
	}
	all := letters(t)
	var texts []string
	for _, l := range all {
		texts = append(texts, l.text)
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // a guard against a hang, not a measure
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "entries.mjs")
	var complaints bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stderr = "../e2e/js", bytes.NewReader(input), &complaints
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaints.String())
	}
	var got []entry
	if err := json.Unmarshal(printed, &got); err != nil || len(got) != len(all) {
		t.Fatalf("%d of %d entries, %v", len(got), len(all), err)
	}
	for i := range all {
		all[i].differs(t, "ical.js", got[i])
	}
}
