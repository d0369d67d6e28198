package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

func TestPeriods(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, start string
		unit        policy.Unit
		first, next string
	}{
		{"Europe/Berlin", "2026-12-31T23:30:00+01:00", policy.Day, "2026-12-31", "2027-01-01"},
		{"Europe/Berlin", "2026-12-31T23:30:00Z", policy.Day, "2027-01-01", "2027-01-02"},
		{"UTC", "2027-01-01T00:00:00Z", policy.Week, "2026-12-28", "2027-01-04"}, // a Friday in week 53
		{"UTC", "2026-11-29T23:59:59Z", policy.Week, "2026-11-23", "2026-11-30"}, // a Sunday
		{"UTC", "2026-11-30T00:00:00Z", policy.Week, "2026-11-30", "2026-12-07"}, // a Monday
		{"UTC", "2024-02-29T10:00:00Z", policy.Month, "2024-02-01", "2024-03-01"},
		{"Pacific/Auckland", "2026-12-31T11:00:00Z", policy.Year, "2027-01-01", "2028-01-01"},
		{"Pacific/Honolulu", "2027-01-01T09:59:59Z", policy.Year, "2026-01-01", "2027-01-01"},
	} {
		first, next := c.unit.Period(at(t, c.start), zone(t, c.zone))
		if got := first.Format(time.DateOnly) + " " + next.Format(time.DateOnly); got != c.first+" "+c.next {
			t.Errorf("%s of %s in %s: %s", c.unit, c.start, c.zone, got)
		}
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	p := read(t, `{"limits":[{"per":"resource","unit":"day","max":8},{"per":"customer","unit":"week","max":2},{"per":"project","unit":"month","max":5},
		{"per":"app","unit":"year","max":600,"count":"minutes"},{"per":"app","unit":"year","max":900,"count":"minutes"}]}`)
	of := policy.Subjects{Resources: []string{"r"}, Project: "p", Customers: []string{"b", "a"}}
	start := at(t, "2026-12-31T23:30:00Z")
	got := []string{}
	for _, b := range p.Buckets(of, start, start.Add(90*time.Minute+time.Second), time.UTC) {
		got = append(got, fmt.Sprint(b.Name, " ", b.First.Format(time.DateOnly), " ", b.Amount, "/", b.Limit.Max, " until ", b.Ends.Format(time.DateOnly)))
	}
	want := []string{
		"|app||year|minutes 2026-01-01 91/600 until 2027-01-01", "|customer|a|week|bookings 2026-12-28 1/2 until 2027-01-04",
		"|customer|b|week|bookings 2026-12-28 1/2 until 2027-01-04", "|project|p|month|bookings 2026-12-01 1/5 until 2027-01-01",
		"|resource|r|day|bookings 2026-12-31 1/8 until 2027-01-01",
	}
	if !slices.Equal(got, want) {
		t.Errorf("buckets\n%v\nwant\n%v", got, want)
	}
	if n := len(p.Buckets(policy.Subjects{}, start, start.Add(time.Hour), time.UTC)); n != 1 {
		t.Errorf("%d buckets of nobody, not that of the app", n)
	}
	if got := (policy.Policy{}).Buckets(of, start, start, time.UTC); got != nil {
		t.Errorf("without limits: %v", got)
	}
	b := p.Buckets(of, start, start.Add(time.Hour), time.UTC)[1]
	if b.Full(1) != nil {
		t.Error("the second of two has no room")
	}
	if why := b.Full(2); why == nil || why.Code != fault.LimitReached || !why.Ends.Equal(b.Ends) || why.Limit != "2 bookings a week for each customer" {
		t.Errorf("the third of two: %+v", why)
	}
}

func TestCustomerKeys(t *testing.T) {
	t.Parallel()
	same := func(a, b string) bool { return policy.CustomerKey("app", a) == policy.CustomerKey("app", b) }
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"Ann@Example.com", " ann@example.COM ", true}, {"ann+dentist@example.com", "ann@example.com", true},
		{"a.nn@example.com", "ann@example.com", false}, {"a.n.n@gmail.com", "ann@googlemail.com", true}, {"ann@example.com", "ann@example.org", false},
	} {
		if same(c.a, c.b) != c.want {
			t.Errorf("%q and %q: %t", c.a, c.b, !c.want)
		}
	}
	if policy.CustomerKey("a", "ann@example.com") == policy.CustomerKey("b", "ann@example.com") {
		t.Error("two apps share a key")
	}
	for _, none := range []string{"", "ann", "@example.com"} {
		if policy.CustomerKey("app", none) != "" {
			t.Errorf("%q has a key", none)
		}
	}
}

// TestNoticeAndHorizonHaveTheirMoments: what a notice refuses has a deadline that is over, and what it lets pass one that is not; what a
// horizon refuses has not opened yet. Also of months, of whose days several can mean the last one of a month.
func TestNoticeAndHorizonHaveTheirMoments(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 4000 {
		z := zone(t, []string{"Europe/Berlin", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"}[r.IntN(5)])
		lead := policy.MustLead([]string{"P1M", "P2M", "exact P1M", "P1MT5H", "P1DT3H", "P2D", "exact P2D", "PT30H", "day_before 02:30"}[r.IntN(9)])
		start := time.Date(2026, 1, 1, 0, 0, r.IntN(365*24*3600), 0, time.UTC)
		if r.IntN(2) == 0 {
			start = time.Date(2026, time.Month(1+r.IntN(12)), 28+r.IntN(5), r.IntN(24), 0, 0, 0, z)
		}
		until, _ := policy.Policy{Cancel: &policy.Cancel{Owner: &policy.Deadline{Until: lead}}}.CancelUntil(policy.Owner, policy.Held{Start: start}, z)
		now := until.Add(time.Duration(r.IntN(5)-2) * []time.Duration{time.Second, time.Hour, 24 * time.Hour}[r.IntN(3)])
		if why := (policy.Policy{Book: &policy.Book{Notice: lead}}).JudgeStart(start, now, z, nil); (why != nil) != now.After(until) {
			t.Fatalf("%s, start %s, now %s: %+v, but the deadline is %s", lead, start.In(z), now.In(z), why, until.In(z))
		}
		why := (policy.Policy{Book: &policy.Book{Horizon: lead}}).JudgeStart(start, now, z, nil)
		if why != nil && !why.Ends.After(now) || why == nil && now.Before(until.Add(-25*time.Hour)) {
			t.Fatalf("%s, start %s, now %s: %+v", lead, start.In(z), now.In(z), why)
		}
	}
}

// TestClosedAgreesWithJudge holds what is not offered against what is refused, at random moments over both changes of the clocks:
// one function answers both, and full periods against the buckets of the commit.
func TestClosedAgreesWithJudge(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(all ...string) *policy.Lead { return policy.MustLead(all[r.IntN(len(all))]) }
	refused := 0
	for range 3000 {
		z := zone(t, []string{"Europe/Berlin", "America/Santiago", "Asia/Kathmandu", "UTC", "Pacific/Auckland"}[r.IntN(5)])
		units := []policy.Unit{policy.Day, policy.Week, policy.Month, policy.Year}
		counts := []policy.Count{policy.Bookings, policy.Minutes, ""}
		p := policy.Policy{Book: &policy.Book{
			Notice:  pick("none", "PT0S", "PT24H", "P1D", "day_before 21:00", "P1DT3H", "P1M"),
			Horizon: pick("none", "PT1000H", "P30D", "P1M", "day_before 06:00"),
		}, Limits: &[]policy.Limit{{Per: policy.PerResource, Unit: units[r.IntN(4)], Max: r.IntN(100), Count: counts[r.IntN(3)]}}}
		now := time.Date(2026, 1, 1, 0, 0, r.IntN(365*24*3600), 0, time.UTC)
		start := now.Add(time.Duration(r.IntN(60*24*3600)-24*3600) * time.Second)
		length := time.Duration(1+r.IntN(200)) * time.Minute
		taken := func(string, time.Time) int { return 0 + int(now.Unix()%97) }
		of := policy.Subjects{Resources: []string{"r"}}
		closed := append(p.ClosedStarts(now, z), p.FullPeriods(of, start.Add(-40*time.Hour), start.Add(time.Hour), length, z, taken)...)
		offered := !slices.ContainsFunc(closed, func(c policy.Closed) bool { return c.Has(start) })
		why := p.JudgeStart(start, now, z, nil)
		for _, b := range p.Buckets(of, start, start.Add(length), z) {
			if full := b.Full(taken(b.Name, b.First)); why == nil {
				why = full
			}
		}
		if offered != (why == nil) {
			t.Fatalf("now %s, start %s in %s, %s: offered %t, but %+v", now, start, z, write(t, p), offered, why)
		}
		if why != nil {
			refused++
		}
	}
	if refused < 500 || refused > 2900 {
		t.Errorf("%d of 3000 are refused: that tries nothing", refused)
	}
}
