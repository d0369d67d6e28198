package availability

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestAllowedIsWhatTheMinutesSay asks for stretches of random queries, whatever is busy then.
func TestAllowedIsWhatTheMinutesSay(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 26))
	count := map[bool]int{}
	for range 80 {
		zones := []*time.Location{zoneNamed(t, pick(r, oddZones...)), zoneNamed(t, pick(r, oddZones...))}
		s := someStory(t, r, time.Date(2026, 1, 1, 0, r.IntN(525_600), 0, 0, time.UTC), zones[:1+r.IntN(2)]...)
		o := newOracle(t, s.Query, s.common, s.own)
		for range 20 {
			k, minutes := o.index(s.From)+r.IntN(int(s.To.Sub(s.From)/time.Minute)), 1+r.IntN(90)
			q := *s.Query
			q.From, q.To = o.time(k), o.time(k+minutes)
			want := true
			for _, m := range o.lanes {
				want = want && !slices.Contains(m.allowed[k:k+minutes], false)
			}
			if got := q.Allowed(); got != want {
				t.Fatalf("%d minutes from %s: %t, want %t: %s", minutes, q.From, got, want, s)
			}
			count[want]++
		}
	}
	if count[true] < 200 || count[false] < 200 {
		t.Fatalf("%v: one of the answers is too rare to prove much", count)
	}
}
