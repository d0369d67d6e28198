package service

import (
	"testing"
	"time"

	"holdfast/graphs"
)

// TestOpenAnywhere: dates of a window are read where they begin first, and where they end last.
func TestOpenAnywhere(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for name, c := range map[string]struct {
		own      *time.Location
		to       string
		from, at time.Time
	}{
		"in UTC":         {time.UTC, "2030-12-25", at("2030-12-23T10:00:00Z"), at("2030-12-25T12:00:00Z")},
		"further west":   {time.FixedZone("", -13*60*60), "2030-12-25", at("2030-12-23T10:00:00Z"), at("2030-12-25T13:00:00Z")},
		"without end":    {time.UTC, "", at("2030-12-23T10:00:00Z"), time.Time{}},
		"with an offset": {time.UTC, "2030-12-25T08:00:00+01:00", at("2030-12-23T10:00:00Z"), at("2030-12-25T07:00:00Z")},
	} {
		o := Offer{Rules: Rules{From: "2030-12-24", To: c.to}}
		if err := o.OpenAnywhere(c.own); err != nil || !o.From.Equal(c.from) || !o.To.Equal(c.at) {
			t.Errorf("%s: from %v to %v, want %v to %v: %v", name, o.From, o.To, c.from, c.at, err)
		}
	}
}

// TestOpen: a page's window begins now at the earliest, and ends so many days ahead or where the rules end, whichever is first.
func TestOpen(t *testing.T) {
	t.Parallel()
	now := time.Now()
	in := func(days int) time.Time { return now.AddDate(0, 0, days) }
	for name, c := range map[string]struct {
		from, to string
		days     int
		want     time.Time
	}{
		"no end":               {"", "", 14, in(14)},
		"far ahead":            {"", in(60).Format(time.RFC3339), 14, in(14)},
		"the rules end before": {"", in(3).Format(time.RFC3339), 14, in(3)},
		"began long ago":       {"2020-01-01", "", 14, in(14)},
		"further than usual":   {"", "", 60, in(60)},
		"as far as rules go":   {"", in(60).Format(time.RFC3339), 0, in(60)},
	} {
		o := Offer{Rules: Rules{From: c.from, To: c.to}, now: now}
		if err := o.Open(time.UTC, 0, c.days); err != nil {
			t.Fatal(err)
		}
		near := func(got, want time.Time) bool { return got.Sub(want).Abs() < time.Hour }
		if !near(o.From, now) || !near(o.To, c.want) || o.Length() != usualLength {
			t.Errorf("%s: from %v to %v, for %v", name, o.From, o.To, o.Length())
		}
	}
}

// TestHeldUntilPaid: what a visitor is promised of a time or a seat from the start.
func TestHeldUntilPaid(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Outlook{
		"instant_payment": {Holds: true, Pays: true}, "group_customer": {Holds: true}, "confirm_decline": {Asks: true}, "instant": {Holds: true},
	} {
		graph, ok := graphs.Named(name, nil)
		if !ok {
			t.Fatal(name)
		}
		got := StartOutlook(graph, nil)
		got.PayTime = 0
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
