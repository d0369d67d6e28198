package availability

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// party is a random query with needs: up to five resources, of which some can have the first need and some the others.
func party(t *testing.T, random *rand.Rand, from time.Time, zone *time.Location) *Query {
	t.Helper()
	q := &Query{Mode: Exclusive, From: from, To: from.Add(24 * time.Hour), Length: time.Duration(2+random.IntN(5)) * 15 * time.Minute,
		Step: 15 * time.Minute, RoundToHour: true}
	if random.IntN(2) == 0 {
		q.BufferBefore = 15 * time.Minute
	}
	for range 2 + random.IntN(4) {
		r := Resource{Zone: zone}
		if random.IntN(3) == 0 {
			begin := random.IntN(12)
			r.Rules = rulesOf(t, fmt.Sprintf(`[{"allow_hours":{"start":%d,"end":%d}}]`, begin, begin+4+random.IntN(8)))
		}
		for range random.IntN(4) {
			start := from.Add(time.Duration(random.IntN(100)) * 15 * time.Minute)
			r.Busy = append(r.Busy, Busy{Start: start, End: start.Add(time.Duration(1+random.IntN(20)) * 15 * time.Minute), Kind: KindBooking})
		}
		q.Resources = append(q.Resources, r)
	}
	for i := range 1 + random.IntN(4) {
		n := Need{Name: fmt.Sprint("need ", i), Resources: random.Perm(len(q.Resources))[:1+random.IntN(len(q.Resources))]}
		if i > 0 && random.IntN(2) == 0 {
			n.Offset = time.Duration(random.IntN(9)-4) * 15 * time.Minute
		}
		if i > 0 && random.IntN(2) == 0 {
			n.Length = time.Duration(1+random.IntN(6)) * 15 * time.Minute
		}
		q.Needs = append(q.Needs, n)
	}
	return q
}

// possible reports whether the rest of the needs can be had by resources that are not used: every assignment is tried.
func possible(q *Query, start, end time.Time, need int, used []int) bool {
	if need == len(q.Needs) {
		return true
	}
	n := q.Needs[need]
	from, to := start.Add(n.Offset), end
	if n.Length > 0 {
		to = from.Add(n.Length)
	}
	for _, i := range n.Resources {
		if from.Before(to) && !slices.Contains(used, i) && fits(q, i, from, to) && possible(q, start, end, need+1, append(slices.Clone(used), i)) {
			return true
		}
	}
	return false
}

// fits walks a time quarter by quarter: the resource's own rules allow each, and nothing is in it or within the buffers.
func fits(q *Query, i int, from, to time.Time) bool {
	r := q.Resources[i]
	for at := from; at.Before(to); at = at.Add(15 * time.Minute) {
		one := Query{From: at, To: at.Add(15 * time.Minute), Resources: []Resource{{Zone: r.Zone, Rules: r.Rules}}}
		if !one.Allowed() {
			return false
		}
	}
	return !slices.ContainsFunc(r.Busy, func(b Busy) bool {
		return b.Start.Before(to.Add(q.BufferAfter)) && b.End.After(from.Add(-q.BufferBefore))
	})
}

// TestNeedsAgainstAModel compares what is offered, and whom with, with a walk through every assignment at every start, on days with and
// without a change of clocks; and what the explanation says with both.
func TestNeedsAgainstAModel(t *testing.T) {
	t.Parallel()
	zone := zoneNamed(t, "Europe/Berlin")
	days := []time.Time{
		time.Date(2027, 3, 28, 0, 0, 0, 0, zone), time.Date(2027, 10, 31, 0, 0, 0, 0, zone), time.Date(2027, 6, 1, 0, 0, 0, 0, zone),
	}
	random := rand.New(rand.NewPCG(11, 5))
	offered, refused := 0, 0
	for round := range rounds(400) {
		q := party(t, random, days[round%len(days)], zone)
		got := map[int64][]int{}
		for _, s := range q.Slots() {
			got[s.Start.UnixNano()] = s.Resources
		}
		taken := map[int64]bool{}
		for _, s := range q.Taken() {
			taken[s.Start.UnixNano()] = true
		}
		for at := q.From; !at.Add(q.Length).After(q.To); at = at.Add(15 * time.Minute) {
			var want []int
			for _, first := range q.Needs[0].Resources {
				if fits(q, first, at, at.Add(q.Length)) && possible(q, at, at.Add(q.Length), 1, []int{first}) {
					want = append(want, first)
				}
			}
			slices.Sort(want)
			if !onPoint(q, at) {
				continue
			}
			key := at.UnixNano()
			if !slices.Equal(got[key], want) {
				t.Fatalf("round %d, %s: offered with %v, want %v: %+v", round, at, got[key], want, q)
			}
			if len(want) > 0 && taken[key] {
				t.Fatalf("round %d, %s is offered and taken", round, at)
			}
			if offered += len(want); len(want) == 0 {
				refused++
			}
			if random.IntN(20) == 0 {
				explained(t, q, at, want)
			}
		}
	}
	if offered < rounds(1000) || refused < rounds(1000) {
		t.Errorf("%d offers and %d refusals say little", offered, refused)
	}
}

// onPoint reports whether slots of some resource that can lead begin at a moment: the model does not know points, which follow opening hours.
func onPoint(q *Query, at time.Time) bool {
	one := *q
	one.Needs, one.Resources = nil, slices.Clone(q.Resources)
	for i := range one.Resources {
		one.Resources[i].Busy = nil
	}
	for _, s := range one.Slots() {
		if s.Start.Equal(at) {
			return len(s.Resources) == len(q.Resources)
		}
	}
	return false
}

func explained(t *testing.T, q *Query, at time.Time, want []int) {
	t.Helper()
	for _, v := range q.Explain(at) {
		leads := slices.Contains(q.Needs[0].Resources, v.Resource)
		if leads && v.Offered != slices.Contains(want, v.Resource) || v.Offered && len(v.Reasons) > 0 || v.Offered && len(want) == 0 {
			t.Fatalf("%s: resource %d is explained as %+v, offered are %v", at, v.Resource, v, want)
		}
		if leads && !v.Offered && len(v.Reasons) == 0 {
			t.Fatalf("%s: resource %d is not offered for no reason", at, v.Resource)
		}
	}
}

// TestMissingNeedsAreNamed: the explanation says which part nobody can have.
func TestMissingNeedsAreNamed(t *testing.T) {
	t.Parallel()
	from := time.Date(2027, 6, 1, 9, 0, 0, 0, time.UTC)
	q := &Query{
		From: from, To: from.Add(4 * time.Hour), Length: time.Hour, RoundToHour: true, Mode: RoundRobinPrioritized,
		Resources: []Resource{{}, {}, {Busy: []Busy{{Start: from.Add(2 * time.Hour), End: from.Add(3 * time.Hour), Kind: KindBooking}}}},
		Needs:     []Need{{Resources: []int{0, 1}, Name: "doctor"}, {Resources: []int{2}, Name: "room", Offset: -15 * time.Minute, Length: time.Hour}},
	}
	equal(t, shown(q.Slots(), time.UTC), "Tue 09:00–10:00 [0]", "Tue 10:00–11:00 [0]")
	for _, v := range q.Explain(from.Add(2 * time.Hour)) {
		switch why := v.Reasons[0]; {
		case v.Resource == 2 && why.Why != Booking:
			t.Errorf("the room is explained by %+v", v.Reasons)
		case v.Resource < 2 && (why.Why != PartMissing || !slices.Equal(why.Missing, []string{"room"})):
			t.Errorf("a doctor is explained by %+v", v.Reasons)
		}
	}
	if from, to := q.Reach(); from.Sub(q.From) != -15*time.Minute || to.Sub(q.To) != 45*time.Minute {
		t.Errorf("the query reaches from %s to %s", from, to)
	}
}
