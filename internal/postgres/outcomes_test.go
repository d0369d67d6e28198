package postgres_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// listening runs the listener of another process for as long as the test lasts, and waits until its connection listens.
func (b *bundle) listening() *postgres.Outcomes {
	b.t.Helper()
	other := must(postgres.Open(b.ctx, b.url, 2))
	b.t.Cleanup(other.Close)
	outcomes := postgres.NewOutcomes(other, slog.New(slog.DiscardHandler))
	ready, done := outcomes.Expect(newID())
	defer done()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- outcomes.Run(ctx) }()
	b.t.Cleanup(func() {
		stop()
		check(b.t, <-ended)
	})
	heard(b.t, ready) // every waiter is rung when it begins to listen
	return outcomes
}

func heard(t testing.TB, ch <-chan booking.Announcement) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing heard")
	}
}

func wantSilent(t testing.TB, ch <-chan booking.Announcement) {
	t.Helper()
	select {
	case <-ch:
		t.Error("heard of an outcome")
	default:
	}
}

func TestOutcomesAreAnnounced(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		prepare func(*bundle) (*booking.Booking, *booking.Action)
		want    booking.Result
	}{
		{"of a creation", func(b *bundle) (*booking.Booking, *booking.Action) {
			v := b.at("instant", 9, 10)
			return v, action(v, "confirm")
		}, booking.ResultApplied},
		{"of a move", func(b *bundle) (*booking.Booking, *booking.Action) {
			v := b.booked(b.at("instant", 9, 10))
			return v, action(v, "cancel")
		}, booking.ResultApplied},
		{"of a refusal", func(b *bundle) (*booking.Booking, *booking.Action) {
			v := b.booked(b.at("instant", 9, 10))
			return v, action(v, "pay")
		}, booking.ResultRefused},
		{"of a stillborn booking", func(b *bundle) (*booking.Booking, *booking.Action) {
			b.booked(b.at("instant", 9, 10))
			v := b.at("instant", 9, 10)
			return v, action(v, "confirm")
		}, booking.ResultGone},
		{"of a deleted booking", func(b *bundle) (*booking.Booking, *booking.Action) {
			v := b.played(b.booked(b.at("instant", 9, 10)), "cancel")
			check(b.t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
			return v, action(v, "cancel")
		}, booking.ResultGone},
	}
	for i := range 2 * len(cases) {
		c, process := cases[i/2], []string{"this", "another"}[i%2]
		t.Run(c.name+" to "+process+" process", func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			outcomes := b.listening()
			here := postgres.NewOutcomes(b.DB, slog.New(slog.DiscardHandler)) // without a connection
			if process == "this" {
				outcomes = here
			}
			v, a := c.prepare(b)
			a.Awaited = true
			one, doneOne := outcomes.Expect(a.ID)
			two, doneTwo := outcomes.Expect(a.ID)
			defer doneTwo()
			if v.Seq == 0 {
				must(b.CreateBooking(b.ctx, v, a, graphs.Move{}))
			} else {
				must(b.InsertAction(b.ctx, a, ""))
			}
			wantSilent(t, one)
			wantEqual(t, "result", must(b.Commit(b.ctx, commit(v, a))).Result, c.want)
			heard(t, one)
			heard(t, two)
			doneOne()
			doneOne()
			if known := must(b.Action(b.ctx, a.ID)); known.Status == booking.Pending {
				t.Error("announced before it was decided")
			}
		})
	}
}

// TestOnlyAwaitedOutcomesAreAnnounced: announcements come in the order of commits, so the one that is awaited ends the
// wait for the one that must not come.
func TestOnlyAwaitedOutcomesAreAnnounced(t *testing.T) {
	t.Parallel()
	t.Run("to this process", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.wantOnlyAwaited(postgres.NewOutcomes(b.DB, slog.New(slog.DiscardHandler)))
	})
	t.Run("to another process", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.wantOnlyAwaited(b.listening())
	})
}

func (b *bundle) wantOnlyAwaited(outcomes *postgres.Outcomes) {
	t := b.t
	t.Helper()
	quiet := b.at("instant", 9, 10)
	a := b.create(quiet)
	unheard, done := outcomes.Expect(a.ID)
	defer done()
	must(b.Commit(b.ctx, commit(quiet, a)))

	v := b.at("instant", 10, 11)
	awaited := action(v, "confirm")
	awaited.Awaited = true
	must(b.CreateBooking(b.ctx, v, awaited, takesSlot))
	loud, doneLoud := outcomes.Expect(awaited.ID)
	defer doneLoud()
	in := commit(v, awaited)
	must(b.Commit(b.ctx, in))
	heard(t, loud)
	wantSilent(t, unheard)

	must(b.Commit(b.ctx, in)) // a repeat announces nothing
	last := action(v, "cancel")
	last.Awaited = true
	must(b.InsertAction(b.ctx, last, ""))
	end, doneEnd := outcomes.Expect(last.ID)
	defer doneEnd()
	must(b.Commit(b.ctx, commit(b.known(v), last)))
	heard(t, end)
	wantSilent(t, loud)
	wantSilent(t, unheard)
}

func TestOutcomesComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	outcomes := b.listening()
	v := b.at("instant", 9, 10)
	a := action(v, "confirm")
	a.Awaited = true
	ch, done := outcomes.Expect(a.ID)
	defer done()
	for range 2 {
		b.wantCount(1, `SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'holdfast outcomes') x`)
		heard(t, ch) // it listens again, and says that announcements may have been missed
	}
	must(b.CreateBooking(b.ctx, v, a, takesSlot))
	must(b.Commit(b.ctx, commit(v, a)))
	heard(t, ch)
}

// TestAnnouncementsEndBeforeTheConnections: a process that closes the record has sent what it had to announce.
func TestAnnouncementsEndBeforeTheConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	outcomes := b.listening()
	leaving := must(postgres.Open(b.ctx, b.url, 2))
	var all []<-chan booking.Announcement
	for i := range 20 {
		v := b.at("instant", float64(i), float64(i+1))
		a := action(v, "confirm")
		a.Awaited = true
		must(leaving.CreateBooking(b.ctx, v, a, takesSlot))
		ch, done := outcomes.Expect(a.ID)
		defer done()
		must(leaving.Commit(b.ctx, commit(v, a)))
		all = append(all, ch)
	}
	leaving.Close()
	for _, ch := range all {
		heard(t, ch)
	}
}
