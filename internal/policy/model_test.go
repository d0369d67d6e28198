package policy_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"holdfast/internal/policy"
)

// The model judges by looking at a clock minute by minute. It has nothing of the product: no spans, no arithmetic of calendars, no
// instants of wall times. What a zone's clocks show at a minute is all that it asks.

// face is what the clocks of a zone show: the day, counted from the first of the walk, and the minute of the day.
type face struct {
	day, minute           int
	year, month, monthDay int
	weekday               time.Weekday
}

// walk is every minute of some weeks with what the clocks show.
type walk struct {
	first time.Time
	faces []face
	days  []int // the first minute of each day
}

func newWalk(first time.Time, days int, zone *time.Location) *walk {
	w := &walk{first: first}
	day, date := 0, ""
	for i := range days * 24 * 60 {
		at := first.Add(time.Duration(i) * time.Minute).In(zone)
		if text := at.Format(time.DateOnly); text != date {
			if date != "" {
				day++
			}
			date = text
			w.days = append(w.days, i)
		}
		w.faces = append(w.faces, face{day, at.Hour()*60 + at.Minute(), at.Year(), int(at.Month()), at.Day(), at.Weekday()})
	}
	return w
}

// firstShowing is the first minute at which the clocks show a time of a day or, where the clocks leave it out, the first one as far
// behind the gap as the time lies in it.
func (w *walk) firstShowing(day, minute int) int {
	last := w.days[day] - 1
	for i := w.days[day]; i < len(w.faces) && w.faces[i].day == day; i++ {
		if w.faces[i].minute == minute {
			return i
		}
		if w.faces[i].minute < minute {
			last = i
		}
	}
	before := w.faces[last]
	return last + (day-before.day)*24*60 + minute - before.minute
}

// firstOf is the first minute of a day.
func (w *walk) firstOf(day int) int {
	if day < len(w.days) {
		return w.days[day]
	}
	return len(w.faces)
}

// ago is the minute that a lead means before a minute.
func (w *walk) ago(lead modelLead, at int) int {
	f := w.faces[at]
	switch {
	case lead.kind == "clock":
		return at - lead.n
	case lead.kind == "day" && lead.n == 0:
		return at
	case lead.kind == "day":
		return w.firstShowing(f.day-lead.n, f.minute)
	case lead.kind == "both":
		return w.firstShowing(f.day-lead.n, f.minute) - lead.minutes
	}
	return w.firstShowing(f.day-1, lead.n)
}

// modelLead is a lead as the model has it, and as text for the product.
type modelLead struct {
	kind       string // clock, day, both, day before
	n, minutes int
	exact      bool
}

func (l modelLead) json() string {
	switch l.kind {
	case "clock":
		return fmt.Sprintf(`"PT%dM"`, l.n)
	case "day":
		if l.exact {
			return fmt.Sprintf(`{"exact":"P%dD"}`, l.n)
		}
		return fmt.Sprintf(`"P%dD"`, l.n)
	case "both":
		return fmt.Sprintf(`"P%dDT%dM"`, l.n, l.minutes)
	}
	return fmt.Sprintf(`{"day_before":"%02d:%02d"}`, l.n/60, l.n%60)
}

func someLead(r *rand.Rand) modelLead {
	switch r.IntN(4) {
	case 0:
		return modelLead{kind: "clock", n: r.IntN(4 * 24 * 60)}
	case 1:
		return modelLead{kind: "day", n: r.IntN(5), exact: r.IntN(3) == 0}
	case 2:
		return modelLead{kind: "both", n: 1 + r.IntN(3), minutes: 1 + r.IntN(300)}
	}
	return modelLead{kind: "day before", n: r.IntN(24 * 60)}
}

// noticed says whether a start can be booked with a notice at a minute: its deadline is not over.
func (w *walk) noticed(lead modelLead, start, now int) bool { return now <= w.ago(lead, start) }

// opened says whether a start can be booked with a horizon at a minute. Days open at the midnight of their day.
func (w *walk) opened(lead modelLead, start, now int) bool {
	opens := w.ago(lead, start)
	if lead.kind == "day" && !lead.exact || lead.kind == "clock" && lead.n == 0 { // a horizon of nothing is of today
		opens = w.firstOf(w.faces[start].day - lead.n)
	}
	return now >= opens
}

// sameBucket says whether two minutes lie in one period.
func (w *walk) sameBucket(unit policy.Unit, a, b int) bool {
	f, g := w.faces[a], w.faces[b]
	monday := func(f face) int { return f.day - (int(f.weekday)+6)%7 }
	switch unit {
	case policy.Week:
		return monday(f) == monday(g)
	case policy.Month:
		return f.year == g.year && f.month == g.month
	case policy.Year:
		return f.year == g.year
	case policy.Day:
	}
	return f.day == g.day
}

// nextBucket is the first minute of the period after that of a minute; the end of the walk where it is not in it.
func (w *walk) nextBucket(unit policy.Unit, at int) int {
	for _, first := range w.days[w.faces[at].day:] {
		if first > at && !w.sameBucket(unit, at, first) {
			return first
		}
	}
	return len(w.faces)
}

func (w *walk) at(minute int) time.Time { return w.first.Add(time.Duration(minute) * time.Minute) }

// modelDays is how long a walk is. What is judged begins in its middle, so that no lead leaves it.
const modelDays = 24

var modelWalks = []struct{ zone, first string }{
	{"Europe/Berlin", "2026-03-17T23:00:00Z"}, {"Europe/Berlin", "2026-10-13T22:00:00Z"}, {"America/New_York", "2026-02-25T05:00:00Z"},
	{"America/New_York", "2026-10-20T04:00:00Z"}, {"Australia/Lord_Howe", "2026-03-24T13:00:00Z"}, {"Australia/Lord_Howe", "2026-09-22T13:30:00Z"},
	{"Asia/Kolkata", "2026-12-19T18:30:00Z"}, {"America/Santiago", "2026-08-25T04:00:00Z"}, {"America/Santiago", "2026-03-25T03:00:00Z"},
}

// TestRulesAsMinuteByMinute holds every rule to the model, over zones and the changes of their clocks: a half hour in Lord Howe, midnight
// in Santiago.
func TestRulesAsMinuteByMinute(t *testing.T) {
	t.Parallel()
	for n, c := range modelWalks {
		t.Run(c.zone+c.first, func(t *testing.T) {
			t.Parallel()
			z := zone(t, c.zone)
			w := newWalk(at(t, c.first), modelDays, z)
			r := rand.New(rand.NewPCG(12, uint64(n)))
			for range 620 {
				w.compare(t, r, z)
			}
		})
	}
}

// near is a minute in the middle of the walk, often close to a change of the clocks or to midnight.
func (w *walk) near(r *rand.Rand) int {
	middle := len(w.faces) * 2 / 5
	at := middle + r.IntN(len(w.faces)/4)
	if r.IntN(2) == 0 {
		return at
	}
	for i := at; i < middle+len(w.faces)/4; i++ {
		if a, b := w.faces[i-1], w.faces[i]; b.minute != a.minute+1 { // midnight, or a change
			return i - 3 + r.IntN(7)
		}
	}
	return at
}

func (w *walk) compare(t *testing.T, r *rand.Rand, z *time.Location) {
	t.Helper()
	lead, start := someLead(r), w.near(r)
	now := w.ago(lead, start) - 2 + r.IntN(5)
	if r.IntN(4) == 0 {
		now = w.near(r)
	}
	var wrong []string
	differ := func(what string, product, model bool) {
		if product != model {
			wrong = append(wrong, fmt.Sprintf("%s: %t, by the model %t", what, product, model))
		}
	}
	judge := func(text string) *policy.Refusal { return read(t, text).JudgeStart(w.at(start), w.at(now), z, nil) }
	moment := func(what string, why *policy.Refusal, model int) {
		if why != nil && !why.Ends.Equal(w.at(model)) {
			wrong = append(wrong, fmt.Sprintf("%s ends %s, by the model %s", what, why.Ends.In(z), w.at(model).In(z)))
		}
	}
	notice := judge(`{"book":{"notice":` + lead.json() + `}}`)
	differ("notice", notice == nil, w.noticed(lead, start, now))
	moment("notice", notice, w.ago(lead, start))
	horizon := judge(`{"book":{"horizon":` + lead.json() + `}}`)
	differ("horizon", horizon == nil, w.opened(lead, start, now))

	h := policy.Held{Start: w.at(start + 777), FirstStart: w.at(start), Moves: r.IntN(3)}
	anchor, counted := "first_start", start
	if r.IntN(2) == 0 {
		anchor, counted, h.Start = "current", start, w.at(start)
	}
	if r.IntN(3) == 0 { // it was never moved
		h.Start, h.FirstStart = w.at(start), time.Time{}
	}
	most := r.IntN(3)
	p := read(t, fmt.Sprintf(`{"cancel":{"owner":{"until":%[1]s,"anchor":%[2]q}},"reschedule":{"customer":{"until":%[1]s,"anchor":%[2]q,"max":%[3]d}}}`, lead.json(), anchor, most))
	cancel, move := p.JudgeCancel(policy.Owner, h, w.at(now), z, nil), p.JudgeMove(h, w.at(now), z, nil)
	differ("cancel", cancel == nil, now <= w.ago(lead, counted))
	moment("cancel", cancel, w.ago(lead, counted))
	differ("cancel by the customer", p.JudgeCancel(policy.Customer, h, w.at(now), z, nil) == nil, true)
	differ("move", move == nil, now <= w.ago(lead, counted) && h.Moves < most)

	from, to := w.faces[w.near(r)], w.faces[w.near(r)]
	if to.day < from.day {
		from, to = to, from
	}
	date := func(f face) string { return fmt.Sprintf("%04d-%02d-%02d", f.year, f.month, f.monthDay) }
	window := judge(fmt.Sprintf(`{"book":{"from":%q,"to":%q}}`, date(from), date(to)))
	differ("window", window == nil, w.faces[start].day >= from.day && w.faces[start].day <= to.day)

	unit := pickOne(r, policy.Day, policy.Week, policy.Month, policy.Year)
	count := pickOne(r, policy.Bookings, policy.Minutes)
	w.compareLimit(t, r, z, start, policy.Limit{Per: policy.PerResource, Unit: unit, Max: 3, Count: count}, differ)
	w.compareBuffers(t, r, z, start, differ)
	if len(wrong) > 0 {
		t.Errorf("%s, start %s, now %s, %s to %s, %+v:\n%s", lead.json(), w.at(start).In(z), w.at(now).In(z), date(from), date(to), h, strings.Join(wrong, "\n"))
	}
}

func pickOne[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// compareLimit books some times and compares whether one more has room: by buckets, and by the periods that are closed.
func (w *walk) compareLimit(
	t *testing.T, r *rand.Rand, z *time.Location, start int, l policy.Limit, differ func(string, bool, bool),
) {
	t.Helper()
	of := policy.Subjects{Resources: []string{"r"}}
	p := policy.Policy{Limits: &[]policy.Limit{l}}
	length, taken, counted := 1+r.IntN(2), map[string]int{}, 0
	key := func(name string, first time.Time) string { return name + first.Format(time.DateOnly) }
	for range 3 {
		at := w.near(r)
		for _, b := range p.Buckets(of, w.at(at), w.at(at).Add(time.Minute), z) {
			taken[key(b.Name, b.First)] += b.Amount
		}
		if w.sameBucket(l.Unit, at, start) {
			counted++ // a minute, or a booking
		}
	}
	ask := 1
	if l.Count == policy.Minutes {
		ask = length
	}
	room := counted+ask <= l.Max
	of1 := p.Buckets(of, w.at(start), w.at(start+length), z)[0]
	why := of1.Full(taken[key(of1.Name, of1.First)])
	differ("limit", why == nil, room)
	closed := false
	for _, c := range p.FullPeriods(of, w.at(start-1), w.at(start+1), time.Duration(length)*time.Minute, z,
		func(name string, first time.Time) int { return taken[key(name, first)] }) {
		closed = closed || c.Has(w.at(start))
	}
	differ("full period", !closed, room)
	if next := w.nextBucket(l.Unit, start); next < len(w.faces) {
		differ("end of the period", of1.Ends.Equal(w.at(next)), true)
	}
}
