package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"holdfast/graphs"
	"holdfast/internal/await"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// tables is the whole record as text, for asserting that something changed nothing.
func (b *bundle) tables() string {
	b.t.Helper()
	text := ""
	for _, name := range column[string](b, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`) {
		text += first[string](b, `SELECT COALESCE(string_agg(x::text, E'\n' ORDER BY x::text), '') FROM `+name+` x`) + "\n"
	}
	return text
}

func TestCommitRepeated(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		prepare func(*bundle) booking.CommitInput
		want    booking.Result
	}{
		{"a first action", func(b *bundle) booking.CommitInput {
			v := b.at("instant", 9, 10)
			return commit(v, b.create(v))
		}, booking.ResultApplied},
		{"an applied action", func(b *bundle) booking.CommitInput {
			v := b.booked(b.at("instant", 9, 10))
			return commit(v, must(b.InsertAction(b.ctx, action(v, "cancel"), "link")))
		}, booking.ResultApplied},
		{"a timer", func(b *bundle) booking.CommitInput {
			v := b.booked(b.at("instant_payment", 9, 10))
			return commit(v, &booking.Action{ID: booking.TimerActionID(v.ID, v.Seq, "timeout"), Name: "timeout", Actor: graphs.ActorTimer})
		}, booking.ResultApplied},
		{"a refused action", func(b *bundle) booking.CommitInput {
			v := b.booked(b.at("instant", 9, 10))
			return commit(v, must(b.InsertAction(b.ctx, action(v, "pay"), "link")))
		}, booking.ResultRefused},
		{"a slot that was taken", func(b *bundle) booking.CommitInput {
			b.booked(b.at("instant", 9, 10))
			v := b.booked(b.at("confirm_decline", 9, 10))
			return commit(v, must(b.InsertAction(b.ctx, action(v, "confirm"), "")))
		}, booking.ResultRefused},
		{"a stillborn booking", func(b *bundle) booking.CommitInput {
			b.booked(b.at("instant", 9, 10))
			v := b.at("instant", 9.5, 10.5)
			return commit(v, b.create(v))
		}, booking.ResultGone},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.endpoint("", "")
			in := c.prepare(b)
			once := must(b.Commit(b.ctx, in))
			wantEqual(t, "result", once.Result, c.want)
			once.Wake = nil
			if once.Result == booking.ResultGone { // where it stood before it was erased is forgotten
				once = booking.Outcome{Result: once.Result, Code: once.Code}
			}
			before := b.tables()
			for _, seq := range []int{in.Seq, 0, in.Seq + 7} { // a run that lost its memory repeats with an older one
				in.Seq = seq
				again := must(b.Commit(b.ctx, in))
				wantEqual(t, fmt.Sprintf("repeat with seq %d", seq), fmt.Sprint(again), fmt.Sprint(once))
			}
			if after := b.tables(); before != after {
				t.Errorf("a repeat changed the record:\n%s\n%s", before, after)
			}
			b.sound()
		})
	}
}

// TestCommitAtOnce holds the booking until some of the tries wait for it, so that they do meet.
func TestCommitAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint("", "")
	v := b.booked(b.at("instant", 9, 10))
	in := commit(v, must(b.InsertAction(b.ctx, action(v, "cancel"), "")))
	outs := make([]booking.Outcome, 20)
	errs := make([]error, len(outs))
	release := b.holdBooking(v)
	var waiting sync.WaitGroup
	waiting.Go(func() { together(len(outs), func(i int) { outs[i], errs[i] = b.Commit(b.ctx, in) }) })
	b.until(`SELECT count(*) >= 4 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	release()
	waiting.Wait()
	for i := range outs {
		check(t, errs[i])
		outs[i].Wake = nil
		wantEqual(t, "outcome", fmt.Sprint(outs[i]), fmt.Sprint(outs[0]))
	}
	wantEqual(t, "result", outs[0].Result, booking.ResultApplied)
	wantEqual(t, "seq", b.known(v).Seq, 2)
	b.wantCount(2, `SELECT count(*) FROM webhook_deliveries`)
	b.sound()
}

// holdBooking locks a booking's row until release.
func (b *bundle) holdBooking(v *booking.Booking) (release func()) {
	b.t.Helper()
	tx, err := b.look.Begin(b.ctx)
	check(b.t, err)
	_, err = tx.Exec(b.ctx, `SELECT FROM bookings WHERE id = $1 FOR UPDATE`, v.ID)
	check(b.t, err)
	b.t.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // a test that fails does not wait for itself
	return func() { check(b.t, tx.Rollback(b.ctx)) }
}

// until waits for a query to become true.
func (b *bundle) until(sql string) {
	b.t.Helper()
	await.True(b.t, sql, func() bool { return first[bool](b, sql) })
}

// together runs n calls that start at the same moment and returns when all have ended.
func together(n int, do func(int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

func TestStaleCommitChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("confirm_decline", 9, 10))
	right := commit(v, must(b.InsertAction(b.ctx, action(v, "confirm"), "link")))
	cases := map[string]func(*booking.CommitInput){
		"an older seq":            func(in *booking.CommitInput) { in.Seq-- },
		"a later seq":             func(in *booking.CommitInput) { in.Seq++ },
		"another state":           func(in *booking.CommitInput) { in.Move.From = "initialized" },
		"a refusal of an old seq": func(in *booking.CommitInput) { in.Seq--; in.Refusal = &booking.Refusal{Code: fault.ActionNotAvailable} },
	}
	before := b.tables()
	for name, spoil := range cases {
		in := right
		spoil(&in)
		out := must(b.Commit(b.ctx, in))
		wantEqual(t, name, out.Result, booking.ResultStale)
		wantEqual(t, name+": state", out.State, "tentative")
		wantEqual(t, name+": seq", out.Seq, 1)
		wantEqual(t, name+": entered", out.Entered.Equal(v.EnteredAt), true)
		if after := b.tables(); before != after {
			t.Errorf("%s changed the record:\n%s\n%s", name, before, after)
		}
	}
	wantEqual(t, "the right one", must(b.Commit(b.ctx, right)).Result, booking.ResultApplied)
	b.sound()
}

func TestCommitOnADeletedBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.played(b.booked(b.at("instant", 9, 10)), "cancel")
	check(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
	late := action(v, "cancel")
	late.Inputs = []byte(`{"cancel": {"message": "late-canary"}}`)
	must(b.InsertAction(b.ctx, late, ""))
	out := must(b.Commit(b.ctx, commit(v, late)))
	wantEqual(t, "result", out.Result, booking.ResultGone)
	decided := must(b.Action(b.ctx, late.ID))
	wantEqual(t, "status", decided.Status, booking.Refused)
	wantEqual(t, "code", decided.Code, fault.NotFound)
	wantEqual(t, "inputs", string(decided.Inputs), "{}")

	timer := &booking.Action{ID: booking.TimerActionID(v.ID, 1, "complete"), Name: "complete", Actor: graphs.ActorTimer}
	out = must(b.Commit(b.ctx, booking.CommitInput{BookingID: v.ID, Seq: 1, ActionID: timer.ID, Actor: timer.Actor}))
	wantEqual(t, "timer", out.Result, booking.ResultGone)
}

// TestCommitOfAnotherBuildsGraph: a booking carries its rule book, so a version that this build lacks moves all the same.
func TestCommitOfAnotherBuildsGraph(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	in := commit(v, must(b.InsertAction(b.ctx, action(v, "cancel"), "")))
	b.exec(`UPDATE bookings SET graph_version = 99`)
	out, err := b.Commit(b.ctx, in)
	check(t, err)
	wantEqual(t, "result", out.Result, booking.ResultApplied)
	b.sound()
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("instant", 9, 10)
	a := b.create(v)
	known, at, err := b.Outcome(b.ctx, a.ID)
	check(t, err)
	wantEqual(t, "before", fmt.Sprint(known.ID, known.Status, at.ID, at.State), fmt.Sprint(a.ID, booking.Pending, v.ID, "initialized"))
	must(b.Commit(b.ctx, commit(v, a)))
	known, at, err = b.Outcome(b.ctx, a.ID)
	check(t, err)
	wantEqual(t, "after", fmt.Sprint(known.ID, known.Status, at.State, at.Seq), fmt.Sprint(a.ID, booking.Applied, "confirmed", 1))

	loser := b.at("instant", 9, 10)
	a = b.create(loser)
	must(b.Commit(b.ctx, commit(loser, a)))
	known, at, err = b.Outcome(b.ctx, a.ID)
	check(t, err)
	wantCode(t, known.Err(), fault.SlotTaken)
	wantEqual(t, "booking of a stillborn", at, nil)
	_, _, err = b.Outcome(b.ctx, newID())
	wantCode(t, err, fault.NotFound)
}
