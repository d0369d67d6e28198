package mail

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/tenant"
)

// gsm are the signs of GSM 03.38. Those of the second list take two places.
const (
	gsm     = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmLong = "^{}\\[~]|€"
)

// parts is how many messages a text is sent as.
func parts(text string) int {
	length, one, more := 0, 160, 153
	for _, sign := range text {
		switch {
		case strings.ContainsRune(gsm, sign):
			length++
		case strings.ContainsRune(gsmLong, sign):
			length += 2
		default:
			length, one, more = len([]rune(text)), 70, 67
		}
		if one == 70 {
			break
		}
	}
	if length <= one {
		return 1
	}
	return (length + more - 1) / more
}

// TestTextMessages freezes what customers read, in every language, and holds it to two parts; without a link to one, where the language
// needs no other signs than those of GSM.
func TestTextMessages(t *testing.T) {
	t.Parallel()
	place, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	a := About{
		App: "Barber & Co", What: "Haircut and beard", Owner: "Dr. Grau", Customer: "Marty McFly", Place: place, Amount: 4550, Currency: "EUR",
		Start: time.Date(2030, 9, 25, 7, 0, 0, 0, time.UTC), End: time.Date(2030, 9, 25, 8, 0, 0, 0, time.UTC),
	}
	var out strings.Builder
	for _, l := range Languages {
		for _, kind := range Kinds {
			if _, ok := catalogue[Default].Mails[kind][Customer]; !ok {
				continue
			}
			text := Short(Mail{Kind: kind, To: Customer}, l, a)
			fmt.Fprintf(&out, "%s %s (%d)\n%s\n", l, kind, parts(text), text)
			if n := parts(text); n > 2 {
				t.Errorf("%s %s takes %d parts: %s", l, kind, n, text)
			}
		}
	}
	golden(t, "short.txt", out.String())
}

// TestHostileTextMessages: what people have typed neither makes a message long nor has it say something else, and an own heading stands in
// place of the built-in one unless it is broken.
func TestHostileTextMessages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Haircut ", 100)
	a := About{
		App: long, What: "a\r\nb\u202e " + long, Owner: "https://evil.example/x", Customer: "www.evil.example",
		Start: time.Date(2030, 12, 1, 10, 0, 0, 0, time.UTC), Reader: time.FixedZone("", 3600*5), Manage: "https://book.example.com/rts/abc",
	}
	text := Short(Mail{Kind: Confirmed, To: Customer}, Default, a)
	if strings.ContainsAny(text, "\r\n\u202e…–") || strings.Contains(text, "evil") || len(text) > 255 || !strings.HasSuffix(text, " https://book.example.com/rts/abc") {
		t.Errorf("%d: %q", len(text), text)
	}
	a = About{App: "Salon", What: "Haircut", Start: a.Start, Own: &tenant.MailTexts{Heading: "Until soon, {customer}!"}, Customer: "Marty"}
	if got, want := Short(Mail{Kind: Confirmed, To: Customer}, Default, a), "Salon: Until soon, Marty! Haircut, Sunday, 1 December 2030, 10:00 UTC."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	a.Own.Heading = "{nothing}"
	if got := Short(Mail{Kind: Confirmed, To: Customer}, Default, a); !strings.HasPrefix(got, "Salon: You are booked. ") {
		t.Errorf("a broken heading: %q", got)
	}
}

// TestMoments: a text message has the start by the clocks of the place and, where they show something else, by the reader's.
func TestMoments(t *testing.T) {
	t.Parallel()
	load := func(name string) *time.Location {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return zone
	}
	start := time.Date(2030, 12, 1, 22, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		place, reader *time.Location
		want          string
	}{
		{nil, nil, "Sunday, 1 December 2030, 22:00 UTC"},
		{load("Europe/Berlin"), nil, "Sunday, 1 December 2030, 23:00 CET"},
		{load("Europe/Berlin"), load("Europe/Paris"), "Sunday, 1 December 2030, 23:00 CET"},
		{nil, load("Europe/Paris"), "Sunday, 1 December 2030, 23:00 CET"},
		{load("Europe/Berlin"), load("Europe/London"), "Sunday, 1 December 2030, 23:00 CET (22:00 GMT)"},
		{load("Europe/Berlin"), load("Asia/Tokyo"), "Sunday, 1 December 2030, 23:00 CET (Monday, 2 December 2030, 07:00 JST)"},
	} {
		if got := moment(Default, start, c.place, c.reader); got != c.want {
			t.Errorf("%v, %v: got %q, want %q", c.place, c.reader, got, c.want)
		}
	}
}
