package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// market is a project with resources that have some things in their calendars already.
type market struct {
	*bundle
	visitor   *bundle
	from      time.Time
	mode      string
	project   string
	question  string
	resources []string
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// someRules are constraints that leave a good part of a week.
func someRules(r *rand.Rand, from time.Time) []any {
	rule := func(name string, fields map[string]any) any { return map[string]any{name: fields} }
	day := func() string { return from.AddDate(0, 0, r.IntN(4)).Weekday().String() }
	var list []any
	for range r.IntN(4) {
		start := r.IntN(12)
		list = append(list, pick(r,
			rule("allow_hours", map[string]any{"start": start, "end": start + 6 + r.IntN(6)}),
			rule("block_hours", map[string]any{"start": fmt.Sprintf("%02d:30", start), "end": fmt.Sprintf("%02d:45", start+2)}),
			rule("block_day", map[string]any{"day": day()}),
			rule("block_day_and_time", map[string]any{"day": day(), "start": start, "end": start + 5}),
			rule("allow_day_and_time", map[string]any{"day": day(), "start": start, "end": start + 9}),
			rule("block_period", map[string]any{"start": from.Add(20 * time.Hour).Format(time.RFC3339), "end": from.Add(26 * time.Hour).Format(time.RFC3339)}),
			rule("allow_weekdays", map[string]any{}),
		))
	}
	return list
}

// newMarket makes a market by chance, around a change of clocks.
func newMarket(t *testing.T, r *rand.Rand) *market {
	t.Helper()
	m := &market{bundle: tenant(t, plain), mode: pick(r, "roundrobin_random", "roundrobin_prioritized", "mutual", "exclusive")}
	m.visitor = m.widget(t)
	m.from = pick(r, time.Date(2030, 10, 26, 0, 0, 0, 0, time.UTC), time.Date(2031, 3, 29, 0, 0, 0, 0, time.UTC), time.Date(2030, 11, 2, 12, 0, 0, 0, time.UTC))
	for i := range 1 + r.IntN(3) {
		body := map[string]any{"name": fmt.Sprint("Chair ", i), "timezone": pick(r, "Europe/Berlin", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")}
		if r.IntN(2) == 0 {
			body["availability_constraints"] = append([]any{}, someRules(r, m.from)...)
		}
		m.resources = append(m.resources, m.post(t, "/v2/resources", text(t, body)).want(t, http.StatusCreated).str("data.id"))
	}
	buffer := pick(r, "", "10 minutes", "45 minutes")
	offers := map[string]any{
		"mode": m.mode, "length": pick(r, "30 minutes", "1 hour", "90 minutes"), "round_to_nearest_hour": r.IntN(3) > 0,
		"timeslot_increments": pick(r, "15 minutes", "1 hour"), "ignore_all_day_events": r.IntN(2) == 0,
		"from": m.from.Format(time.RFC3339), "to": m.from.Add(72 * time.Hour).Format(time.RFC3339),
	}
	if buffer != "" {
		offers["buffer"] = buffer
	}
	m.project = m.post(t, "/v2/projects", text(t, map[string]any{
		"name": unique("market"), "resources": m.resources, "availability": offers, "booking": map[string]any{"graph": "instant"},
		"availability_constraints": append([]any{}, someRules(r, m.from)...),
	})).want(t, http.StatusCreated).str("data.id")
	m.question = fmt.Sprintf(`{"project_id":%q,"output_timezone":%q}`, m.project, pick(r, "UTC", "Europe/Berlin", "Asia/Kathmandu"))
	m.clutter(t, r)
	return m
}

func text(t testing.TB, value any) string {
	t.Helper()
	all, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// clutter puts bookings, holds and events into the calendars, where they fit.
func (m *market) clutter(t *testing.T, r *rand.Rand) {
	t.Helper()
	for _, resource := range m.resources {
		for range 5 {
			start := m.from.Add(time.Duration(r.IntN(72*12)) * 5 * time.Minute)
			body := map[string]any{
				"resource_id": resource, "start": start.Format(time.RFC3339), "end": start.Add(time.Duration(1+r.IntN(16)) * 10 * time.Minute).Format(time.RFC3339),
			}
			path := pick(r, "/v2/bookings", "/v2/bookings/reserve", "/v2/events", "/v2/events")
			switch {
			case path == "/v2/events" && r.IntN(2) == 0:
				body["all_day"], body["start"], body["end"] = true, start.Format(time.DateOnly), start.AddDate(0, 0, 1).Format(time.DateOnly)
			case path != "/v2/events":
				body["graph"], body["reservation_time"] = "instant", 3600
				body["buffer"] = pick(r, "0 minutes", "20 minutes", "1 hour")
				body["settings"] = map[string]any{"allow_double_bookings": r.IntN(3) == 0}
			}
			if a := m.post(t, path, text(t, body)); a.status != http.StatusCreated {
				a.refused(t, http.StatusConflict, "slot_taken")
			}
		}
	}
}

// ask tries to book a slot as the visitor's browser, or the owner's backend.
func (m *market) ask(t testing.TB, who *bundle, s slot, resource string) answer {
	t.Helper()
	return who.post(t, "/v2/bookings", fmt.Sprintf(`{"project_id":%q,"graph":"instant","resource_id":%q,"start":%q,"end":%q,"customer":{"name":"Marty McFly","email":"marty@example.com"}}`,
		m.project, resource, s.Start, s.End))
}

// TestWhatIsShownCanBeBooked: whatever the rules, buffers and modes, a slot that is offered is never refused, and one that is
// not offered because it is taken always is. Explain says the same of both.
func TestWhatIsShownCanBeBooked(t *testing.T) {
	t.Parallel()
	shown, taken := 0, 0
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 2031))
		m := newMarket(t, r)
		for range 6 {
			all := m.visitor.slots(t, "/v2/availability", m.question)
			if len(all) == 0 {
				break
			}
			m.agree(t, all)
			s := pick(r, all...)
			m.explains(t, s, all)
			who := s.of()
			if m.mode != "mutual" {
				who = who[:1]
			}
			for _, resource := range who {
				a := m.ask(t, m.visitor, s, resource)
				if a.status != http.StatusCreated {
					t.Fatalf("seed %d: %s is offered with %s, and refused: %s\n%s", seed, s.Start, resource, a.body, m.made(t))
				}
				shown++
			}
		}
		taken += m.refuses(t, r, seed)
	}
	if shown < 40 || taken < 60 {
		t.Errorf("%d slots were booked and %d refused: too few to prove much", shown, taken)
	}
}

// refuses tries to book what is said to be taken, and returns how much of it was.
func (m *market) refuses(t *testing.T, r *rand.Rand, seed uint64) (tried int) {
	t.Helper()
	all := m.visitor.slots(t, "/v2/unavailable/slots", m.question)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, s := range all[:min(len(all), 12)] {
		offered, reasons := m.verdicts(t, m.question, s.at(t))
		if offered || len(s.Resources) == 0 {
			t.Errorf("seed %d: %s is taken, but explain says it is offered: %v", seed, s.Start, reasons)
		}
		for _, resource := range s.of() {
			if !slices.ContainsFunc(reasons[resource], byThing) {
				t.Errorf("seed %d: explain names nothing that takes %s of %s: %v", seed, s.Start, resource, reasons[resource])
			}
			if a := m.ask(t, m.bundle, s, resource); a.status != http.StatusConflict || a.str("code") != "slot_taken" {
				t.Fatalf("seed %d: %s of %s is taken by %v, and booked: %s\n%s", seed, s.Start, resource, reasons[resource], a.body, m.made(t))
			}
			tried++
		}
	}
	return tried
}

// byThing tells reasons that name what takes the time.
func byThing(reason string) bool {
	for _, kind := range []string{"booking booking ", "hold hold ", "event event ", "buffer booking ", "buffer hold ", "buffer event "} {
		if strings.HasPrefix(reason, kind) {
			return true
		}
	}
	return false
}

// explains holds what explain says of an offered slot to the offer. Who it goes to is drawn anew for each question in one of
// the modes.
func (m *market) explains(t *testing.T, s slot, all []slot) {
	t.Helper()
	offered, reasons := m.verdicts(t, m.question, s.at(t))
	if !offered {
		t.Errorf("%s is shown, and explain says it is not offered: %v", s.Start, reasons)
	}
	for _, resource := range s.of() {
		if m.mode != "roundrobin_random" && len(reasons[resource]) != 0 {
			t.Errorf("%s is shown with %s, and explain has %v against it", s.Start, resource, reasons[resource])
		}
	}
	odd := s.at(t).Add(7 * time.Minute)
	if offered, reasons := m.verdicts(t, m.question, odd); offered != slices.ContainsFunc(all, func(o slot) bool { return o.at(t).Equal(odd) }) {
		t.Errorf("explain says offered is %t at %s: %v", offered, odd, reasons)
	}
}

// agree holds dates and count to the slots.
func (m *market) agree(t *testing.T, all []slot) {
	t.Helper()
	if total := m.visitor.post(t, "/v2/availability/count", m.question).want(t, http.StatusOK).str("data.total"); total != fmt.Sprint(len(all)) {
		t.Errorf("count says %s, there are %d slots", total, len(all))
	}
	var told struct {
		Data []struct {
			Date      string
			Resources []string
		}
	}
	a := m.visitor.post(t, "/v2/availability/dates", m.question).want(t, http.StatusOK)
	if err := json.Unmarshal([]byte(a.body), &told); err != nil {
		t.Fatal(err)
	}
	got, want := map[string][]string{}, map[string][]string{}
	for _, d := range told.Data {
		got[d.Date] = slices.Sorted(slices.Values(d.Resources))
	}
	for _, s := range all {
		want[s.Start[:10]] = append(want[s.Start[:10]], s.of()...)
	}
	for date, who := range want {
		slices.Sort(who)
		if want[date] = slices.Compact(who); m.mode == "roundrobin_random" {
			want[date] = got[date] // drawn anew
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(told.Data) != len(want) {
		t.Errorf("dates\n got %v\nwant %v", got, want)
	}
}

// made is what the market was made of, for who has to find a fault.
func (m *market) made(t testing.TB) string {
	t.Helper()
	return m.get(t, "/v2/projects/"+m.project).body + "\n" + m.get(t, "/v2/resources").body + "\n" +
		m.get(t, "/v2/events?start="+m.from.Add(-48*time.Hour).Format(time.RFC3339)+"&end="+m.from.Add(120*time.Hour).Format(time.RFC3339)).body
}
