package postgres_test

import (
	"slices"
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
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

// TestAnEmptyRecordIsReadByIndex: a connection that has met the tables while they were empty finds rows by index, and reads no whole table
// when they have grown: its plans stay as they were made.
func TestAnEmptyRecordIsReadByIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	db := must(postgres.Open(b.ctx, b.url, 2))
	const lives = 20
	for n := range lives {
		v := b.at("instant", float64(n), float64(n+1))
		first := action(v, "confirm")
		must(db.CreateBooking(b.ctx, v, first, moveOf(t, v)))
		must(db.Commit(b.ctx, commit(v, first)))
		v.Seq, v.State = 1, "confirmed"
		cancel := action(v, "cancel")
		must(db.InsertMove(b.ctx, v, cancel, commit(v, cancel).Move, ""))
		wantEqual(t, "cancelled", must(db.Commit(b.ctx, commit(v, cancel))).Result, booking.ResultApplied)
	}
	db.Close() // its connections report what they have read as they end
	b.until(`SELECT sum(idx_scan + seq_scan) >= 20 FROM pg_stat_user_tables WHERE relname = 'bookings'`)
	read := column[string](b, `SELECT relname || ': ' || seq_scan FROM pg_stat_user_tables WHERE seq_scan > 0
		AND relname IN ('bookings', 'actions', 'transitions', 'occupancies', 'customers', 'events', 'webhook_deliveries', 'reminders')`)
	wantSame(t, "tables read as a whole", read, []string{})
}
