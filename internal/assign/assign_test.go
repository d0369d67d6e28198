package assign_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/assign"
	"holdfast/internal/fault"
)

var noon = time.Date(2026, 12, 7, 12, 0, 0, 0, time.UTC)

// id is an id that sorts by its number.
func id(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("00000000-0000-4000-8000-%012d", n)) }

// team is a pool that is chosen from in memory, as the record does it.
type team struct {
	t    *testing.T
	how  assign.Assign
	all  []assign.Candidate
	at   assign.At
	made int // bookings
}

func newTeam(t *testing.T, how assign.Assign, n int) *team {
	t.Helper()
	pool := &team{t: t, how: how, at: assign.At{Now: noon, Minutes: 60}}
	for i := range n {
		pool.all = append(pool.all, assign.Candidate{ID: id(i + 1), Position: i + 1, Since: noon.Add(-time.Hour)})
	}
	return pool
}

// book chooses for a booking of some minutes, with somebody busy, and counts it. It returns the number of the chosen; 0 for nobody.
func (p *team) book(minutes int, busy ...int) int {
	p.t.Helper()
	p.made++
	p.at.Now, p.at.Minutes, p.at.Seed = p.at.Now.Add(time.Minute), minutes, id(1_000_000+p.made)
	whyNot := map[uuid.UUID]string{}
	for _, n := range busy {
		whyNot[id(n)] = assign.Busy
	}
	s := p.how.Select(p.all, p.at, whyNot)
	picked, ok := s.First()
	if !ok {
		return 0
	}
	for i := range p.all {
		c := &p.all[i]
		if c.ID == picked || slices.Contains(s.Skipped(picked), c.ID) {
			c.Bookings, c.Minutes, c.Since = c.Bookings+1, c.Minutes+float64(minutes), p.at.Now
		}
	}
	return 1 + slices.IndexFunc(p.all, func(c assign.Candidate) bool { return c.ID == picked })
}

// TestTenThousand: at each of 10,000 bookings everybody lies within one booking of their share by weight, whatever the weights.
func TestTenThousand(t *testing.T) {
	t.Parallel()
	for name, weights := range map[string][]int{
		"equal":                 {1, 1, 1, 1, 1, 1, 1},
		"unequal":               {1, 2, 3, 5, 8, 13},
		"one large, many small": append([]int{100}, slices.Repeat([]int{1}, 50)...),
		"alone":                 {7},
		"two":                   {1, 999},
		"random":                randomWeights(40),
		"where the furthest behind is not enough": {1, 15, 50, 15, 15, 1, 1, 3, 50, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			how := assign.Assign{Strategy: assign.Fair, Weights: map[string]int{}}
			sum := 0
			for i, w := range weights {
				how.Weights[id(i+1).String()] = w
				sum += w
			}
			p, worst := newTeam(t, how, len(weights)), 0.0
			for n := 1; n <= 10_000; n++ {
				p.book(60)
				for i, c := range p.all {
					worst = max(worst, math.Abs(c.Bookings-float64(n*weights[i])/float64(sum)))
				}
			}
			if worst >= 1 {
				t.Errorf("somebody was %.3f bookings away from their share", worst)
			}
		})
	}
}

func randomWeights(n int) (all []int) {
	draw := rand.New(rand.NewPCG(1, 2))
	for range n {
		all = append(all, 1+draw.IntN(1000))
	}
	return all
}

// TestMinutesAreShared: counted in minutes, everybody lies within the longest booking of their share.
func TestMinutesAreShared(t *testing.T) {
	t.Parallel()
	how := assign.Assign{Strategy: assign.Fair, Count: assign.Minutes, Weights: map[string]int{id(1).String(): 2}}
	p, draw, total := newTeam(t, how, 4), rand.New(rand.NewPCG(3, 4)), 0
	for range 10_000 {
		minutes := []int{15, 30, 45, 120}[draw.IntN(4)]
		p.book(minutes)
		total += minutes
		for i, c := range p.all {
			share := float64(total) / 5
			if i == 0 {
				share *= 2
			}
			if d := math.Abs(c.Minutes - share); d > 120 {
				t.Fatalf("after %d minutes %d is %.0f minutes away from its share", total, i+1, d)
			}
		}
	}
}

// TestRandomFollowsTheWeights: lots are drawn from the id of the booking alone.
func TestRandomFollowsTheWeights(t *testing.T) {
	t.Parallel()
	p := newTeam(t, assign.Assign{Strategy: assign.Random, Weights: map[string]int{id(3).String(): 3}}, 3)
	got := map[int]int{}
	for range 10_000 {
		got[p.book(60)]++
	}
	for n, want := range map[int]int{1: 2000, 2: 2000, 3: 6000} {
		if d := got[n] - want; d < -200 || d > 200 {
			t.Errorf("%d was chosen %d times, want about %d", n, got[n], want)
		}
	}
}

// TestTheSameComesOut: the order in which the pool is read does not matter, and nothing else does.
func TestTheSameComesOut(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(5, 6))
	for _, strategy := range assign.Strategies {
		p := newTeam(t, assign.Assign{Strategy: strategy}, 12)
		for i := range p.all {
			p.all[i].Bookings, p.all[i].Since = float64(draw.IntN(3)), noon.Add(-time.Duration(draw.IntN(3))*time.Hour)
		}
		at := assign.At{Now: noon, Minutes: 30, Seed: id(77), Last: id(9)}
		first := p.how.Rank(p.all, at)
		for range 20 {
			mixed := slices.Clone(p.all)
			draw.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			if again := p.how.Rank(mixed, at); !slices.Equal(first, again) {
				t.Errorf("%s: %v, then %v", strategy, first, again)
			}
		}
	}
}

// TestOrders is a table of who comes first, by strategy.
func TestOrders(t *testing.T) {
	t.Parallel()
	pool := []assign.Candidate{
		{ID: id(4), Position: 1, Bookings: 3, Minutes: 30, Since: noon.Add(-2 * time.Hour)},
		{ID: id(3), Position: 2, Bookings: 1, Minutes: 90, Since: noon.Add(-1 * time.Hour)},
		{ID: id(2), Position: 3, Bookings: 1, Minutes: 60, Since: noon.Add(-3 * time.Hour)},
		{ID: id(1), Position: 4, Bookings: 1, Minutes: 60, Since: noon.Add(-3 * time.Hour)},
	}
	for _, c := range []struct {
		how  assign.Assign
		last int
		want string
	}{
		{assign.Assign{Strategy: assign.Fair}, 0, "1 2 3 4"}, // the same share: by the wait, then by id
		{assign.Assign{Strategy: assign.Fair, Count: assign.Minutes}, 0, "4 1 2 3"},
		{assign.Assign{Strategy: assign.Fair, Weights: map[string]int{id(4).String(): 9}}, 0, "4 1 2 3"},
		{assign.Assign{Strategy: assign.LeastBusy}, 0, "1 2 3 4"},
		{assign.Assign{Strategy: assign.LeastBusy, Count: assign.Minutes}, 0, "4 1 2 3"},
		{assign.Assign{Strategy: assign.LongestIdle}, 0, "1 2 4 3"},
		{assign.Assign{Strategy: assign.Priority}, 0, "4 3 2 1"},
		{assign.Assign{Strategy: assign.SameAsLast}, 0, "1 2 3 4"},
		{assign.Assign{Strategy: assign.SameAsLast}, 4, "4 1 2 3"},
		{assign.Assign{Strategy: assign.SameAsLast}, 99, "1 2 3 4"}, // who is not in the pool any more
	} {
		got := []string{}
		for _, r := range c.how.Rank(pool, assign.At{Now: noon, Minutes: 30, Last: id(c.last)}) {
			got = append(got, strings.TrimLeft(r.ID.String()[24:], "0"))
		}
		if have := strings.Join(got, " "); have != c.want {
			t.Errorf("%+v: %s, want %s", c.how, have, c.want)
		}
	}
}

// TestScores: the score of fair is how many bookings somebody is behind their share, this one included.
func TestScores(t *testing.T) {
	t.Parallel()
	pool := []assign.Candidate{{ID: id(1), Bookings: 3, Minutes: 90}, {ID: id(2), Bookings: 1, Minutes: 60}}
	for text, how := range map[string]assign.Assign{
		"1.5 -0.5":  {Strategy: assign.Fair},
		"0.75 0.25": {Strategy: assign.Fair, Count: assign.Minutes},
		"1 3":       {Strategy: assign.LeastBusy},
	} {
		ranked := how.Rank(pool, assign.At{Now: noon, Minutes: 60})
		if got := fmt.Sprintf("%g %g", ranked[0].Score, ranked[1].Score); got != text {
			t.Errorf("%+v: the scores are %s, want %s", how, got, text)
		}
	}
}

// TestWhoWasBusyCatchesUp: who could not be chosen gets more afterwards until all are level; with catch_up false nobody gets more than the
// others.
func TestWhoWasBusyCatchesUp(t *testing.T) {
	t.Parallel()
	for _, strategy := range []assign.Strategy{assign.Fair, assign.LeastBusy, assign.SameAsLast, assign.LongestIdle} {
		for _, catches := range []bool{true, false} {
			p := newTeam(t, assign.Assign{Strategy: strategy, CatchUp: &catches}, 3)
			for range 20 {
				if p.book(60, 1) == 1 {
					t.Fatal("who is busy was chosen")
				}
			}
			got := map[int]int{}
			for range 9 {
				got[p.book(60)]++
			}
			// The two others are 10 bookings ahead: with fair counts, 1 gets all nine. Who has waited longest gets one and waits again.
			want := 3
			if catches && strategy != assign.LongestIdle {
				want = 9
			}
			if got[1] != want {
				t.Errorf("%s, catch_up %v: who was busy got %d of 9, want %d", strategy, catches, got[1], want)
			}
		}
	}
}

// TestLongestIdleKeepsItsTurn: who was passed by is the next one; with catch_up false the turn is over.
func TestLongestIdleKeepsItsTurn(t *testing.T) {
	t.Parallel()
	for _, catches := range []bool{true, false} {
		p := newTeam(t, assign.Assign{Strategy: assign.LongestIdle, CatchUp: &catches}, 3)
		for range 3 {
			p.book(60)
		}
		p.book(60, 1)
		if got, want := p.book(60), map[bool]int{true: 1, false: 3}[catches]; got != want {
			t.Errorf("catch_up %v: %d comes next, want %d", catches, got, want)
		}
	}
}

// TestANewcomerIsLevel: a newcomer begins at the lowest share of the others, by its own weight, and does not get everything.
func TestANewcomerIsLevel(t *testing.T) {
	t.Parallel()
	how := assign.Assign{Strategy: assign.Fair, Weights: map[string]int{id(2).String(): 2, id(5).String(): 3}}
	p := newTeam(t, how, 4)
	for range 100 { // 20, 40, 20, 20
		p.book(60)
	}
	newcomer := assign.Candidate{ID: id(5), Position: 5, Since: p.at.Now}
	like, times := how.Lift(newcomer, p.all)
	if like != id(1) || times != 3 {
		t.Fatalf("it is counted as %g times %s", times, like)
	}
	newcomer.Bookings, newcomer.Minutes = times*p.all[0].Bookings, times*p.all[0].Minutes
	p.all = append(p.all, newcomer)
	got := map[int]int{}
	for range 8 {
		got[p.book(60)]++
	}
	if got[5] != 3 || got[2] != 2 || got[1] != 1 {
		t.Errorf("of eight bookings they got %v", got)
	}
	back := assign.Candidate{ID: id(6), Bookings: 11}
	if like, times := (assign.Assign{Strategy: assign.Fair}).Lift(back, p.all[:1]); like != id(1) || math.Abs(11+times*p.all[0].Bookings-21) > 1e-9 {
		t.Errorf("who comes back with 11 bookings gets %g times %g, and should have 21", times, p.all[0].Bookings)
	}
	for what, c := range map[string]assign.Candidate{"who has more": {ID: id(6), Bookings: 50}, "who has as much": {ID: id(6), Bookings: 21}} {
		if _, times := (assign.Assign{Strategy: assign.Fair}).Lift(c, p.all[:1]); times != 0 {
			t.Errorf("%s is lifted by %g", what, times)
		}
	}
	if _, times := how.Lift(newcomer, nil); times != 0 {
		t.Errorf("the first one is lifted by %g", times)
	}
	if _, times := how.Lift(newcomer, []assign.Candidate{{ID: id(1)}}); times != 0 {
		t.Errorf("where nobody has anything, the newcomer is lifted by %g", times)
	}
}

// TestWhatIsKept: an assignment lists everybody with a score and why not, and a large pool is cut, but for who was picked.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	p := newTeam(t, assign.Assign{Strategy: assign.Priority}, 4)
	s := p.how.Select(p.all, p.at, map[uuid.UUID]string{id(1): assign.Busy, id(3): string(fault.LimitReached)})
	picked, _ := s.First()
	text, _ := json.Marshal(s.Assignment(picked, ""))
	want := `{"strategy":"priority","picked":"` + id(2).String() + `","considered":[{"resource_id":"` + id(1).String() + `","score":1,"why_not":"busy"},` +
		`{"resource_id":"` + id(2).String() + `","score":2},{"resource_id":"` + id(3).String() + `","score":3,"why_not":"limit_reached"},` +
		`{"resource_id":"` + id(4).String() + `","score":4,"why_not":"outranked"}]}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	p = newTeam(t, assign.Assign{Strategy: assign.Priority}, 60)
	all := p.how.Select(p.all, p.at, nil).Assignment(id(58), assign.Named)
	if n := len(all.Considered); n != assign.MaxConsidered || all.Considered[n-1].Resource != id(58).String() || all.Considered[n-1].WhyNot != "" {
		t.Errorf("%d are listed, the last is %+v", n, all.Considered[len(all.Considered)-1])
	}
	if _, ok := p.how.Select(nil, p.at, nil).First(); ok {
		t.Error("of nobody somebody was chosen")
	}
}

// TestCheck: what makes no sense, or has no meaning with the strategy, is refused by its field.
func TestCheck(t *testing.T) {
	t.Parallel()
	one := id(1).String()
	for text, want := range map[string]string{
		`{}`:                  "",
		`{"strategy":"fair"}`: "",
		`{"strategy":"random","weights":{"` + one + `":1000}}`:                                                      "",
		`{"strategy":"same_as_last","weights":{"` + one + `":1},"window":"P2W","count":"minutes","catch_up":false}`: "",
		`{"strategy":"longest_idle","catch_up":true}`:                                                               "",
		`{"strategy":"best"}`: "strategy",
		`{"window":"P30D"}`:   "strategy",
		`{"strategy":"priority","weights":{"` + one + `":2}}`:                          "weights",
		`{"strategy":"fair","weights":{"` + one + `":0}}`:                              "weights." + one,
		`{"strategy":"fair","weights":{"` + one + `":1001}}`:                           "weights." + one,
		`{"strategy":"fair","weights":{"ann":2}}`:                                      "weights",
		`{"strategy":"fair","weights":{"` + strings.ReplaceAll(one, "-", "") + `":2}}`: "weights",
		`{"strategy":"longest_idle","window":"P1D"}`:                                   "window",
		`{"strategy":"random","count":"minutes"}`:                                      "count",
		`{"strategy":"random","catch_up":true}`:                                        "catch_up",
		`{"strategy":"fair","count":"hours"}`:                                          "count",
	} {
		var how assign.Assign
		if err := json.Unmarshal([]byte(text), &how); err != nil {
			t.Fatal(err)
		}
		problems := fault.Problems{}
		how.Check("assign", problems)
		switch {
		case want == "" && len(problems) > 0:
			t.Errorf("%s is refused: %v", text, problems)
		case want != "" && (len(problems) != 1 || problems["assign."+want] == nil):
			t.Errorf("%s: %v, want a problem of %s", text, problems, want)
		}
	}
	for text, want := range map[string]int{"P1D": 1, "P366D": 366, "P2W": 14, "P52W": 364, "": 30} {
		if got := (assign.Assign{Window: text}).WindowDays(); got != want {
			t.Errorf("%q is %d days, want %d", text, got, want)
		}
	}
	for _, text := range []string{"P0D", "P367D", "P53W", "P-1D", "P1M", "PT24H", "30D", "P+3D", "P030D", "PD", "P", "P1D ", "p1d", "P99999999999999999999D"} {
		problems := fault.Problems{}
		assign.Assign{Strategy: assign.Fair, Window: text}.Check("assign", problems)
		if problems["assign.window"] == nil {
			t.Errorf("%q is taken for a window", text)
		}
	}
}
