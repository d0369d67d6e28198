package postgres_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/catalogue"
	"holdfast/internal/postgres"
)

// searchedBookings makes bookings that texts find in many ways: some words stand in each of them, some in a few, some in one.
func searchedBookings(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	rare := &catalogue.Resource{ID: newID(), AppID: b.app.ID, Name: "Kabinett", Email: "kabinett@example.com", Timezone: "Europe/Berlin"}
	check(t, b.CreateResource(b.ctx, rare, newID()))
	calendar := must(b.Calendar(b.ctx, rare.ID, nil))
	for i := range 24 {
		v := b.at([]string{"instant", "confirm_decline"}[i%2], float64(3*i), float64(3*i+1+i%3))
		v.What = []string{"Haarschnitt", "Beratung", "Prüfung Nagellack"}[i%3]
		v.Customers[0].Name = []string{"Anna Rara", "Søren Ende", "Zoë Ann", "Bob Brown", "Quirin Rare"}[i%5]
		v.Customers[0].Email = fmt.Sprintf("guest.with.a.long.name.%d@example.org", i%8)
		v.Customers[0].Phone = fmt.Sprintf("+49 170 %d", 1234500+i)
		v.Meta = json.RawMessage(fmt.Sprintf(`{"ticket": "T-%d", "source": "%s"}`, i, []string{"web", "app"}[i%2]))
		if i%9 == 8 {
			v.Resource, v.Calendar = *rare, *calendar
		}
		b.booked(v)
	}
	return b
}

// lookFilters are searches of each kind.
func lookFilters() map[string]postgres.Filter {
	all := map[string]postgres.Filter{}
	for _, words := range []string{
		"haarschnitt", "PRUFUNG", "ann", "soren", "rara", "quirin beratung", "nobodyhere", "beratung", "beratugn", "nagellak", "quirn",
		"guest.with.a.long.name.3@example.org", "long.name.3@example.org", "guest.with.a.long.name", "1234507", "170-12345", "haarschnitt 999", "kabinett", "kabinett ann",
	} {
		all["words "+words] = postgres.Filter{Words: strings.Fields(words)}
	}
	for _, term := range [][]string{
		{"customer.name", "anna rara"}, {"customer.name", "anna*"}, {"customer.name", "*a*"}, {"customer.name", "*ende"},
		{"customer.email", "guest.with.a.long.name.3@example.org"}, {"customer.email", "guest*"}, {"customer.timezone", "Europe/*"},
		{"customer.allergy", "*canary"}, {"meta.ticket", "T-7"}, {"meta.ticket", "T-1*"}, {"meta.source", "web"}, {"meta.none", "*"},
		{"meta.ticket", "*1"},
		{"meta.source", "web", "customer.name", "*a*"}, {"graph", "instant", "customer.name", "anna*"},
	} {
		all[strings.Join(term, " ")] = filterOf(term...)
	}
	from, to := monday.Add(10*time.Hour), monday.Add(60*time.Hour)
	all["a window"], all["from a time on"] = postgres.Filter{Start: &from, End: &to}, postgres.Filter{Start: &from}
	all["words in a window"] = postgres.Filter{Start: &from, End: &to, Words: []string{"ann"}}
	return all
}

// TestLooksAgree reads searches page by page with looks that reach two or three rows only, so that each kind of look answers some of
// them and none answers all. Every row of the one walk over the whole list must come once, in its order.
func TestLooksAgree(t *testing.T) {
	t.Parallel()
	b := searchedBookings(t)
	list := func(f postgres.Filter, p postgres.Page) ([]string, postgres.Found) {
		all, found, err := b.ListBookings(b.ctx, b.app.ID, f, p)
		check(t, err)
		ids := make([]string, len(all))
		for i, v := range all {
			ids[i] = v.ID.String()
		}
		return ids, found
	}
	want := map[string][]string{}
	each := func(do func(name string, f postgres.Filter)) {
		for name, f := range lookFilters() {
			for _, f.Order = range []string{"", "graph"} {
				f.Desc = f.Order == ""
				do(fmt.Sprint(name, " by ", f.Order), f)
			}
		}
	}
	found := 0
	each(func(name string, f postgres.Filter) {
		ids, all := list(f, pageOf(1, 1000))
		if all.Total != len(ids) || !all.Exact {
			t.Errorf("%s: %+v of %d", name, all, len(ids))
		}
		want[name], found = ids, found+len(ids)
	})
	if found < 200 {
		t.Fatalf("the searches find %d rows only", found)
	}
	b.ShortLooks()
	for _, kind := range []string{"not analyzed", "analyzed"} { // without statistics, nothing is estimated
		each(func(name string, f postgres.Filter) {
			for _, limit := range []int{2, 5} {
				var got []string
				for number := 1; ; number++ {
					ids, all := list(f, pageOf(number, limit))
					if all.Total > len(want[name]) || all.Exact && all.Total != len(want[name]) || !all.Exact && all.Total < len(ids) {
						t.Errorf("%s: %+v of %d", name, all, len(want[name]))
					}
					if got = append(got, ids...); len(ids) < limit {
						break
					}
				}
				wantSame(t, fmt.Sprint(name, " by pages of ", limit, " ", kind), got, want[name])
			}
		})
		b.exec(`ANALYZE`)
	}
}

// TestTimesWithTies reads bookings of a time that were created at the same moment, page by page: they come in the order of their ids.
func TestTimesWithTies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []string
	for i := range 12 {
		v := b.at("instant", float64(2*i), float64(2*i+1))
		b.booked(v)
		ids = append(ids, v.ID.String())
	}
	b.exec(`UPDATE bookings SET created_at = '2026-01-01'`)
	slices.Sort(ids)
	from, to := monday.Add(-time.Hour), monday.Add(48*time.Hour)
	for _, f := range []postgres.Filter{{Start: &from}, {End: &to}, {Start: &from, End: &to}} {
		for _, f.Desc = range []bool{false, true} {
			var got []string
			for number := range 4 {
				all, found, err := b.ListBookings(b.ctx, b.app.ID, f, pageOf(number+1, 3))
				check(t, err)
				wantEqual(t, "total", found.Total, 12)
				for _, v := range all {
					got = append(got, v.ID.String())
				}
			}
			want := slices.Clone(ids)
			if f.Desc {
				slices.Reverse(want)
			}
			wantSame(t, "bookings of one moment", got, want)
		}
	}
}

// TestWholeAddresses finds the bookings of a customer by the whole e-mail address, and by a part of it when nobody has it.
func TestWholeAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.at("instant", 9, 10), b.at("instant", 11, 12)
	one.What, one.Customers[0].Email = "short", "Ann@example.org"
	two.What, two.Customers[0].Email = "long", "joann@example.org"
	b.booked(one)
	b.booked(two)
	for text, want := range map[string][]string{
		"ann@example.org": {"short"}, "ANN@EXAMPLE.ORG": {"short"}, "joann@example.org": {"long"}, "nn@example.org": {"long", "short"},
		"ann@example":     {"long", "short"},
		"ann@example.com": {"long", "short"}, "@example.org": {"long", "short"}, "ann@": {"long", "short"}, "bob@example.net": {},
	} {
		got := b.titles(postgres.Filter{Words: []string{text}})
		slices.Sort(got)
		wantSame(t, text, got, want)
	}
}

// TestNumbersHaveNoTypingErrors checks that another number is no similar one.
func TestNumbersHaveNoTypingErrors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("instant", 9, 10)
	v.What, v.Customers[0].Phone = "Beratung 4711234", "+49 170 4711234"
	b.booked(v)
	for text, want := range map[string]int{"4711234": 1, "4711235": 0, "beratugn": 1, "beratung 4711235": 0} {
		wantEqual(t, text, len(b.titles(postgres.Filter{Words: strings.Fields(text)})), want)
	}
}
