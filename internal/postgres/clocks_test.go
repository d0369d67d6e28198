package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/clock"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// laboratory is a bundle whose app is one for tests.
func laboratory(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.app = b.testApp()
	b.resource, b.calendar = b.newResource(b.app)
	return b
}

func (b *bundle) testApp() *tenant.App {
	b.t.Helper()
	app := &tenant.App{ID: newID(), Name: "lab", Slug: "lab", TestMode: true, WebhookSecret: []byte("sealed")}
	check(b.t, b.CreateApp(b.ctx, app, newKeyOf(app)))
	return app
}

// begin begins an advance by a duration.
func (b *bundle) begin(by time.Duration) *clock.State {
	b.t.Helper()
	s, err := b.BeginAdvance(b.ctx, b.app.ID, newID(), func(now time.Time) (time.Time, error) { return now.Add(by), nil })
	check(b.t, err)
	return s
}

// step sets the clock to a moment.
func (b *bundle) step(s *clock.State, to time.Time) *clock.State {
	b.t.Helper()
	ok, _, err := b.StepClock(b.ctx, b.app.ID, s, to)
	check(b.t, err)
	wantEqual(b.t, "the step is made", ok, true)
	return must(b.Clock(b.ctx, b.app.ID))
}

// arrive lets the clock run on and ends the advance.
func (b *bundle) arrive(s *clock.State) *clock.State {
	b.t.Helper()
	ok, err := b.RunClock(b.ctx, b.app.ID, s)
	check(b.t, err)
	wantEqual(b.t, "the clock runs", ok, true)
	check(b.t, b.EndAdvance(b.ctx, b.app.ID, s.Advance.ID))
	return must(b.Clock(b.ctx, b.app.ID))
}

// unpaid puts a booking on record that has to be paid within five minutes.
func (b *bundle) unpaid(from float64) *booking.Booking {
	b.t.Helper()
	return b.booked(b.at("instant_payment", from, from+1))
}

// TestClocksOfApps: live apps have none; that of a test app stands while it is advanced, one advance at a time, and runs on from its target.
func TestClocksOfApps(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	live := b.newApp("live")
	_, err := b.Clock(b.ctx, live.ID)
	wantCode(t, err, fault.NotFound)
	_, err = b.BeginAdvance(b.ctx, live.ID, newID(), func(now time.Time) (time.Time, error) { return now.Add(time.Hour), nil })
	wantCode(t, err, fault.NotFound)
	wantEqual(t, "a clock that was never moved", must(b.Clock(b.ctx, b.app.ID)).IsZero(), true)

	refusal := fault.Errorf(fault.Invalid, "no")
	_, err = b.BeginAdvance(b.ctx, b.app.ID, newID(), func(time.Time) (time.Time, error) { return time.Time{}, refusal })
	wantCode(t, err, fault.Invalid)
	s := b.begin(30 * time.Hour)
	wantEqual(t, "it stands", s.Stands() && s.Advancing && s.Shows.Equal(s.At) && s.At.Equal(s.Advance.From), true)
	again, err := b.BeginAdvance(b.ctx, b.app.ID, s.Advance.ID, func(now time.Time) (time.Time, error) { return now.Add(time.Hour), nil })
	check(t, err)
	wantEqual(t, "a repeat", again.Advance.To.Equal(s.Advance.To) && again.Revision == s.Revision, true)
	_, err = b.BeginAdvance(b.ctx, b.app.ID, newID(), func(now time.Time) (time.Time, error) { return now.Add(time.Hour), nil })
	wantCode(t, err, fault.ClockAdvancing)

	next := b.step(s, s.At.Add(time.Hour))
	ok, _, err := b.StepClock(b.ctx, b.app.ID, s, s.At.Add(2*time.Hour))
	check(t, err)
	wantEqual(t, "a step from where the clock is not any more", ok, false)
	ok, err = b.RunClock(b.ctx, b.app.ID, s)
	check(t, err)
	wantEqual(t, "the same, to let it run", ok, false)
	check(t, b.EndAdvance(b.ctx, b.app.ID, s.Advance.ID))
	wantEqual(t, "an advance does not end before its clock runs", must(b.Clock(b.ctx, b.app.ID)).Advancing, true)

	end := b.arrive(b.step(next, next.Advance.To))
	wantEqual(t, "it has arrived", !end.Advancing && !end.Stands() && !end.Shows.Before(s.Advance.To), true)
	wantEqual(t, "the app has its clock", must(b.App(b.ctx, b.app.ID)).Clock, end.Clock)
	if ahead := time.Until(end.Shows); ahead < 29*time.Hour || ahead > 31*time.Hour {
		t.Errorf("the clock is %s ahead", ahead)
	}
	apps := must(b.AdvancingApps(b.ctx))
	wantEqual(t, "apps whose clock is being advanced", len(apps), 0)
}

// TestCommitsGoByTheClock: what is made, moved and asked has the app's time, to the moment where the clock stands; live apps have real time.
func TestCommitsGoByTheClock(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	s := b.begin(90 * 24 * time.Hour)
	s = b.step(s, s.At.Add(40*24*time.Hour))
	v := b.unpaid(9)
	for what, at := range map[string]time.Time{"created": v.CreatedAt, "entered": v.EnteredAt, "updated": v.UpdatedAt} {
		wantEqual(t, what, at.Equal(s.At), true)
	}
	wantEqual(t, "the booking has the clock", v.Clock, s.Clock)
	b.wantCount(1, `SELECT count(*) FROM bookings WHERE id = $1 AND deadline_at = entered_at + interval '5 minutes'`, v.ID)
	b.wantCount(1, `SELECT count(*) FROM actions WHERE booking_id = $1 AND created_at = $2`, v.ID, s.At)
	b.wantCount(1, `SELECT count(*) FROM events WHERE booking_id = $1 AND at = $2`, v.ID, s.At)

	next := must(b.NextMoment(b.ctx, b.app.ID, s))
	wantEqual(t, "the next moment", next.Equal(s.At.Add(5*time.Minute)), true)
	s = b.step(s, next)
	left := must(b.Unsettled(b.ctx, b.app.ID, s))
	wantSame(t, "bookings with something due", left.Bookings, []uuid.UUID{v.ID})
	out := must(b.Commit(b.ctx, commit(v, &booking.Action{
		ID: booking.TimerActionID(v.ID, v.Seq, "timeout"), BookingID: v.ID, Name: "timeout", Actor: graphs.ActorTimer,
	})))
	wantEqual(t, "result", out.Result, booking.ResultApplied)
	wantEqual(t, "the moment of the timer", out.Entered.Equal(next), true)
	wantEqual(t, "the outcome has the clock", out.Clock, s.Clock)
	wantEqual(t, "settled", must(b.Unsettled(b.ctx, b.app.ID, s)).Empty(), true)
	wantEqual(t, "nothing else is due", must(b.NextMoment(b.ctx, b.app.ID, s)).Equal(s.Advance.To), true)

	due, count, err := b.Due(b.ctx, b.app.ID, s.Advance, 10)
	check(t, err)
	if count != 1 || len(due) != 1 || due[0].Action != "timeout" || *due[0].BookingID != v.ID || due[0].By != "timer" || !due[0].At.Equal(next) {
		t.Errorf("%d fell due: %+v", count, due)
	}
}

// TestClocksWait: a booking keeps the clock where it is until its workflow has reported that all is done, and so does an action that was
// accepted before, or that a timer has left.
func TestClocksWait(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	v := b.unpaid(9)
	paying := must(b.InsertAction(b.ctx, action(v, "pay"), ""))
	s := b.begin(time.Hour)
	wantEqual(t, "an action is not decided", must(b.Unsettled(b.ctx, b.app.ID, s)).Busy, true)
	out := must(b.Commit(b.ctx, booking.CommitInput{
		BookingID: v.ID, Seq: v.Seq, ActionID: paying.ID, Actor: paying.Actor, Refusal: &booking.Refusal{Code: fault.ActionNotAvailable, Message: "no"},
	}))
	wantEqual(t, "result", out.Result, booking.ResultRefused)
	wantEqual(t, "it is", must(b.Unsettled(b.ctx, b.app.ID, s)).Empty(), true)
	s = b.step(s, s.At.Add(10*time.Minute))
	wantEqual(t, "a timer is due", must(b.Unsettled(b.ctx, b.app.ID, s)).Empty(), false)
	check(t, b.SettleClock(b.ctx, clock.Settled{BookingID: v.ID, Revision: s.Revision - 1}))
	wantEqual(t, "an older step is settled", must(b.Unsettled(b.ctx, b.app.ID, s)).Empty(), false)
	check(t, b.SettleClock(b.ctx, clock.Settled{BookingID: v.ID, Revision: s.Revision}))
	wantEqual(t, "this one is", must(b.Unsettled(b.ctx, b.app.ID, s)).Empty(), true)

	timed := must(b.Timed(b.ctx, b.app.ID, uuid.Nil, 10))
	wantSame(t, "bookings with timers", timed.Timers, []uuid.UUID{v.ID})
	wantEqual(t, "there are no more", timed.More, false)
	end := b.arrive(b.step(s, s.Advance.To))
	late := must(b.BookingsBehindClock(b.ctx, time.Minute, time.Hour, 10))
	if len(late) != 1 || late[0].Booking.ID != v.ID || late[0].App != "lab" || late[0].Booking.Clock != end.Clock {
		t.Errorf("behind their clock: %+v", late)
	}
	wantEqual(t, "by real time it is not late", len(must(b.BookingsWithOverdueTimer(b.ctx, 0, 0, 10))), 0)
}

// TestClocksBringDeliveriesNearer: only those of the app that wait for their next attempt.
func TestClocksBringDeliveriesNearer(t *testing.T) {
	t.Parallel()
	b := laboratory(t)
	hook := b.endpoint("", "").ID
	v := b.unpaid(9)
	b.exec(`UPDATE webhook_deliveries SET next_at = now() + interval '3 hours' WHERE booking_id = '` + v.ID.String() + `'`)
	s := b.begin(time.Hour)
	ok, due, err := b.StepClock(b.ctx, b.app.ID, s, s.At.Add(2*time.Hour))
	check(t, err)
	wantEqual(t, "the step", ok && len(due) == 0, true)
	b.wantCount(1, `SELECT count(*) FROM webhook_deliveries WHERE next_at BETWEEN now() + interval '50 minutes' AND now() + interval '1 hour'`)
	s = must(b.Clock(b.ctx, b.app.ID))
	_, due, err = b.StepClock(b.ctx, b.app.ID, s, s.At.Add(2*time.Hour))
	check(t, err)
	wantSame(t, "endpoints with something due", due, []uuid.UUID{hook})
}
