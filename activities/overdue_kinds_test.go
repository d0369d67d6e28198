package activities

import (
	"fmt"
	"sync"
	"testing"

	"holdfast/graphs"
	"holdfast/internal/await"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// made is a booking on record, confirmed.
func (b *backlog) made(t *testing.T) *booking.Booking {
	t.Helper()
	v, first, m := b.creation(t)
	b.accepted(t, v, first, m)
	b.played(t, v, first, m)
	return v
}

func (b *backlog) accepted(t *testing.T, v *booking.Booking, a *booking.Action, m graphs.Move) {
	t.Helper()
	if _, err := b.DB.CreateBooking(t.Context(), v, a, m); err != nil {
		t.Fatal(err)
	}
}

// played commits an action from where v stands, and moves v along.
func (b *backlog) played(t *testing.T, v *booking.Booking, a *booking.Action, m graphs.Move) {
	t.Helper()
	in := booking.CommitInput{BookingID: v.ID, Seq: v.Seq, ActionID: a.ID, Actor: a.Actor, Move: m}
	if out, err := b.DB.Commit(t.Context(), in); err != nil || out.Result != booking.ResultApplied {
		t.Fatal(out, err)
	}
	v.State, v.Seq = m.To, v.Seq+1
}

// asked is an action on record that nobody has delivered.
func (b *backlog) asked(t *testing.T, v *booking.Booking, name string) *booking.Action {
	t.Helper()
	a := b.first(v)
	a.Name = name
	if _, err := b.DB.InsertAction(t.Context(), a, ""); err != nil {
		t.Fatal(err)
	}
	return a
}

// wantSwept sweeps once, and asserts how many actions were set going and which workflows were started.
func (b *backlog) wantSwept(t *testing.T, want int, started ...string) {
	t.Helper()
	b.overdue(t)
	n, err := (sweeper{b.Activities}).sweepActions(t.Context())
	if n != want || err != nil || fmt.Sprint(b.temporal.started) != fmt.Sprint(started) {
		t.Errorf("set going %d, started %v, %v; want %d, %v", n, b.temporal.started, err, want, started)
	}
}

func (b *backlog) wantRefused(t *testing.T, a *booking.Action, code fault.Code) {
	t.Helper()
	known, err := b.DB.Action(t.Context(), a.ID)
	if err != nil || known.Status != booking.Refused || known.Code != code {
		t.Errorf("%+v, %v; want %s", known, err, code)
	}
}

// TestSweepRefusesWhatIsOver: an action of a booking that is over, or gone, gets its refusal without a workflow.
func TestSweepRefusesWhatIsOver(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	graph, _ := graphs.Named("instant", nil)
	over, gone := b.made(t), b.made(t)
	late, lost := b.asked(t, over, "cancel"), b.asked(t, gone, "cancel")
	b.played(t, over, b.asked(t, over, "cancel"), move(t, graph, "confirmed", "cancel"))
	b.exec(t, `DELETE FROM bookings WHERE id = $1`, gone.ID)
	b.wantSwept(t, 2)
	b.wantRefused(t, late, fault.ActionNotAvailable)
	b.wantRefused(t, lost, fault.NotFound)
	if b.temporal.most > 0 {
		t.Error("Temporal was asked")
	}
}

// TestSweepLeavesCorrectionsToTheirWorkflow: a booking that is over may still be corrected, if its graph says so.
func TestSweepLeavesCorrectionsToTheirWorkflow(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	winner := b.made(t)
	graph, _ := graphs.Named("instant@2", nil)
	v := *winner
	v.ID, v.EventID, v.GraphVersion, v.State, v.Seq = newID(), newID(), graph.Version, graph.Initial, 0
	v.Settings.AllowDoubleBookings = true
	first, m := b.first(&v), move(t, graph, graph.Initial, graph.Start)
	b.accepted(t, &v, first, graphs.Move{})
	b.exec(t, `DELETE FROM occupancies WHERE booking_id = $1`, winner.ID)
	b.played(t, &v, first, m)
	b.played(t, &v, b.asked(t, &v, "complete"), move(t, graph, "confirmed", "complete"))
	mark := b.asked(t, &v, "no_show")
	b.wantSwept(t, 1, "booking-"+v.ID.String())
	if a, err := b.DB.Action(t.Context(), mark.ID); err != nil || a.Status != booking.Pending {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestSweepLeavesSuccessorsToTheirWorkflow, also when their time is another's: more than one workflow has to hear of what
// becomes of them.
func TestSweepLeavesSuccessorsToTheirWorkflow(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	winner, old := b.made(t), b.made(t)
	v := *winner
	v.ID, v.EventID, v.State, v.Seq = newID(), newID(), old.State, 0
	graph, _ := graphs.Named("instant", nil)
	v.State, v.Related.RescheduledFrom = graph.Initial, &old.ID
	first := b.first(&v)
	b.accepted(t, &v, first, graphs.Move{}) // as a version without claims leaves it
	b.wantSwept(t, 1, "booking-"+v.ID.String())
	if a, err := b.DB.Action(t.Context(), first.ID); err != nil || a.Status != booking.Pending {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestSweepLeavesMovesToTheirWorkflow: what a booking that lives is asked for may yet find room, and then its workflow has to know.
func TestSweepLeavesMovesToTheirWorkflow(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	winner := b.made(t)
	graph, _ := graphs.Named("confirm_decline", nil)
	v := *winner
	v.ID, v.EventID, v.Graph, v.GraphVersion, v.State, v.Seq = newID(), newID(), graph.Name, graph.Version, graph.Initial, 0
	first, m := b.first(&v), move(t, graph, graph.Initial, graph.Start)
	first.Name = graph.Start
	b.accepted(t, &v, first, m)
	b.played(t, &v, first, m)
	confirm := b.asked(t, &v, "confirm")
	b.wantSwept(t, 1, "booking-"+v.ID.String())
	if a, err := b.DB.Action(t.Context(), confirm.ID); err != nil || a.Status != booking.Pending {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestSweepMakesWhatFindsRoomAfterAll: the room is free again when the creation that had lost it is committed.
func TestSweepMakesWhatFindsRoomAfterAll(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	winner := b.made(t)
	graph, _ := graphs.Named("instant", nil)
	v := *winner
	v.ID, v.EventID, v.State, v.Seq = newID(), newID(), graph.Initial, 0
	b.accepted(t, &v, b.first(&v), graphs.Move{})
	b.overdue(t)
	cancel := b.asked(t, winner, "cancel")
	tx, err := b.look.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `SELECT FROM bookings WHERE id = $1 FOR UPDATE`, v.ID); err != nil {
		t.Fatal(err)
	}
	var sweep sync.WaitGroup
	sweep.Go(func() {
		if n, err := (sweeper{b.Activities}).sweepActions(t.Context()); n != 1 || err != nil {
			t.Errorf("set going %d, %v", n, err)
		}
	})
	await.True(t, "the sweep's commit waits", func() bool {
		return b.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 1
	})
	b.played(t, winner, cancel, move(t, graph, "confirmed", "cancel"))
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	sweep.Wait()
	if known, err := b.DB.Booking(t.Context(), b.app.ID, v.ID); err != nil || known.State != "confirmed" {
		t.Errorf("%+v, %v", known, err)
	}
	if want := []string{"booking-" + v.ID.String()}; fmt.Sprint(b.temporal.started) != fmt.Sprint(want) {
		t.Errorf("started %v, want %v", b.temporal.started, want)
	}
}

// TestRelayStartsNothing: a booking that gave its place away is told of that, and one whose workflow has ended stays ended.
func TestRelayStartsNothing(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	old := b.made(t)
	graph, _ := graphs.Named("instant", nil)
	v := *old
	v.ID, v.EventID, v.State, v.Seq, v.Related.RescheduledFrom = newID(), newID(), graph.Initial, 0, &old.ID
	first, m := b.first(&v), move(t, graph, graph.Initial, graph.Start)
	b.accepted(t, &v, first, m)
	b.played(t, &v, first, m)
	if err := b.Relay(t.Context(), v.ID); err != nil {
		t.Fatal(err)
	}
	if b.temporal.most != 1 || len(b.temporal.started) > 0 {
		t.Errorf("asked %d at once, started %v", b.temporal.most, b.temporal.started)
	}
	if n := b.count(t, `SELECT count(*) FROM actions WHERE relayed_by = $1 AND told`, v.ID); n != 1 {
		t.Errorf("%d are told", n)
	}
}
