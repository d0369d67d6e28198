package postgres_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

func pageOf(number, limit int) postgres.Page { return postgres.Page{Number: number, Limit: limit} }

func filterOf(terms ...string) postgres.Filter {
	var f postgres.Filter
	for i := 0; i < len(terms); i += 2 {
		f.Terms = append(f.Terms, postgres.Term{Key: terms[i], Value: terms[i+1]})
	}
	return f
}

// titles lists what a filter finds, by title.
func (b *bundle) titles(f postgres.Filter) []string {
	b.t.Helper()
	all, total, err := b.ListBookings(b.ctx, b.app.ID, f, pageOf(1, 100))
	check(b.t, err)
	wantEqual(b.t, "total", total.Total, len(all))
	titles := []string{}
	for _, v := range all {
		titles = append(titles, v.What)
	}
	return titles
}

// listed is a record with bookings a, b and c, the last one over.
func listed(t *testing.T) (*bundle, []*booking.Booking) {
	t.Helper()
	b := setup(t)
	a, second, third := b.at("instant", 9, 10), b.at("confirm_decline", 9, 10), b.at("instant_payment", 11, 12)
	a.What, second.What, third.What = "a", "b", "c"
	a.Meta = json.RawMessage(`{"ticket": "100%_\\", "n": 42, "deep": {"er": true}}`)
	second.Customers[0].Name, second.Customers[0].Email = `O'Neil "Bob" \ %`, "o_neil@example.org"
	second.Customers[0].Meta = json.RawMessage(`{"allergy": "Nüsse; und: mehr"}`)
	third.Customers = append(third.Customers, booking.Customer{ID: newID(), Name: "Second Person", Meta: json.RawMessage(`{}`)})
	all := []*booking.Booking{b.booked(a), b.booked(second), b.played(b.booked(third), "timeout")}
	return b, all
}

func TestSearch(t *testing.T) {
	t.Parallel()
	b, all := listed(t)
	cases := []struct {
		key, value string
		want       string
	}{
		{"id", all[0].ID.String(), "a"},
		{"id", all[0].ID.String()[:13] + "*", "abc"[:1]},
		{"graph", "instant", "a"},
		{"graph", "INSTANT", "a"},
		{"graph", "instant*", "ac"},
		{"graph", "*decline", "b"},
		{"graph", "*_*", "bc"},
		{"graph_version", "1", "abc"},
		{"graph_version", "2", ""},
		{"graph_version", "one", ""},
		{"state", "confirmed", "a"},
		{"state", "*T*", "b"},
		{"state", "*N*", "abc"},
		{"completed", "true", "c"},
		{"completed", "false", "ab"},
		{"resource.id", b.resource.ID.String(), "abc"},
		{"calendar.id", b.calendar.ID.String(), "abc"},
		{"calendar.id", b.resource.ID.String(), ""},
		{"customer.name", "zadie quill", "ac"},
		{"customer.name", "Second*", "c"},
		{"customer.name", `O'Neil "Bob" \ %`, "b"},
		{"customer.name", `*\*`, "b"},
		{"customer.name", `*%`, "b"},
		{"customer.name", `%`, ""},
		{"customer.email", "o_neil@example.org", "b"},
		{"customer.email", "zadie_quill@example.org", ""},
		{"customer.email", "*@example.org", "abc"},
		{"customer.phone", "+49*", "abc"},
		{"customer.voip", "zadie-on-voip", "abc"},
		{"customer.timezone", "Europe/*", "abc"},
		{"customer.allergy", "nüsse; und: *", "b"},
		{"customer.allergy", "*canary", "ac"},
		{"customer.unheard-of", "*", ""},
		{"meta.ticket", `100%_\`, "a"},
		{"meta.ticket", "100*", "a"},
		{"meta.ticket", "T-1", "bc"},
		{"meta.ticket", "T_1", ""},
		{"meta.n", "42", "a"},
		{"meta.deep", "*true*", "a"},
		{"meta.", "*", ""},
		{"state", "*", "abc"},
		{"state", "**", "abc"},
		{"state", "", ""},
		{"state", "con*med", ""},
	}
	for _, c := range cases {
		want := []string{}
		for _, title := range c.want {
			want = append(want, string(title))
		}
		if c.key == "id" && c.want == "a" && len(c.value) < 36 {
			continue // ids of one millisecond share their beginning
		}
		wantSame(t, c.key+":"+c.value, b.titles(filterOf(c.key, c.value)), want)
	}
	wantSame(t, "two terms", b.titles(filterOf("graph", "instant*", "completed", "true")), []string{"c"})
	wantSame(t, "two terms of one key", b.titles(filterOf("graph", "instant*", "graph", "*payment")), []string{"c"})
	id := all[1].ID.String()
	wantSame(t, "upper case id", b.titles(filterOf("id", id)), []string{"b"})
}

func TestOrderAndTimes(t *testing.T) {
	t.Parallel()
	b, all := listed(t)
	check(t, b.SetMeta(b.ctx, b.app.ID, all[0].ID, nil, 0)) // changed last
	for order, want := range map[string]string{
		"": "abc", "created_at": "abc", "updated_at": "bca", "graph": "bac", "event.start": "abc", "event.end": "abc",
		"completed": "abc", "state": "abc",
	} {
		up := []string{want[:1], want[1:2], want[2:]}
		wantSame(t, order, b.titles(postgres.Filter{Order: order}), up)
		if order == "event.start" || order == "event.end" || order == "completed" {
			up = []string{"c", "b", "a"} // ties go by id, and so turn round as well
		} else {
			slices.Reverse(up)
		}
		wantSame(t, order+" desc", b.titles(postgres.Filter{Order: order, Desc: true}), up)
	}
	at := func(hour float64) *time.Time {
		moment := monday.Add(time.Duration(hour * float64(time.Hour)))
		return &moment
	}
	cases := []struct {
		start, end *time.Time
		want       []string
	}{
		{at(10), nil, []string{"c"}},
		{at(9.99), nil, []string{"a", "b", "c"}},
		{nil, at(9), []string{}},
		{nil, at(9.01), []string{"a", "b"}},
		{nil, at(11), []string{"a", "b"}},
		{at(9.5), at(11.5), []string{"a", "b", "c"}},
		{at(10), at(11), []string{}},
	}
	for _, c := range cases {
		for _, order := range []string{"", "event.start", "event.end"} {
			wantSame(t, fmt.Sprint(c.start, c.end, order), b.titles(postgres.Filter{Start: c.start, End: c.end, Order: order}), c.want)
		}
	}
}

// TestWindowsFindLongBookings lists windows in every order beside bookings that begin up to 3 hours before them, up to 25, up to 7 days, and
// longer before. A list by time looks back 3 hours only while there is no longer booking in the window, then 25, then 7 days.
func TestWindowsFindLongBookings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const day = 24
	book := func(what string, from, to float64) {
		v := b.at("instant", from, to)
		v.What, v.Settings.AllowDoubleBookings = what, true
		b.booked(v)
	}
	book("over before", 25*day, 30*day-1)
	book("three hours", 30*day-2.75, 30*day+0.25)
	book("three to come", 40*day-0.25, 40*day+2.75)
	book("after", 40*day, 40*day+1)
	window := func(want ...string) {
		t.Helper()
		start, end := monday.Add(30*day*time.Hour), monday.Add(40*day*time.Hour)
		for _, order := range []string{"", "created_at", "updated_at", "state", "event.start", "event.end"} {
			for _, desc := range []bool{false, true} {
				got := b.titles(postgres.Filter{Start: &start, End: &end, Order: order, Desc: desc})
				slices.Sort(got)
				wantSame(t, fmt.Sprint(order, desc), got, want)
			}
		}
	}
	window("three hours", "three to come")
	book("a long day", 30*day-24, 30*day+1)
	book("its end is outside", 40*day-0.5, 41*day+0.5)
	window("a long day", "its end is outside", "three hours", "three to come")
	book("7 days", 24*day, 31*day)
	book("short", 31*day-1, 31*day)
	window("7 days", "a long day", "its end is outside", "short", "three hours", "three to come")
	book("8 days", 23*day, 31*day)
	book("through it", -90*day, 100*day)
	book("till later", 39*day, 80*day)
	window("7 days", "8 days", "a long day", "its end is outside", "short", "three hours", "three to come", "through it", "till later")
}

func TestPagesAreStable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const many = 23
	var want []string
	for i := range many {
		v := b.at("instant", float64(i), float64(i+1))
		v.What = fmt.Sprint(i)
		b.create(v)
		want = append(want, v.What)
	}
	b.exec(`UPDATE bookings SET created_at = '2026-01-01', updated_at = '2026-01-01'`) // all of one moment
	for _, order := range []string{"", "updated_at", "state", "completed", "graph"} {
		for _, desc := range []bool{false, true} {
			var got []string
			for number := 1; ; number++ {
				some, total, err := b.ListBookings(b.ctx, b.app.ID, postgres.Filter{Order: order, Desc: desc}, pageOf(number, 5))
				check(t, err)
				wantEqual(t, "total", total.Total, many)
				if len(some) == 0 {
					break
				}
				for _, v := range some {
					got = append(got, v.What)
				}
			}
			if desc {
				slices.Reverse(got)
			}
			wantSame(t, fmt.Sprint(order, desc), got, want)
		}
	}
	none, total, err := b.ListBookings(b.ctx, b.app.ID, postgres.Filter{}, pageOf(1_000_000, 1000))
	check(t, err)
	wantEqual(t, "far away", len(none), 0)
	wantEqual(t, "total", total.Total, many)
}

// injections try to leave the place they are put into.
var injections = []string{
	`'`, `''`, `"`, `\`, `\'`, `%`, `_`, `;`, `--`, `/*`, `*/`, `$1`, `$$`, `@app`, `@term0`, `@limit`, `:id`, `?`, `{}`, `)`, `(`,
	`' OR '1'='1`, `' OR 1=1 --`, `'; DROP TABLE bookings; --`, `") OR true --`, `') OR true --`, `1) OR (1=1`,
	`' UNION SELECT hash FROM api_keys --`, `x' AND pg_sleep(5) --`, `'||(SELECT version())||'`, `\'; SELECT 1`,
	`E'\\x00'`, `U&'\0041'`, `\x00`, "\x00", "a\x00b", "\xff", "\xc3\x28", "\xed\xa0\x80", "\u202e", "\u0000'", "\r\n", "\t",
	`name) FROM api_keys --`, `p.name`, `b.app_id`, `id::text`, `meta->>'x'`, `created_at, (SELECT 1)`, `created_at DESC`,
	`1`, `-1`, `99999999999999999999`, `NULL`, `true`, `*'*`, `*%*`, `*\*`, `\*`, `*\`, `**`, `***`,
}

func TestInjections(t *testing.T) {
	t.Parallel()
	b, _ := listed(t)
	before := b.tables()
	try := func(what string, f postgres.Filter, mayFind bool) {
		t.Helper()
		all, total, err := b.ListBookings(b.ctx, b.app.ID, f, pageOf(1, 100))
		switch {
		case err != nil && fault.CodeOf(err) != fault.Invalid:
			t.Errorf("%s: %v", what, err)
		case err == nil && !mayFind && len(all)+total.Total > 0:
			t.Errorf("%s found %d", what, total.Total)
		}
	}
	keys := []string{"id", "graph", "graph_version", "state", "completed", "resource.id", "calendar.id", "customer.name", "customer.email",
		"customer.phone", "customer.voip", "customer.timezone", "customer.allergy", "meta.ticket"}
	for _, bad := range injections {
		wild := len(bad) > 1 && bad[0] == '*' || bad == "true" // these are good searches
		for _, key := range keys {
			try(fmt.Sprintf("%s:%q", key, bad), filterOf(key, bad), wild || key == "graph_version" && bad == "1")
		}
		for _, key := range []string{bad, "customer." + bad, "meta." + bad, "customer.name" + bad, "id" + bad} {
			try(fmt.Sprintf("key %q", key), filterOf(key, "x"), false)
			try(fmt.Sprintf("key %q", key), filterOf("state", "x", key, bad), false)
		}
		_, _, err := b.ListBookings(b.ctx, b.app.ID, postgres.Filter{Order: bad}, pageOf(1, 10))
		wantCode(t, err, fault.Invalid)
		_, _, err = b.ListBookings(b.ctx, b.app.ID, postgres.Filter{Order: "state" + bad}, pageOf(1, 10))
		wantCode(t, err, fault.Invalid)
	}
	if after := b.tables(); before != after {
		t.Errorf("a search changed the record:\n%s\n%s", before, after)
	}
}

// TestWords finds bookings by what people type: parts of titles, places, names, addresses and numbers, whatever their case and accents.
func TestWords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.at("instant", 9, 10), b.at("confirm_decline", 9, 10)
	one.What, one.Where = "Crème brûlée für Søren", "Straße 100%"
	one.Customers[0].Name, one.Customers[0].Email, one.Customers[0].Phone = "Zoë Nguyễn", "zoe@example.org", "+49 (0)30 / 1234-5678"
	two.What, two.Customers[0].Name, two.Customers[0].Email, two.Customers[0].Phone = "Plain", "Bob_Smith", "bob@example.org", ""
	first, second := b.booked(one), b.booked(two)
	const found, plain = "Crème brûlée für Søren", "Plain"
	both := []string{found, plain}
	for text, want := range map[string][]string{
		"creme": {found}, "BRULEE": {found}, "brûlée": {found}, "soren": {found}, "für": {found}, "fur": {found}, "strasse": {found}, "STRASSE": {found},
		"zoe": {found}, "ZOË": {found}, "nguyen": {found}, "Nguyễn": {found}, "zoe creme": {found}, "creme bob": {},
		"12345678": {found}, "1234-5678": {found}, "+4903012": {found}, "030": {found}, "12": {}, "999": {},
		"100%": {found}, "%": {found}, "_": {plain}, "b_b": {}, "bob_": {plain}, `\`: {}, "example.org": both, "*": both,
		first.ID.String(): {found}, second.ID.String(): {plain}, b.resource.Name: both, "": both, "' OR true --": {},
	} {
		got := b.titles(postgres.Filter{Words: strings.Fields(text)})
		slices.Sort(got)
		wantSame(t, text, got, want)
	}
}
