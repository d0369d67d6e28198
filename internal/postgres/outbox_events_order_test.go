package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// TestLateCommitsAreNotSkipped holds one commit's transaction open while a later one ends and a reader pages.
func TestLateCommitsAreNotSkipped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.booked(b.at("instant", 1, 2))
	ids := b.all(1)
	tx := must(b.look.Begin(b.ctx))
	defer func() { _ = tx.Rollback(b.ctx) }()
	late := newID()
	must(tx.Exec(b.ctx, `INSERT INTO events (id, app_id, seq, type, data, at) VALUES ($1, $2, 0, 'endpoint.paused', '{}', now())`, late, b.app.ID))
	early := b.booked(b.at("instant", 2, 3))
	wantSame(t, "while the older one is open", b.listed(postgres.EventCursor{ID: ids[0]}, postgres.EventFilter{}), nil)
	check(t, tx.Commit(b.ctx))
	got := b.follow(3, 1)
	wantSame(t, "afterwards", []any{*got[0].BookingID, got[1].ID, *got[2].BookingID}, []any{before.ID, late, early.ID})
}

// TestReaderMeetsACrowd follows by cursor while 50 commit at once.
func TestReaderMeetsACrowd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const crowd, each = 50, 3
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			v := b.at("instant_payment", float64(i), float64(i+1))
			a := action(v, "create")
			_, err := b.CreateBooking(b.ctx, v, a, graphs.Move{})
			for _, next := range []string{"pay", "cancel", ""} {
				if err == nil {
					var out booking.Outcome
					out, err = b.Commit(b.ctx, commit(v, a))
					v.State, v.Seq = out.State, out.Seq
				}
				if err != nil {
					t.Error(err)
					return
				}
				if a = action(v, next); next != "" {
					_, err = b.InsertAction(b.ctx, a, "")
				}
			}
		})
	}
	got := b.follow(crowd*each, 7)
	wg.Wait()
	seen := map[uuid.UUID]bool{}
	for _, c := range got {
		if seen[c.ID] {
			t.Errorf("%s came twice", c.ID)
		}
		seen[c.ID] = true
	}
	wantEqual(t, "changes", len(seen), crowd*each)
	b.chained(got)
}

// chained asserts that the changes of each booking are its transitions, in order and without gaps.
func (b *bundle) chained(all []*outbox.Event) {
	b.t.Helper()
	last := map[uuid.UUID]*outbox.Event{}
	for _, c := range all {
		from, seq := "", 0
		if p := last[*c.BookingID]; p != nil {
			from, seq = p.State, p.Seq
		} else if g := graphOf(b.t, c.Graph); g != nil {
			from = g.Initial
		}
		if c.Seq != seq+1 || c.From != from {
			b.t.Errorf("%s/%d from %s follows %d in %s", c.Type, c.Seq, c.From, seq, from)
		}
		last[*c.BookingID] = c
	}
	b.wantCount(len(all), `SELECT count(*) FROM transitions t JOIN events e ON e.booking_id = t.booking_id AND e.seq = t.seq AND NOT e.test
		AND e.reminder IS NULL AND e.from_state = t.from_state AND e.state = t.to_state AND e.action = t.action AND e.actor = t.actor
		AND e.channel = t.channel AND e.at = t.at AND e.type = 'booking.' || t.to_state`)
	b.wantCount(len(all), `SELECT count(*) FROM transitions`)
	b.wantCount(len(all), `SELECT count(*) FROM events WHERE NOT test AND reminder IS NULL AND booking_id IS NOT NULL`)
}

// TestChangesAreTheTransitions walks bookings at random and reads what is told of them.
func TestChangesAreTheTransitions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var wg sync.WaitGroup
	for side := range 4 {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(seed, uint64(side)))
			for range 15 {
				v := b.at([]string{"instant", "confirm_decline", "instant_payment", "reservation"}[dice.IntN(4)], 0, 1)
				v.Start = monday.Add(time.Duration(dice.IntN(96)) * 15 * time.Minute)
				v.End = v.Start.Add(15 * time.Minute)
				b.wander(v, dice)
			}
		})
	}
	wg.Wait()
	n := b.count(`SELECT count(*) FROM transitions`)
	got := b.follow(n, 10)
	b.chained(got)
	for _, id := range column[uuid.UUID](b, `SELECT id FROM bookings WHERE seq > 0 ORDER BY random() LIMIT 5`) {
		of := slices.DeleteFunc(slices.Clone(got), func(c *outbox.Event) bool { return *c.BookingID != id })
		wantEqual(t, "by the filter", len(b.listed(postgres.EventCursor{}, postgres.EventFilter{Booking: &id})), len(of))
	}
}

// TestABookingsChangesStayInOrder plays an action in a transaction that is older than the one of the action before.
func TestABookingsChangesStayInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant_payment", 9, 10))
	b.exec(`UPDATE events SET written_by = (pg_current_xact_id()::text::bigint + 100)::text::xid8`)
	b.played(v, "pay")
	for range 200 {
		b.exec(`SELECT pg_current_xact_id()`)
	}
	b.chained(b.follow(2, 1))
	b.wantCount(1, `SELECT count(DISTINCT written_by) FROM events`)
}

// TestRestoredChangesAreSeen restores a dump into a server that is younger than the one it is from.
func TestRestoredChangesAreSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 4 {
		b.booked(b.at("instant", float64(i), float64(i+1)))
	}
	ids := b.all(4)
	other := b.newApp("other")
	b.exec(`INSERT INTO events (id, app_id, seq, type, data, at) VALUES ($1, $2, 0, 'endpoint.paused', '{}', now())`, newID(), other.ID)
	untouched := `SELECT written_by::text FROM events WHERE app_id = $1`
	was := first[string](b, untouched, other.ID)
	for i, id := range ids[2:] {
		b.exec(`UPDATE events SET written_by = $2::text::xid8 WHERE id = $1`, id, fmt.Sprint(1_000_000_000_000+i))
	}
	wantSame(t, "before", b.listed(postgres.EventCursor{}, postgres.EventFilter{}), ids[:2])
	must(b.Migrate(b.ctx))
	wantSame(t, "after", b.listed(postgres.EventCursor{}, postgres.EventFilter{}), ids)
	wantSame(t, "to whoever was behind", b.listed(postgres.EventCursor{ID: ids[1]}, postgres.EventFilter{}), ids[2:])
	b.booked(b.at("instant", 9, 10))
	wantSame(t, "and then new ones", b.all(5)[:4], ids)
	must(b.Migrate(b.ctx))
	b.wantCount(1, `SELECT count(*) FROM events WHERE app_id = $1 AND written_by > '3'`, b.app.ID)
	wantEqual(t, "others'", first[string](b, untouched, other.ID), was)
}
