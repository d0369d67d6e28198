package postgres_test

import (
	"slices"
	"testing"
	"time"

	"holdfast/internal/booking"
)

// BenchmarkLife is what the record does for a booking that is created, confirmed and cancelled, one at a time, in microseconds at p50 for
// each step. The steps are those of the API and of the booking's workflow.
func BenchmarkLife(b *testing.B) {
	s := setup(b)
	took := map[string][]time.Duration{}
	step := func(name string, do func()) {
		began := time.Now()
		do()
		took[name] = append(took[name], time.Since(began))
	}
	move := func(v *booking.Booking, a *booking.Action) {
		if out, err := s.Commit(s.ctx, commit(v, a)); err != nil || out.Result != booking.ResultApplied {
			b.Fatal(out, err)
		}
	}
	for n := 0; b.Loop(); n++ {
		v := s.at("instant", float64(n), float64(n+1))
		var a *booking.Action
		step("create", func() { a = s.accepted(v) })
		step("confirm", func() { move(v, a) })
		step("look", func() { v = s.known(v) })
		step("ask", func() { a = must(s.ask(v, "cancel")) })
		step("cancel", func() { move(v, a) })
		step("outcome", func() { _, _, err := s.Outcome(s.ctx, a.ID); check(b, err) })
	}
	for name, all := range took {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds()), name+"-us")
	}
}
