package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/clock"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// timer commits the timer of a booking that is due where the clock stands.
func (b *bundle) timer(v *booking.Booking, name string) {
	b.t.Helper()
	v = b.known(v)
	out := must(b.Commit(b.ctx, commit(v, &booking.Action{
		ID: booking.TimerActionID(v.ID, v.Seq, name), BookingID: v.ID, Name: name, Actor: graphs.ActorTimer,
	})))
	wantEqual(b.t, name, out.Result, booking.ResultApplied)
}

// TestMarksFollowTheClock: who did not come is marked from ten minutes after the start until seven days after the end, by the app's time.
func TestMarksFollowTheClock(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	s := b.begin(90 * 24 * time.Hour)
	v := b.at("instant@2", 9, 10)
	v.Start = s.At.Add(40 * 24 * time.Hour)
	v.End = v.Start.Add(time.Hour)
	v = b.booked(v)
	late := b.at("instant@2", 9, 10)
	late.Start, late.End = v.End, v.End.Add(time.Hour)
	late = b.booked(late)
	for _, c := range []struct {
		at   time.Time
		code fault.Code
	}{{s.At, fault.TooEarly}, {v.Start.Add(9 * time.Minute), fault.TooEarly}, {v.Start.Add(10 * time.Minute), ""}} {
		if c.at.After(s.At) {
			s = b.step(s, c.at)
		}
		known, out := b.play(v, "no_show")
		if c.code != "" {
			b.wantRefused("at "+c.at.String(), out, c.code, v, "confirmed")
			continue
		}
		wantEqual(t, "within the window", words(out.Result, known.State, known.EnteredAt.Equal(s.At)), words(booking.ResultApplied, "no_show", true))
	}
	s = b.step(s, late.End)
	b.timer(late, "complete")
	b.step(s, late.End.Add(7*24*time.Hour+time.Second))
	_, out := b.play(late, "no_show")
	b.wantRefused("a week later", out, fault.TooLate, late, "completed")
}

// TestLimitsFollowTheClock: a booking that was not paid in time, by the app's clock, counts no more.
func TestLimitsFollowTheClock(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	oneADay := func(from float64) *booking.Booking {
		v := b.at("instant_payment", from, from+1)
		v.Policy = policy.NewSnapshot(policy.Policy{Limits: &[]policy.Limit{{Per: policy.PerResource, Unit: policy.Day, Max: 1}}}, nil)
		return v
	}
	unpaid := b.booked(oneADay(9))
	full := func(when string) {
		t.Helper()
		_, err := b.try(oneADay(11))
		if fault.CodeOf(err) != fault.LimitReached {
			t.Errorf("%s: %v, want %s", when, err, fault.LimitReached)
		}
	}
	s := b.begin(time.Hour)
	full("before the time is over")
	s = b.step(s, must(b.NextMoment(b.ctx, b.app.ID, s)))
	wantEqual(t, "the moment", s.At.Equal(unpaid.EnteredAt.Add(5*time.Minute)), true)
	b.timer(unpaid, "timeout")
	next := b.booked(oneADay(11))
	wantEqual(t, "it is made at that moment", next.CreatedAt.Equal(s.At), true)
	full("the day is taken again")
}

// TestCommitsAndStepsWait: a commit waits while the clock is set, and has the time that it shows then; a clock is not moved while a
// transaction goes by it.
func TestCommitsAndStepsWait(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	v := b.unpaid(9)
	paying := must(b.InsertAction(b.ctx, action(v, "pay"), ""))
	locked, released := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	defer release()
	begun, committed := make(chan *clock.State, 1), make(chan booking.Outcome, 1)
	go func() {
		s, err := b.BeginAdvance(b.ctx, b.app.ID, newID(), func(now time.Time) (time.Time, error) {
			close(locked)
			<-released
			return now.Add(time.Hour), nil
		})
		if err != nil {
			t.Error(err)
		}
		begun <- s
	}()
	<-locked
	go func() {
		out, err := b.Commit(b.ctx, commit(v, paying))
		if err != nil {
			t.Error(err)
		}
		committed <- out
	}()
	b.until(fmt.Sprintf(waiting, 1))
	release()
	s, out := <-begun, <-committed
	wantEqual(t, "paid where the clock stands", words(out.Result, out.Entered.Equal(s.At), out.Clock == s.Clock), words(booking.ResultApplied, true, true))

	tx := must(b.look.Begin(b.ctx))
	defer func() { _ = tx.Rollback(b.ctx) }()
	_, err := tx.Exec(b.ctx, `SELECT FROM apps WHERE id = $1 FOR SHARE`, b.app.ID) // as a commit reads the clock
	check(t, err)
	stepped := make(chan bool, 1)
	go func() {
		ok, _, err := b.StepClock(b.ctx, b.app.ID, s, s.At.Add(time.Minute))
		if err != nil {
			t.Error(err)
		}
		stepped <- ok
	}()
	b.until(fmt.Sprintf(waiting, 1))
	check(t, tx.Commit(b.ctx))
	wantEqual(t, "the step is made then", <-stepped, true)
}
