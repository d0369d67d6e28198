package mail

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	lines, wanted := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(lines), len(wanted)) {
		a, b := at(lines, i), at(wanted, i)
		if a != b {
			t.Fatalf("%s, line %d:\n got %s\nwant %s\n(run with -update if it is right)", name, i+1, a, b)
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// TestMailsOfEveryTransition lists for each transition of each built-in graph which mails it makes.
func TestMailsOfEveryTransition(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, g := range graphs.Published() {
		fmt.Fprintf(&out, "%s@%d\n", g.Name, g.Version)
		b := &booking.Booking{Graph: g.Name, GraphVersion: g.Version, Customers: []booking.Customer{{ID: uuid.New()}}}
		for i := range g.States {
			from := &g.States[i]
			for _, a := range from.Actions {
				e := &outbox.Event{Type: outbox.EventType(a.To), From: from.Name, State: a.To, Action: a.Name}
				fmt.Fprintf(&out, "  %s %s %s: %s\n", from.Name, a.Name, a.To, inWords(Of(e, b)))
			}
		}
	}
	golden(t, "transitions.txt", out.String())
}

func inWords(all []Mail) string {
	var words []string
	for _, m := range all {
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s to %s %s", m.Kind, m.To, cmp.Or(string(m.Calendar), ""))))
	}
	return cmp.Or(strings.Join(words, ", "), "nothing")
}

// TestEachCustomerHasAMailOfTheirOwn: no mail has two receivers, so none shows other guests.
func TestEachCustomerHasAMailOfTheirOwn(t *testing.T) {
	t.Parallel()
	b := &booking.Booking{Graph: "instant", GraphVersion: 1, Customers: []booking.Customer{{ID: uuid.New()}, {ID: uuid.New()}}}
	e := &outbox.Event{Type: "booking.confirmed", From: "initialized", State: "confirmed", Action: "confirm"}
	got := Of(e, b)
	if len(got) != 3 || got[0].To != Owner || got[1].Customer != b.Customers[0].ID || got[2].Customer != b.Customers[1].ID {
		t.Errorf("got %v", got)
	}
	e.Test = true
	if got := Of(e, b); got != nil {
		t.Errorf("a made-up event makes %v", got)
	}
}

// TestMailsOfOtherEvents: money, moves and notices.
func TestMailsOfOtherEvents(t *testing.T) {
	t.Parallel()
	old := uuid.New()
	b := &booking.Booking{Graph: "instant", GraphVersion: 1, Customers: []booking.Customer{{ID: uuid.New()}}}
	moved := &booking.Booking{Graph: "instant", GraphVersion: 1, Customers: b.Customers, Related: booking.Related{RescheduledFrom: &old}}
	for _, one := range []struct {
		event outbox.Event
		of    *booking.Booking
		want  string
	}{
		{outbox.Event{Type: outbox.PaymentOpenEvent}, b, "payment_pending to customer"},
		{outbox.Event{Type: outbox.PaymentCapturedEvent}, b, "nothing"},
		{outbox.Event{Type: outbox.RefundSucceededEvent}, b, "refunded to customer"},
		{outbox.Event{Type: outbox.RefundFailedEvent}, b, "refund_failed to owner"},
		{outbox.Event{Type: "booking.approval_due"}, b, "booking_requested to owner"},
		{outbox.Event{Type: outbox.UndoneEvent, From: "no_show", State: "confirmed", Action: "undo"}, b, "nothing"},
		{outbox.Event{Type: outbox.EndpointFailingEvent}, nil, "nothing"},
		{
			outbox.Event{Type: "booking.confirmed", From: "initialized", State: "confirmed", Action: "confirm"}, moved,
			"booking_rescheduled to owner request, booking_rescheduled to customer request",
		},
	} {
		if got := inWords(Of(&one.event, one.of)); got != one.want {
			t.Errorf("%s: got %s, want %s", one.event.Type, got, one.want)
		}
	}
}

var variable = regexp.MustCompile(`\{(\w*)\}`)

// TestEveryLanguageIsWhole: each has every text and word of the others, with the same variables.
func TestEveryLanguageIsWhole(t *testing.T) {
	t.Parallel()
	allowed := []string{"what", "when", "customer", "owner", "app", "amount"}
	base := catalogue[Default]
	for _, l := range Languages {
		of := catalogue[l]
		if len(of.Months) != 12 || len(of.Weekdays) != 7 {
			t.Errorf("%s: %d months, %d weekdays", l, len(of.Months), len(of.Weekdays))
		}
		if got, want := slices.Sorted(maps.Keys(of.Labels)), slices.Sorted(maps.Keys(base.Labels)); !slices.Equal(got, want) {
			t.Errorf("%s: labels %v, want %v", l, got, want)
		}
		for _, kind := range Kinds {
			if len(base.Mails[kind]) == 0 || len(of.Mails[kind]) != len(base.Mails[kind]) {
				t.Errorf("%s: %s is for %d, want as many as in %s", l, kind, len(of.Mails[kind]), Default)
			}
			for to, one := range base.Mails[kind] {
				own := of.Mails[kind][to]
				all := own.Subject + own.Heading + strings.Join(own.Lead, "")
				if own.Heading == "" || len(own.Lead) == 0 || (own.Subject == "") != (one.Subject == "") {
					t.Errorf("%s: %s to %s is not whole", l, kind, to)
				}
				for _, v := range variable.FindAllStringSubmatch(all, -1) {
					if !slices.Contains(allowed, v[1]) {
						t.Errorf("%s: %s to %s has the unknown variable %s", l, kind, to, v[0])
					}
				}
			}
		}
	}
}

// TestMailsAsTheyAreRead writes every mail in every language.
func TestMailsAsTheyAreRead(t *testing.T) {
	t.Parallel()
	for _, l := range Languages {
		var out strings.Builder
		for _, kind := range Kinds {
			for _, to := range []Role{Owner, Customer} {
				if _, ok := l.lookup(kind, to); !ok {
					continue
				}
				w := written(t, Mail{Kind: kind, To: to}, l, sample(to))
				if strings.Contains(variable.ReplaceAllString(w.Text, "{}"), "{}") {
					t.Errorf("%s: %s to %s has a variable left:\n%s", l, kind, to, w.Text)
				}
				if len(w.HTML) > 20_000 {
					t.Errorf("%s to %s has %d bytes of HTML", kind, to, len(w.HTML))
				}
				fmt.Fprintf(&out, "=== %s to %s\nSubject: %s\n\n%s\n", kind, to, w.Subject, w.Text)
			}
		}
		golden(t, "mails_"+string(l)+".txt", out.String())
	}
	golden(t, "mail.html", written(t, Mail{Kind: Requested, To: Owner}, Default, sample(Owner)).HTML)
}

// TestPagesOfMails writes the other body of every mail: what stands between the head, which is one, and the end.
func TestPagesOfMails(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, kind := range Kinds {
		for _, to := range Receivers(kind) {
			html := written(t, Mail{Kind: kind, To: to}, Default, sample(to)).HTML
			_, body, _ := strings.Cut(html, "<body")
			fmt.Fprintf(&out, "=== %s to %s\n<body%s\n", kind, to, body)
			for _, outside := range []string{"<img", "<link", "<script", "url(", "@import", "@font-face", "background=", "src="} {
				if strings.Contains(html, outside) {
					t.Errorf("%s to %s has %s", kind, to, outside)
				}
			}
		}
	}
	golden(t, "pages_en.txt", out.String())
}

// TestZonesAgree: with a customer in Los Angeles and a place in Paris, all mails of a booking name the same time in the same words.
func TestZonesAgree(t *testing.T) {
	t.Parallel()
	const want = "\nWhen: Tuesday, 1 December 2026, 16:00–16:45 CET (Europe/Paris), 07:00–07:45 PST your time (America/Los_Angeles)\n"
	for _, kind := range []Kind{Received, Confirmed, Rescheduled, Reminder, Cancelled, Declined, PaymentPending} {
		a := sample(Customer)
		a.Own = &tenant.MailTexts{Lead: "[{when}]"}
		w := written(t, Mail{Kind: kind, To: Customer}, Default, a)
		if !strings.Contains(w.Text, want) || !strings.Contains(w.Text, "["+strings.TrimPrefix(strings.TrimSpace(want), "When: ")+"]") {
			t.Errorf("%s:\n%s", kind, w.Text)
		}
	}
}

// TestMissingTextsAreEnglish: a mail whose language lacks it is written in English, and says so.
func TestMissingTextsAreEnglish(t *testing.T) {
	t.Parallel()
	if w := written(t, Mail{Kind: Confirmed, To: Customer}, "pt", sample(Customer)); w.Language != Default || !strings.Contains(w.Text, "You are booked") {
		t.Errorf("in %s:\n%s", w.Language, w.Text)
	}
}

func written(t *testing.T, m Mail, l Language, a About) Written {
	t.Helper()
	w, err := Write(m, l, a)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// sample is a booking with everything that a mail can show.
func sample(to Role) About {
	a := About{
		App: "Salon Süd", What: "Haircut", Where: "Marktplatz 1", Description: "Wash first.\nThen cut.",
		Start: time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC), End: time.Date(2026, 12, 1, 15, 45, 0, 0, time.UTC),
		Place: zone("Europe/Paris"), Reader: zone("America/Los_Angeles"), Owner: "Greta", Customer: "Anna Ås", Message: "See you!",
		Amount: 4500, Currency: "EUR", Manage: "https://book.example.com/rts/abc",
	}
	if to == Owner {
		a.Reader = a.Place
		a.Confirm, a.Decline = "https://book.example.com/c", "https://book.example.com/d"
	}
	return a
}

func zone(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return l
}

// TestWhen: the zone of the place, the reader's own where it differs, and clocks that are changed.
func TestWhen(t *testing.T) {
	t.Parallel()
	berlin, paris, angeles, kathmandu := zone("Europe/Berlin"), zone("Europe/Paris"), zone("America/Los_Angeles"), zone("Asia/Kathmandu")
	moment := func(text string) time.Time {
		m, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, one := range []struct {
		start, end    string
		place, reader *time.Location
		want          string
	}{
		{"2026-12-01T15:00:00Z", "2026-12-01T15:45:00Z", paris, nil, "Tuesday, 1 December 2026, 16:00–16:45 CET (Europe/Paris)"},
		{"2026-12-01T15:00:00Z", "2026-12-01T15:45:00Z", paris, berlin, "Tuesday, 1 December 2026, 16:00–16:45 CET (Europe/Paris)"},
		{
			"2026-12-01T15:00:00Z", "2026-12-01T15:45:00Z", paris, angeles,
			"Tuesday, 1 December 2026, 16:00–16:45 CET (Europe/Paris), 07:00–07:45 PST your time (America/Los_Angeles)",
		},
		{
			"2026-12-01T05:00:00Z", "2026-12-01T05:45:00Z", paris, angeles,
			"Tuesday, 1 December 2026, 06:00–06:45 CET (Europe/Paris), Monday, 30 November 2026, 21:00–21:45 PST your time (America/Los_Angeles)",
		},
		{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", berlin, nil, "Sunday, 25 October 2026, 02:30 CEST – 02:30 CET (Europe/Berlin)"},
		{"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", berlin, nil, "Sunday, 29 March 2026, 01:30 CET – 03:30 CEST (Europe/Berlin)"},
		{
			"2026-06-01T21:30:00Z", "2026-06-02T00:30:00Z", berlin, nil,
			"Monday, 1 June 2026, 23:30 CEST – Tuesday, 2 June 2026, 02:30 CEST (Europe/Berlin)",
		},
		{"2026-06-01T12:00:00Z", "2026-06-01T13:00:00Z", kathmandu, nil, "Monday, 1 June 2026, 17:45–18:45 UTC+05:45 (Asia/Kathmandu)"},
		{"2026-06-01T12:00:00Z", "2026-06-01T13:00:00Z", nil, angeles, "Monday, 1 June 2026, 05:00–06:00 PDT (America/Los_Angeles)"},
		{"2026-06-01T12:00:00Z", "2026-06-01T13:00:00Z", nil, nil, "Monday, 1 June 2026, 12:00–13:00 UTC (UTC)"},
	} {
		if got := When(Default, moment(one.start), moment(one.end), one.place, one.reader); got != one.want {
			t.Errorf("\n got %s\nwant %s", got, one.want)
		}
	}
}

// TestChoose: the customer's language, then the page's, and one that there is.
func TestChoose(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		tags []string
		want Language
	}{
		{nil, "en"},
		{[]string{"", "de-CH"}, "de"},
		{[]string{"pt", "fr-CA,fr;q=0.9"}, "fr"},
		{[]string{"pt, es;q=0.4, da;q=0.7"}, "da"},
		{[]string{"de;q=0, en"}, "en"},
		{[]string{"DE_de, xx"}, "en"},
		{[]string{"de;q=broken"}, "en"},
	} {
		if got := Choose(one.tags...); got != one.want {
			t.Errorf("%q: got %s, want %s", one.tags, got, one.want)
		}
	}
}

// TestHostileNames: what people type ends no line, hides nothing, is bounded, and leads nowhere.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Anna\r\nBcc: all":              "Anna Bcc: all",
		"anna@example.com":              "",
		"Win at http://evil.example":    "",
		"www.evil.example":              "",
		"evil.example/win":              "",
		"Visit evil.com now":            "",
		"Dr. Müller-Lüdenscheidt, M.A.": "Dr. Müller-Lüdenscheidt, M.A.",
		"J. R. R. Tolkien":              "J. R. R. Tolkien",
		"Zoë \u202eecilA":               "Zoë ecilA",
		"a\x00b\u200bc":                 "abc",
		"أحمد":                          "أحمد",
		strings.Repeat("é", 10_000):     strings.Repeat("é", 99) + "…",
		"  ":                            "",
	} {
		if got := Name(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	a := sample(Owner)
	a.Customer, a.What = "<b>http://evil.example</b>", "{customer} <script>\r\nX: y"
	w := written(t, Mail{Kind: Confirmed, To: Owner}, Default, a)
	if w.Subject != "{customer} <script> X: y" || strings.Contains(w.HTML, "<script>") || strings.Contains(w.Text+w.HTML, "evil") {
		t.Errorf("subject %q\n%s\n%s", w.Subject, w.Text, w.HTML)
	}
	if !strings.Contains(w.Text, "the customer has booked") {
		t.Errorf("a name that is left out has no word in its place:\n%s", w.Text)
	}
}
