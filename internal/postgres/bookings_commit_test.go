package postgres_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// TestWalks walks every way through the graphs that can be booked and looks at the whole record after each step.
func TestWalks(t *testing.T) {
	t.Parallel()
	walks := []struct {
		graph   string
		actions []string // after the first
	}{
		{"instant", []string{"cancel"}},
		{"instant", []string{"cancel_by_customer"}},
		{"instant", []string{"reschedule_by_customer"}},
		{"instant", []string{"complete"}},
		{"confirm_decline", []string{"decline"}},
		{"confirm_decline", []string{"confirm", "cancel"}},
		{"confirm_decline", []string{"confirm", "cancel_by_customer"}},
		{"confirm_decline", []string{"confirm", "reschedule_by_customer"}},
		{"confirm_decline", []string{"confirm", "complete"}},
		{"instant_payment", []string{"timeout"}},
		{"instant_payment", []string{"pay", "cancel"}},
		{"instant_payment", []string{"pay", "complete"}},
		{"group_owner", []string{"cancel"}},
		{"group_owner", []string{"complete"}},
	}
	for _, walk := range walks {
		t.Run(fmt.Sprint(walk.graph, walk.actions), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.at(walk.graph, 9, 10)
			b.create(v)
			b.wantCount(0, `SELECT count(*) FROM occupancies`)
			var a *booking.Action
			for i, name := range append([]string{graphOf(t, walk.graph).Start}, walk.actions...) {
				before := b.known(v)
				if i == 0 {
					a = must(b.Action(b.ctx, first[uuid.UUID](b, `SELECT id FROM actions`)))
				} else {
					a = must(b.InsertAction(b.ctx, action(v, name), ""))
				}
				in := commit(before, a)
				out := must(b.Commit(b.ctx, in))
				b.wantStep(before, in, out)
			}
			b.sound()
		})
	}
}

// wantStep asserts what one applied move leaves on record.
func (b *bundle) wantStep(before *booking.Booking, in booking.CommitInput, out booking.Outcome) {
	t, move := b.t, in.Move
	t.Helper()
	after := b.known(before)
	wantEqual(t, "result", out.Result, booking.ResultApplied)
	wantEqual(t, "state", after.State, move.To)
	wantEqual(t, "seq", after.Seq, before.Seq+1)
	wantEqual(t, "revision", after.Revision, before.Revision+1)
	wantEqual(t, "completed", after.Completed, move.Final)
	wantEqual(t, "outcome's state", out.State, after.State)
	wantEqual(t, "outcome's seq", out.Seq, after.Seq)
	wantEqual(t, "outcome's moment", out.Entered.Equal(after.EnteredAt), true)
	wantEqual(t, "time of entry moved on", after.EnteredAt.After(before.EnteredAt), true)
	wantEqual(t, "time of change", after.UpdatedAt.Equal(after.EnteredAt), true)

	last := b.transitions(before)[after.Seq-1]
	want := booking.Transition{
		Seq: after.Seq, Action: move.Action, From: move.From, To: move.To, Actor: in.Actor, Channel: booking.ChannelAPI, At: after.EnteredAt,
	}
	last.At, want.At = last.At.UTC(), want.At.UTC()
	wantEqual(t, "transition", fmt.Sprint(last), fmt.Sprint(want))

	decided := must(b.Action(b.ctx, in.ActionID))
	wantEqual(t, "action's status", decided.Status, booking.Applied)
	wantEqual(t, "action's seq", decided.Seq, after.Seq)
	wantEqual(t, "action's channel", decided.Channel, booking.ChannelAPI)
	wantEqual(t, "action's code", decided.Code, "")
	b.wantCount(1, `SELECT count(*) FROM actions WHERE id = $1 AND decided_at IS NOT NULL`, in.ActionID)

	taken := 0
	if move.Holds == graphs.HoldsSlot {
		taken = 1
	}
	b.wantCount(taken, `SELECT count(*) FROM occupancies WHERE booking_id = $1 AND resource_id = $2 AND app_id = $3
		AND during = tstzrange($4, $5, '[)') AND exclusive`, after.ID, after.Resource.ID, after.AppID, after.Start, after.End)
	b.wantCount(taken, `SELECT count(*) FROM occupancies`)
	b.wantEvent(after)
}

func (b *bundle) transitions(v *booking.Booking) []booking.Transition {
	b.t.Helper()
	return must(b.Transitions(b.ctx, []uuid.UUID{v.ID}))[v.ID]
}

// wantEvent asserts that the last transition's event tells the booking as it stands.
func (b *bundle) wantEvent(v *booking.Booking) {
	b.t.Helper()
	b.wantCount(v.Seq, `SELECT count(*) FROM events WHERE booking_id = $1`, v.ID)
	wantEqual(b.t, "event's type", first[string](b, `SELECT type FROM events WHERE booking_id = $1 AND seq = $2`, v.ID, v.Seq), "booking."+v.State)
	var told booking.Booking
	snapshot := first[json.RawMessage](b, `SELECT data FROM events WHERE booking_id = $1 AND seq = $2 AND at = $3 AND app_id = $4`,
		v.ID, v.Seq, v.EnteredAt, v.AppID)
	check(b.t, json.Unmarshal(snapshot, &told))
	if got, want := normal(b.t, &told), normal(b.t, v); !reflect.DeepEqual(got, want) {
		b.t.Errorf("the event tells\n%v\nwant\n%v", got, want)
	}
}

// normal is a booking as plain JSON, times in UTC, for comparing.
func normal(t testing.TB, v *booking.Booking) map[string]any {
	t.Helper()
	c := *v
	c.Start, c.End = c.Start.UTC(), c.End.UTC()
	c.CreatedAt, c.UpdatedAt, c.EnteredAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC(), c.EnteredAt.UTC()
	c.Resource.CreatedAt, c.Resource.UpdatedAt = c.Resource.CreatedAt.UTC(), c.Resource.UpdatedAt.UTC()
	c.Calendar.CreatedAt, c.Calendar.UpdatedAt = c.Calendar.CreatedAt.UTC(), c.Calendar.UpdatedAt.UTC()
	var plain map[string]any
	check(t, json.Unmarshal(must(json.Marshal(&c)), &plain))
	return plain
}

func TestBookingComesBackAsItWentIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("instant_payment", 9, 10)
	v.Settings = booking.Settings{AllowDoubleBookings: true, Timers: graphs.Overrides{"timeout": "PT3S"}}
	v.What, v.Description = `'; DROP TABLE bookings; -- "\`, "Grüße, 你好, \U0001F600, \ttab\nline"
	v.Customers = append(v.Customers, booking.Customer{ID: newID(), Name: "Second", Meta: json.RawMessage(`{}`)})
	v.Units = 3
	b.create(v)
	got := b.known(v)
	if got == nil {
		t.Fatal("not on record")
	}
	v.CreatedAt, v.UpdatedAt, v.EnteredAt = got.CreatedAt, got.UpdatedAt, got.EnteredAt
	v.Resource.Tags = got.Resource.Tags // the record's own default
	if got, want := normal(t, got), normal(t, v); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestTimersHaveNoRowOfTheirOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	a := &booking.Action{ID: booking.TimerActionID(v.ID, v.Seq, "complete"), Name: "complete", Actor: graphs.ActorTimer}
	out := must(b.Commit(b.ctx, commit(v, a)))
	wantEqual(t, "result", out.Result, booking.ResultApplied)
	last := b.transitions(v)[1]
	wantEqual(t, "actor", last.Actor, graphs.ActorTimer)
	wantEqual(t, "channel", last.Channel, booking.ChannelTimer)
	b.wantCount(1, `SELECT count(*) FROM actions`)
	b.sound()

	again := must(b.Commit(b.ctx, commit(v, a)))
	wantEqual(t, "repeat", fmt.Sprint(again), fmt.Sprint(out))
	b.sound()
}

func TestChannelOfALinkIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	a := action(v, "cancel_by_customer")
	a.Actor, a.Channel = graphs.ActorCustomerLink, booking.ChannelLink
	a = must(b.InsertAction(b.ctx, a, "spend"))
	must(b.Commit(b.ctx, commit(v, a)))
	last := b.transitions(v)[1]
	wantEqual(t, "actor", last.Actor, graphs.ActorCustomerLink)
	wantEqual(t, "channel", last.Channel, booking.ChannelLink)
}

func TestRefusalIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	a := must(b.InsertAction(b.ctx, action(v, "pay"), ""))
	before := normal(t, b.known(v))
	out := must(b.Commit(b.ctx, commit(v, a)))
	wantEqual(t, "result", out.Result, booking.ResultRefused)
	wantEqual(t, "code", out.Code, fault.ActionNotAvailable)
	wantEqual(t, "state", out.State, "confirmed")
	decided := must(b.Action(b.ctx, a.ID))
	wantEqual(t, "status", decided.Status, booking.Refused)
	wantEqual(t, "message", decided.Message, "Cannot apply action 'pay' to current state 'confirmed'")
	wantCode(t, decided.Err(), fault.ActionNotAvailable)
	if after := normal(t, b.known(v)); !reflect.DeepEqual(before, after) {
		t.Errorf("a refusal changed the booking:\n%v\n%v", before, after)
	}
	b.sound()
}

func TestASeatOfNoSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("group_customer", 9, 10)
	out, err := b.Commit(b.ctx, commit(v, b.create(v)))
	check(t, err)
	wantEqual(t, "result", out.Result, booking.ResultGone)
	wantEqual(t, "code", out.Code, fault.SessionClosed)
	if b.known(v) != nil {
		t.Error("the booking is kept")
	}
	b.sound()
}
