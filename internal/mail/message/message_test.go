package message

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"holdfast/internal/mail"
)

// part is one of the alternatives of a mail.
type part struct{ kind, disposition, body string }

// read parses a mail as a mail program does.
func read(t *testing.T, e Envelope, w mail.Written) (netmail.Header, []part, []byte) {
	t.Helper()
	m, err := New(e, w)
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s is no multipart/alternative: %v", kind, err)
	}
	var all []part
	for r := multipart.NewReader(parsed.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parsed.Header, all, raw.Bytes()
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
			t.Fatalf("encoded as %s", got)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, part{p.Header.Get("Content-Type"), p.Header.Get("Content-Disposition"), string(body)})
	}
}

func envelope() Envelope {
	return Envelope{
		From: Person{"Salon Süd", "bookings@example.com"}, To: Person{"Anna Ås", "anna@example.org"}, ID: "d2@book.example.com", Thread: "d1@book.example.com",
		Date: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC),
		Entry: &Entry{
			Says: mail.CalendarRequest, UID: "0190@book.example.com", Sequence: 2, Stamp: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC),
			Start: time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC), End: time.Date(2026, 12, 1, 15, 45, 0, 0, time.UTC),
			Summary: "Haircut, long; with 💇🏽‍♀️ " + strings.Repeat("ä", 60), Where: "Marktplatz 1; yard", Text: "Wash first.\nThen cut.",
			Page: "https://book.example.com/rts/abc", Organizer: Person{`Salon "Süd"`, "bookings@example.com"}, Attendee: Person{"Anna Ås", "anna@example.org"},
		},
	}
}

var sample = mail.Written{Language: "de", Subject: "Haircut\r\nBcc: all@example.com", Text: "Gebucht.\n", HTML: "<p>Gebucht.</p>"}

// TestTheMail: bodies in the order of what they can, headers that keep programs from answering, one receiver, one thread.
func TestTheMail(t *testing.T) {
	t.Parallel()
	e := envelope()
	e.Unsubscribe = "https://book.example.com/unsubscribe/xyz"
	header, parts, raw := read(t, e, sample)
	for name, want := range map[string]string{
		"Message-Id": "<d2@book.example.com>", "In-Reply-To": "<d1@book.example.com>", "References": "<d1@book.example.com>",
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Content-Language": "de", "Date": "Mon, 30 Nov 2026 09:00:00 +0000",
		"List-Unsubscribe": "<https://book.example.com/unsubscribe/xyz>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"Precedence": "", "User-Agent": "", "X-Mailer": "", "Bcc": "", "Cc": "",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	subject, err := (&mime.WordDecoder{}).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != "Haircut Bcc: all@example.com" {
		t.Errorf("subject %q, %v", subject, err)
	}
	for i, want := range []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8", "text/calendar; method=REQUEST; charset=UTF-8"} {
		if parts[i].kind != want || parts[i].disposition != "" {
			t.Errorf("part %d: got %q, %q, want %q", i, parts[i].kind, parts[i].disposition, want)
		}
	}
	if strings.TrimSpace(parts[0].body) != "Gebucht." || strings.TrimSpace(parts[1].body) != "<p>Gebucht.</p>" {
		t.Errorf("bodies %q and %q", parts[0].body, parts[1].body)
	}
	if bytes.Contains(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\n")) || len(raw) > 100_000 {
		t.Error("a line does not end with CRLF, or the mail is too large")
	}
	plain := envelope()
	plain.Entry, plain.Thread = nil, ""
	header, parts, _ = read(t, plain, sample)
	if len(parts) != 2 || header.Get("In-Reply-To")+header.Get("List-Unsubscribe") != "" {
		t.Errorf("%d parts, headers %v", len(parts), header)
	}
}

// TestTheEntry: what calendars need to put the entry in its place, to change it, and to remove it.
func TestTheEntry(t *testing.T) {
	t.Parallel()
	e := envelope()
	_, parts, _ := read(t, e, sample)
	text := parts[2].body
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
	unfolded := strings.ReplaceAll(text, "\r\n ", "")
	for _, want := range []string{
		"METHOD:REQUEST\r\n", "UID:0190@book.example.com\r\n", "SEQUENCE:2\r\n", "DTSTAMP:20261130T090000Z\r\n", "DTSTART:20261201T150000Z\r\n",
		"DTEND:20261201T154500Z\r\n", "STATUS:CONFIRMED\r\n", `LOCATION:Marktplatz 1\; yard`, `DESCRIPTION:Wash first.\nThen cut.\n\nhttps://book.example.com/rts/abc`,
		`SUMMARY:Haircut\, long\; with 💇🏽‍♀️ `, "SCHEDULE-AGENT=CLIENT", ":mailto:bookings@example.com\r\n", ":mailto:anna@example.org\r\n",
		"PARTSTAT=NEEDS-ACTION", "RSVP=false",
	} {
		if !strings.Contains(strings.ReplaceAll(unfolded, "RSVP=FALSE", "RSVP=false"), want) {
			t.Errorf("%q is not in\n%s", want, unfolded)
		}
	}
	if strings.Index(unfolded, "METHOD:") > strings.Index(unfolded, "BEGIN:VEVENT") || strings.Count(unfolded, "ATTENDEE") != 1 {
		t.Errorf("METHOD stands behind the entry, or there is not one attendee:\n%s", unfolded)
	}
	parsed, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil || len(parsed.Events()) != 1 {
		t.Fatalf("not one entry: %v", err)
	}
	if got := parsed.Events()[0].GetProperty(ics.ComponentPropertySummary).Value; got != e.Entry.Summary {
		t.Errorf("summary %q", got)
	}
	e.Entry.Says, e.Entry.Owner = mail.CalendarCancel, true
	_, parts, _ = read(t, e, sample)
	for _, want := range []string{"METHOD:CANCEL\r\n", "STATUS:CANCELLED\r\n", "PARTSTAT=ACCEPTED"} {
		if !strings.Contains(strings.ReplaceAll(parts[2].body, "\r\n ", ""), want) {
			t.Errorf("%q is not in\n%s", want, parts[2].body)
		}
	}
	if parts[2].kind != "text/calendar; method=CANCEL; charset=UTF-8" {
		t.Errorf("the part is %s", parts[2].kind)
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

// TestEntriesOfMails writes the entry of every mail that has one, as a calendar reads it.
func TestEntriesOfMails(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, m := range []mail.Mail{
		{Kind: mail.Confirmed, Calendar: mail.CalendarRequest}, {Kind: mail.Rescheduled, Calendar: mail.CalendarRequest},
		{Kind: mail.Cancelled, Calendar: mail.CalendarCancel},
	} {
		for _, m.To = range []mail.Role{mail.Owner, mail.Customer} {
			e := envelope()
			w, err := mail.Write(m, mail.Default, mail.About{What: e.Entry.Summary, Start: e.Entry.Start, End: e.Entry.End})
			if err != nil {
				t.Fatal(err)
			}
			e.Entry.Says, e.Entry.Owner, e.Entry.Summary = m.Calendar, m.To == mail.Owner, w.Subject
			_, parts, _ := read(t, e, w)
			fmt.Fprintf(&out, "=== %s to %s\n%s\n%s\n", m.Kind, m.To, parts[2].kind, strings.ReplaceAll(parts[2].body, "\r\n", "\n"))
		}
	}
	file := filepath.Join("testdata", "entries.txt")
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || out.String() != string(want) {
		t.Errorf("%v: run with -update if this is right\n%s", err, out.String())
	}
}

// TestNamesInEntries: what a parameter cannot have is left out of names, so that the address behind it stays what it is.
func TestNamesInEntries(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Müller, Anna": "CN=Müller Anna;", "Salon: Süd; x": "CN=Salon Süd x;", `Ada "Al" O'Neil`: "CN=Ada ”Al” O’Neil;", `a\,^n`: "CN=an;", ":": "ORGANIZER;SCHEDULE-AGENT",
	} {
		e := envelope()
		e.Entry.Organizer.Name = name
		_, parts, _ := read(t, e, sample)
		if text := strings.ReplaceAll(parts[2].body, "\r\n ", ""); !strings.Contains(text, want) || !strings.Contains(text, "SCHEDULE-AGENT=CLIENT:mailto:bookings@example.com\r\n") {
			t.Errorf("%q: no %q in\n%s", name, want, text)
		}
	}
}

// TestAddresses: one that is none makes no mail, and its error does not have it.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "anna", "anna@example.org\r\nRCPT TO:<all@example.com>", "a@b, c@d"} {
		e := envelope()
		e.To.Address = address
		if _, err := New(e, sample); !errors.Is(err, ErrTo) || address != "" && strings.Contains(err.Error(), address) {
			t.Errorf("to %q: %v", address, err)
		}
		e = envelope()
		e.From.Address = address
		if _, err := New(e, sample); !errors.Is(err, errFrom) {
			t.Errorf("from %q: %v", address, err)
		}
		e = envelope()
		e.ReplyTo = address
		if _, err := New(e, sample); address != "" && !errors.Is(err, errReplyTo) {
			t.Errorf("answers to %q: %v", address, err)
		}
	}
	e := envelope()
	e.To.Address = "søren@bücher.example"
	if _, err := New(e, sample); err != nil {
		t.Errorf("an address with other letters than those of ASCII: %v", err)
	}
}
