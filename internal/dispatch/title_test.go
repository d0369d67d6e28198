package dispatch

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"holdfast/internal/booking"
)

var start = time.Date(2026, 12, 7, 10, 0, 0, 0, time.FixedZone("", 3600))

func titled(what string, people ...booking.Customer) string {
	return Title(&booking.Booking{What: what, Start: start, Customers: people, Participants: []string{"guest@example.net"}})
}

func TestTitle(t *testing.T) {
	t.Parallel()
	zadie := booking.Customer{Name: "Zadie Quill", Email: "zadie@example.org", Phone: "+49 170 5550123", Voip: "zq-7"}
	cases := []struct {
		what   string
		person booking.Customer
		want   string
	}{
		{"Haircut", zadie, "Haircut"},
		{"Meeting with Zadie Quill", zadie, "Meeting with …"},
		{"ZADIE × grau", zadie, "… × grau"},
		{"quill, zadie", zadie, "…, …"},
		{"Zadie  Quill <zadie@example.org>", zadie, "…  … <…>"},
		{"call +49 170 5550123 or zq-7", zadie, "call … or …"},
		{"with guest@EXAMPLE.net", zadie, "with …"},
		{"Smith and J. Smith", booking.Customer{Name: "Smith, J."}, "… and … …"},
		{"Ms O'Neil-Ward", booking.Customer{Name: "Ann O'Neil-Ward"}, "Ms …"},
		{"Neil", booking.Customer{Name: "Ann O'Neil"}, "…"},
		{"(zadie)", booking.Customer{Name: "“Zadie”"}, "(…)"},
		{"王小明 来访", booking.Customer{Name: "王小明"}, "… 来访"},
		{"Sch\u212Aopf und ſven", booking.Customer{Name: "schkopf SVEN"}, "… und …"},
		{"\u212A\u212A\u023A\u023A\u023A\u023A Zadie", zadie, "\u212A\u212A\u023A\u023A\u023A\u023A …"},
		{"broken \xff Zadie", zadie, "broken \uFFFD …"},
		{"İPEK, ıpek, ipek", booking.Customer{Name: "İpek"}, "…, …, …"},
		{"a b c", booking.Customer{Name: "a", Email: "b", Phone: " "}, "a b c"},
		{strings.Repeat("x", 81), zadie, strings.Repeat("x", 79) + "…"},
		{strings.Repeat("é", 80), zadie, strings.Repeat("é", 80)},
		{strings.Repeat("x", 70) + " Zadie Quill and more", zadie, strings.Repeat("x", 70) + " … and mo…"},
		{"", zadie, ""},
	}
	for _, c := range cases {
		if got, want := titled(c.what, c.person), c.want+" (2026-12-07 09:00Z)"; got != want {
			t.Errorf("%q: got %q, want %q", c.what, got, want)
		}
	}
}

// TestTitleNamesNobody mixes what names people into a title in any way and case.
func TestTitleNamesNobody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`[A-Za-zéÉßäÄøØçÇ王小明ĸKſsİiΣσς]{1,8}([ ,.'’-]{1,2}[A-Za-zäÄéÉ]{1,8}){0,3}`),
			rapid.StringMatching(`[a-z.]{1,8}@[a-z]{1,8}\.(org|com)`),
			rapid.StringMatching(`[+0]?[0-9 ()/-]{1,16}`),
			rapid.StringN(1, 12, 40).Filter(func(s string) bool { return !strings.Contains(s, "…") }),
		)
		var people []booking.Customer
		pieces := []string{"Meeting with ", " ", "", " & ", "(", ")", "x"}
		for range rapid.IntRange(1, 3).Draw(t, "people") {
			c := booking.Customer{
				Name: text.Draw(t, "name"), Email: text.Draw(t, "email"), Phone: text.Draw(t, "phone"), Voip: text.Draw(t, "voip"),
			}
			people = append(people, c)
			pieces = append(pieces, c.Name, c.Email, c.Phone, c.Voip)
			pieces = append(pieces, strings.Fields(c.Name)...)
		}
		cases := []func(string) string{strings.ToUpper, strings.ToLower, strings.ToTitle, strings.Clone}
		change := rapid.SampledFrom(cases)
		what := ""
		for range rapid.IntRange(0, 10).Draw(t, "pieces") {
			what += change.Draw(t, "case")(rapid.SampledFrom(pieces).Draw(t, "piece"))
		}
		title := titled(what, people...)
		body, ok := strings.CutSuffix(title, " (2026-12-07 09:00Z)")
		if !ok || utf8.RuneCountInString(body) > 80 || utf8.ValidString(what) && !utf8.ValidString(body) {
			t.Fatalf("a title like %q", title)
		}
		for _, c := range people {
			for _, secret := range append(strings.Fields(c.Name), c.Name, c.Email, c.Phone, c.Voip) {
				if letters(secret) < 3 {
					continue
				}
				for _, change := range cases {
					if strings.Contains(change(body), change(secret)) {
						t.Fatalf("%q survives in %q, of %q", secret, title, what)
					}
				}
			}
		}
	})
}

func letters(text string) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
