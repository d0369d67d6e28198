package availability

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestModes(t *testing.T) {
	t.Parallel()
	for _, mode := range Modes() {
		if got, err := ParseMode(string(mode)); err != nil || got != mode {
			t.Errorf("%s: %s, %v", mode, got, err)
		}
	}
	for _, text := range []string{"", "Mutual", "roundrobin"} {
		if mode, err := ParseMode(text); err == nil || mode != "" {
			t.Errorf("%q: %q, %v", text, mode, err)
		}
	}
	_, err := ParseMode("x")
	equal(t, []string{err.Error()}, "must be one of mutual, exclusive, roundrobin_random, roundrobin_prioritized")
}

// three resources: the first is busy at 9 and 10, the second at 10 and 11, the third at 9.
func three(mode Mode, length time.Duration) *Query {
	q := monday("09:00", "13:00", length, []Busy{booked("a", "09:00", "11:00")}, []Busy{booked("b", "10:00", "12:00")}, []Busy{booked("c", "09:00", "10:00")})
	q.Mode = mode
	return q
}

func TestEachMode(t *testing.T) {
	t.Parallel()
	for mode, want := range map[Mode][]string{
		Mutual:                {"Mon 12:00–13:00 [0 1 2]"},
		Exclusive:             {"Mon 09:00–10:00 [1]", "Mon 10:00–11:00 [2]", "Mon 11:00–12:00 [0 2]", "Mon 12:00–13:00 [0 1 2]"},
		RoundRobinPrioritized: {"Mon 09:00–10:00 [1]", "Mon 10:00–11:00 [2]", "Mon 11:00–12:00 [0]", "Mon 12:00–13:00 [0]"},
		"":                    {"Mon 09:00–10:00 [1]", "Mon 10:00–11:00 [2]", "Mon 11:00–12:00 [0 2]", "Mon 12:00–13:00 [0 1 2]"},
	} {
		for _, round := range []bool{true, false} {
			q := three(mode, time.Hour)
			q.RoundToHour = round
			equal(t, shown(q.Slots(), time.UTC), want...)
		}
	}
}

func TestEachModeWithoutLength(t *testing.T) {
	t.Parallel()
	for mode, want := range map[Mode][]string{
		Mutual:                {"Mon 12:00–13:00 [0 1 2]"},
		Exclusive:             {"Mon 09:00–10:00 [1]", "Mon 10:00–11:00 [2]", "Mon 11:00–12:00 [0 2]", "Mon 12:00–13:00 [0 1 2]"},
		RoundRobinPrioritized: {"Mon 09:00–10:00 [1]", "Mon 10:00–11:00 [2]", "Mon 11:00–13:00 [0]"},
	} {
		equal(t, shown(three(mode, 0).Slots(), time.UTC), want...)
	}
}

func TestTakenInEachMode(t *testing.T) {
	t.Parallel()
	for _, length := range []time.Duration{0, time.Hour} {
		equal(t, shown(three(Mutual, length).Taken(), time.UTC), "Mon 09:00–10:00 [0 2]", "Mon 10:00–11:00 [0 1]", "Mon 11:00–12:00 [1]")
		for _, mode := range []Mode{Exclusive, RoundRobinRandom, RoundRobinPrioritized} {
			q := three(mode, length)
			equal(t, shown(q.Taken(), time.UTC))
			q.Resources[2].Busy = []Busy{booked("c", "09:00", "11:30")}
			q.Resources[1].Rules = rulesOf(t, `[{"block_hours":{"start":9,"end":10}}]`)
			want := []string{"Mon 09:00–10:00 [0 2]", "Mon 10:00–11:00 [0 1 2]"}
			equal(t, shown(q.Taken(), time.UTC), want...)
		}
	}
}

func TestRandomOrderSticks(t *testing.T) {
	t.Parallel()
	orders := map[string]int{}
	for seed := range uint64(600) {
		q := monday("09:00", "13:00", time.Hour, []Busy{booked("a", "09:00", "10:00")}, []Busy{booked("b", "11:00", "12:00")}, nil)
		q.Mode, q.Seed = RoundRobinRandom, seed
		first := shown(q.Slots(), time.UTC)
		equal(t, shown(q.Slots(), time.UTC), first...)
		order := q.precedence()
		orders[fmt.Sprint(order)]++
		for _, slot := range q.Slots() {
			busy := map[int]int{9: 0, 11: 1}
			want := order[0]
			if who, is := busy[slot.Start.Hour()]; is && who == want {
				want = order[1]
			}
			if !slices.Equal(slot.Resources, []int{want}) {
				t.Fatalf("order %v gives %v", order, slot)
			}
		}
	}
	for order, n := range orders {
		if len(orders) != 6 || n < 60 || n > 140 {
			t.Fatalf("of 600 seeds %d have the order %s of %d", n, order, len(orders))
		}
	}
}

func TestSlotsOfDifferentPointsAreOrderedByInstant(t *testing.T) {
	t.Parallel()
	q := monday("00:00", "03:00", time.Hour, nil, nil)
	q.Resources[1].Zone = zoneNamed(t, "Asia/Kathmandu") // 5:45 ahead
	equal(t, shown(q.Slots(), time.UTC), "Mon 00:00–01:00 [0]", "Mon 00:15–01:15 [1]", "Mon 01:00–02:00 [0]", "Mon 01:15–02:15 [1]", "Mon 02:00–03:00 [0]")
	q.Mode = Mutual
	equal(t, shown(q.Slots(), time.UTC), "Mon 00:00–01:00 [0 1]", "Mon 01:00–02:00 [0 1]", "Mon 02:00–03:00 [0 1]")
	slices.Reverse(q.Resources)
	equal(t, shown(q.Slots(), time.UTC), "Mon 00:15–01:15 [0 1]", "Mon 01:15–02:15 [0 1]")
}

func TestMutualPacksIntoCommonTime(t *testing.T) {
	t.Parallel()
	q := monday("09:00", "12:00", time.Hour, []Busy{booked("a", "08:00", "09:10")}, []Busy{booked("b", "08:00", "09:25")})
	q.Mode, q.RoundToHour = Mutual, false
	equal(t, shown(q.Slots(), time.UTC), "Mon 09:25–10:25 [0 1]", "Mon 10:25–11:25 [0 1]")
}

// TestTheChoiceOfOneSlotDoesNotTouchAnother guards the memory that slots share.
func TestTheChoiceOfOneSlotDoesNotTouchAnother(t *testing.T) {
	t.Parallel()
	for _, mode := range Modes() {
		q := three(mode, time.Hour)
		slots := q.Slots()
		for i := range slots {
			_ = append(slots[i].Resources, 99)
		}
		equal(t, shown(slots, time.UTC), shown(q.Slots(), time.UTC)...)
	}
}
