package postgres_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// TestOneSlotHasOneWinner: 200 bookings of one slot, each with a goroutine of its own.
func TestOneSlotHasOneWinner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	const crowd = 200
	ins := make([]booking.CommitInput, crowd)
	for i := range ins {
		v := b.at("instant", 9, 10)
		ins[i] = commit(v, b.create(v))
	}
	outs, errs := make([]booking.Outcome, crowd), make([]error, crowd)
	together(crowd, func(i int) { outs[i], errs[i] = b.Commit(ctx, ins[i]) })
	won := 0
	for i, out := range outs {
		check(t, errs[i])
		switch {
		case out.Result == booking.ResultApplied:
			won++
		case out.Result != booking.ResultGone || out.Code != fault.SlotTaken:
			t.Errorf("a loser got %+v", out)
		}
	}
	wantEqual(t, "winners", won, 1)
	b.wantCount(1, `SELECT count(*) FROM bookings`)
	b.wantCount(1, `SELECT count(*) FROM occupancies`)
	b.wantCount(crowd-1, `SELECT count(*) FROM actions WHERE status = 'refused' AND code = 'slot_taken'`)
	b.wantNoDeadlock()
	b.sound()
}

// TestOneConfirmHasOneWinner is the same for bookings that live on after they lose.
func TestOneConfirmHasOneWinner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wantEqual(t, "winners", b.raceConfirms(b.DB, 50), 1)
	b.wantCount(1, `SELECT count(*) FROM occupancies`)
	b.sound()
}

// raceConfirms confirms requests of one time that claim nothing before their commits, all at once, and returns how many were confirmed.
// The others stay as they are.
func (b *bundle) raceConfirms(db *postgres.DB, crowd int) (won int) {
	b.t.Helper()
	ins := make([]booking.CommitInput, crowd)
	for i := range ins {
		v := b.booked(b.at("confirm_decline", 9, 10))
		ins[i] = commit(v, must(b.InsertAction(b.ctx, action(v, "confirm"), "")))
	}
	outs, errs := make([]booking.Outcome, crowd), make([]error, crowd)
	together(crowd, func(i int) { outs[i], errs[i] = db.Commit(b.ctx, ins[i]) })
	for i, out := range outs {
		check(b.t, errs[i])
		if out.Result == booking.ResultApplied {
			won++
		} else {
			wantEqual(b.t, "loser", words(out.Result, out.Code, out.State, out.Seq), "refused slot_taken tentative 1")
		}
	}
	return won
}

// TestRandomRaces books, confirms, pays and cancels at random on five resources, from eight sides at once.
func TestRandomRaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	type place struct {
		*catalogue.Resource
		*catalogue.Calendar
	}
	places := []place{{b.resource, b.calendar}}
	for len(places) < 5 {
		r, c := b.newResource(b.app)
		places = append(places, place{r, c})
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var wg sync.WaitGroup
	for side := range 8 {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(seed, uint64(side)))
			for range 30 {
				v := b.at([]string{"instant", "confirm_decline", "instant_payment"}[dice.IntN(3)], 0, 1)
				p := places[dice.IntN(len(places))]
				v.Resource, v.Calendar = *p.Resource, *p.Calendar
				v.Start = monday.Add(time.Duration(dice.IntN(48)) * 15 * time.Minute)
				v.End = v.Start.Add(time.Duration(1+dice.IntN(8)) * 15 * time.Minute)
				b.wander(v, dice)
			}
		})
	}
	wg.Wait()
	b.sound()
	b.wantCount(0, `SELECT count(*) FROM occupancies o JOIN bookings b ON b.id = o.booking_id
		WHERE o.during <> tstzrange(b.start_at, b.end_at, '[)') OR o.resource_id <> b.resource_id`)
	b.wantNoDeadlock()
	if n := b.count(`SELECT count(*) FROM occupancies`); n < 20 {
		t.Errorf("only %d stretches are taken: this was no race", n)
	}
}

// wander walks a booking a random way, as its workflow would; it need not come to an end.
func (b *bundle) wander(v *booking.Booking, dice *rand.Rand) {
	a := action(v, graphOf(b.t, v.Graph).Start)
	if _, err := b.CreateBooking(b.ctx, v, a, graphs.Move{}); err != nil {
		b.t.Error(err)
		return
	}
	for {
		out, err := b.Commit(b.ctx, commit(v, a))
		if err != nil {
			b.t.Error(err)
			return
		}
		v.State, v.Seq = out.State, out.Seq
		open := graphOf(b.t, v.Graph).OpenTo(v.State, graphs.ActorAPI)
		if out.Result == booking.ResultGone || len(open) == 0 || dice.IntN(3) == 0 {
			return
		}
		a = action(v, open[dice.IntN(len(open))])
		if _, err := b.InsertAction(b.ctx, a, ""); err != nil {
			b.t.Error(err)
			return
		}
	}
}

// TestManyActionsOnOneBooking plays 100 different actions at once. Those that find the record further than they knew
// ask the graph again from there, as the workflow does.
func TestManyActionsOnOneBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant_payment", 9, 10))
	names := []string{"pay", "timeout", "cancel", "complete"}
	errs, results := make([]error, 100), make([]booking.Result, 100)
	together(len(errs), func(i int) {
		mine := *v
		a := action(v, names[i%len(names)])
		if _, errs[i] = b.InsertAction(b.ctx, a, ""); errs[i] != nil {
			return
		}
		for results[i] = booking.ResultStale; results[i] == booking.ResultStale; {
			out, err := b.Commit(b.ctx, commit(&mine, a))
			if err != nil {
				errs[i] = err
				return
			}
			mine.State, mine.Seq, results[i] = out.State, out.Seq, out.Result
		}
	})
	applied := 0
	for i, err := range errs {
		check(t, err)
		if results[i] == booking.ResultApplied {
			applied++
		}
	}
	v = b.known(v)
	wantEqual(t, "over", v.Completed, true)
	wantEqual(t, "applied, with the creation", applied+1, v.Seq)
	b.wantCount(v.Seq, `SELECT count(*) FROM actions WHERE status = 'applied'`)
	b.wantCount(101-v.Seq, `SELECT count(*) FROM actions WHERE status = 'refused'`)
	b.sound()
}

// TestSlotGoesRound sells one slot again and again, each time after it was given back.
func TestSlotGoesRound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 10 {
		b.played(b.booked(b.at("instant", 9, 10)), "cancel")
	}
	b.wantCount(0, `SELECT count(*) FROM occupancies`)
	b.sound()
}
