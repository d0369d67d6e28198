package postgres_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// group books some hours in a row, made together.
func (b *bundle) group(graph string, n int) []*booking.Booking {
	b.t.Helper()
	bulk, all := newID(), make([]*booking.Booking, n)
	for i := range all {
		all[i] = b.at(graph, float64(i), float64(i)+1)
		all[i].Related.Bulk = &bulk
		all[i] = b.booked(all[i])
		wantEqual(b.t, "bulk", *all[i].Related.Bulk, bulk)
	}
	return all
}

// forAll is an action on a booking that those made together with it are to play, too.
func (b *bundle) forAll(v *booking.Booking, name string) *booking.Action {
	b.t.Helper()
	a := action(v, name)
	a.Relay, a.Inputs = true, json.RawMessage(`{"cancel": {"message": "all of them"}}`)
	return must(b.InsertAction(b.ctx, a, ""))
}

func TestBulkAction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := b.group("instant", 5)
	strangers := append(b.group("instant", 0), b.booked(b.at("instant", 10, 11)))
	b.played(all[3], "complete")
	unborn := b.at("instant", 20, 21)
	unborn.Related.Bulk = all[0].Related.Bulk
	b.create(unborn)
	in := commit(all[1], b.forAll(all[1], "cancel"))
	for range 2 { // the answer to the first try is lost
		out := must(b.Commit(b.ctx, in))
		wantEqual(t, "outcome", words(out.Result, out.Relays), "applied 4")
	}
	siblings := map[uuid.UUID]bool{all[0].ID: true, all[2].ID: true, all[4].ID: true, unborn.ID: true}
	for i, o := range must(b.PendingRelays(b.ctx, all[1].ID)) {
		a := o.Action
		wantEqual(t, "an open sibling", siblings[a.BookingID] && o.Booking.ID == a.BookingID, true)
		delete(siblings, a.BookingID)
		wantEqual(t, "action", words(a.Name, a.Actor, a.Channel, a.Status, a.AppID == b.app.ID, o.App),
			"cancel api relay pending true acme")
		wantEqual(t, "inputs", string(a.Inputs), `{"cancel": {"message": "all of them"}}`)
		out := must(b.Commit(b.ctx, commit(o.Booking, &a)))
		if o.Booking.ID == unborn.ID {
			wantEqual(t, "one not born", words(out.Result, out.Code, out.Relays), "refused action_not_available 0")
		} else {
			wantEqual(t, "sibling", words(out.Result, out.State, out.Relays), "applied cancelled 0")
			wantEqual(t, "channel", b.transitions(o.Booking)[1].Channel, booking.ChannelRelay)
		}
		check(t, b.MarkRelayed(b.ctx, a.ID))
		wantEqual(t, "still to be told", len(must(b.PendingRelays(b.ctx, all[1].ID))), 3-i)
		wantEqual(t, "still counted", must(b.Commit(b.ctx, in)).Relays, 3-i)
	}
	wantEqual(t, "siblings that were left out", len(siblings), 0)
	b.wantCount(4, `SELECT count(*) FROM actions WHERE relayed_by IS NOT NULL`)
	b.wantCount(0, `SELECT count(*) FROM actions WHERE channel = 'relay' AND relay`)
	wantEqual(t, "a completed one", b.known(all[3]).State, "completed")
	wantEqual(t, "a stranger", b.known(strangers[0]).State, "confirmed")
	b.sound()
}

// TestBulkActionThatEndsNothing: whoever played it does not hear of it again.
func TestBulkActionThatEndsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := b.group("confirm_decline", 3)
	wantEqual(t, "relays", must(b.Commit(b.ctx, commit(all[1], b.forAll(all[1], "confirm")))).Relays, 2)
	for _, o := range must(b.PendingRelays(b.ctx, all[1].ID)) {
		wantEqual(t, "sibling", must(b.Commit(b.ctx, commit(o.Booking, &o.Action))).State, "confirmed")
		wantEqual(t, "itself", o.Booking.ID == all[1].ID, false)
		wantEqual(t, "relayed by the sibling", len(must(b.PendingRelays(b.ctx, o.Booking.ID))), 0)
	}
	b.wantCount(3, `SELECT count(*) FROM bookings WHERE state = 'confirmed' AND seq = 2`)
	b.sound()
}

// TestBulkIsNotForAll: an action goes no further than it is meant to.
func TestBulkIsNotForAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := b.group("confirm_decline", 3)
	alone := b.booked(b.at("instant", 20, 21))
	other := b.at("instant", 22, 23)
	for name, in := range map[string]func() booking.CommitInput{
		"one's own": func() booking.CommitInput {
			return commit(all[0], must(b.InsertAction(b.ctx, action(all[0], "confirm"), "")))
		},
		"refused":       func() booking.CommitInput { return commit(all[1], b.forAll(all[1], "cancel")) },
		"made alone":    func() booking.CommitInput { return commit(alone, b.forAll(alone, "cancel")) },
		"at an old seq": func() booking.CommitInput { in := commit(all[2], b.forAll(all[2], "confirm")); in.Seq = 7; return in },
		"a timer's":     func() booking.CommitInput { return commit(other, b.create(other)) },
	} {
		wantEqual(t, name, must(b.Commit(b.ctx, in())).Relays, 0)
		b.wantCount(0, `SELECT count(*) FROM actions WHERE relayed_by IS NOT NULL`)
	}
	b.booked(b.at("instant", 2, 3))
	wantEqual(t, "lost its slot", must(b.Commit(b.ctx, commit(all[2], b.forAll(all[2], "confirm")))).Code, fault.SlotTaken)
	b.wantCount(0, `SELECT count(*) FROM actions WHERE relayed_by IS NOT NULL`)
	b.sound()
}

// TestBulkOfAnotherApp: an id that two apps share ties nothing together.
func TestBulkOfAnotherApp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := b.group("instant", 2)
	b.app = b.newApp("thief")
	b.resource, b.calendar = b.newResource(b.app)
	v := b.at("instant", 9, 10)
	v.Related.Bulk = all[0].Related.Bulk
	v = b.booked(v)
	wantEqual(t, "relays", must(b.Commit(b.ctx, commit(v, b.forAll(v, "cancel")))).Relays, 0)
	b.wantCount(0, `SELECT count(*) FROM actions WHERE relayed_by IS NOT NULL AND booking_id = ANY($1)`, []uuid.UUID{all[0].ID, all[1].ID})
}

// TestBulkAtOnce cancels all of a group from each of them at the same moment, and relays until nothing is left.
func TestBulkAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 8
	all := b.group("instant", n)
	ins := make([]booking.CommitInput, n)
	for i, v := range all {
		ins[i] = commit(v, b.forAll(v, "cancel"))
	}
	errs := make([]error, n)
	together(n, func(i int) { _, errs[i] = b.Commit(b.ctx, ins[i]) })
	for i, v := range all {
		check(t, errs[i])
		wantEqual(t, "state", b.known(v).State, "cancelled")
		for _, o := range must(b.PendingRelays(b.ctx, v.ID)) {
			wantEqual(t, "relayed to one that is over", must(b.Commit(b.ctx, commit(o.Booking, &o.Action))).Result, booking.ResultRefused)
			check(t, b.MarkRelayed(b.ctx, o.Action.ID))
		}
	}
	b.wantCount(0, `SELECT count(*) FROM actions WHERE status = 'pending' OR NOT told`)
	if made := b.count(`SELECT count(*) FROM actions WHERE relayed_by IS NOT NULL`); made > n*(n-1) {
		t.Errorf("%d actions were relayed among %d bookings", made, n)
	}
	b.sound()
}

// TestRelayedToTheDeleted: what was to be relayed to a booking goes with it.
func TestRelayedToTheDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := b.group("instant", 3)
	must(b.Commit(b.ctx, commit(all[0], b.forAll(all[0], "cancel"))))
	check(t, b.DeleteBooking(b.ctx, b.app.ID, b.played(all[1], "cancel").ID))
	check(t, b.DeleteBooking(b.ctx, b.app.ID, all[0].ID))
	left := must(b.PendingRelays(b.ctx, all[0].ID))
	wantEqual(t, "relayed", len(left), 1)
	wantEqual(t, "to", left[0].Booking.ID, all[2].ID)
	wantEqual(t, "sibling", must(b.Commit(b.ctx, commit(left[0].Booking, &left[0].Action))).State, "cancelled")
}

func TestCancelledSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(5, booking.Session{})
	other := b.at("group_owner", 11, 12)
	other.Session = &booking.Session{MaxSeats: 5}
	other = b.booked(other)
	b.booked(b.seat(other, "group_customer"))
	seated, unpaid := b.booked(b.seat(session, "group_customer")), b.booked(b.seat(session, "group_customer_payment"))
	paid := b.played(b.booked(b.seat(session, "group_customer_payment")), "pay")
	b.played(b.booked(b.seat(session, "group_customer")), "cancel_by_customer")
	b.played(b.booked(b.seat(session, "group_customer")), "complete")
	cancel := action(session, "cancel")
	cancel.Inputs = json.RawMessage(`{"cancel": {"message": "The teacher is ill."}, "other": {"x": "y"}}`)
	in := commit(session, must(b.InsertAction(b.ctx, cancel, "")))
	for range 2 {
		out := must(b.Commit(b.ctx, in))
		wantEqual(t, "outcome", words(out.Result, out.State, out.Relays), "applied cancelled 3")
	}
	all := must(b.PendingRelays(b.ctx, session.ID))
	wantEqual(t, "relayed", len(all), 3)
	open := map[uuid.UUID]bool{seated.ID: true, unpaid.ID: true, paid.ID: true}
	for i, o := range all {
		a := o.Action
		wantEqual(t, "to an open seat", open[o.Booking.ID] && a.BookingID == o.Booking.ID, true)
		delete(open, o.Booking.ID)
		wantEqual(t, "action", words(a.Name, a.Actor, a.Channel, a.Status, a.AppID == b.app.ID, o.App),
			"cancel_by_owner api relay pending true acme")
		var inputs any
		check(t, json.Unmarshal(a.Inputs, &inputs))
		wantEqual(t, "inputs", fmt.Sprint(inputs), "map[cancel_by_owner:map[message:The teacher is ill.]]")
		out := must(b.Commit(b.ctx, commit(o.Booking, &a)))
		wantEqual(t, "seat", words(out.Result, out.State, out.Relays), "applied cancelled_by_owner 0")
		b.wantEvent(b.known(o.Booking))
		check(t, b.MarkRelayed(b.ctx, a.ID))
		wantEqual(t, "still relayed", len(must(b.PendingRelays(b.ctx, session.ID))), 2-i)
		wantEqual(t, "still counted", must(b.Commit(b.ctx, in)).Relays, 2-i)
	}
	b.wantSeats(session, 0)
	b.wantSeats(other, 1)
	b.wantCount(0, `SELECT count(*) FROM actions WHERE relayed_by = $1`, other.ID)
	b.sound()
	check(t, b.DeleteBooking(b.ctx, b.app.ID, session.ID))
	b.wantCount(1, `SELECT count(*) FROM sessions`)
	wantEqual(t, "a seat outlives its session", b.known(seated).Related.OwnerBooking, nil)

	b.played(other, "cancel") // without a word
	b.wantCount(1, `SELECT count(*) FROM actions WHERE relayed_by = $1 AND inputs = '{}' AND NOT told AND NOT relay`, other.ID)
}

// TestSessionThatFails: a session that its workflow gives up leaves nobody in the belief that it takes place.
func TestSessionThatFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(5, booking.Session{})
	b.booked(b.seat(session, "group_customer"))
	out := must(b.Commit(b.ctx, booking.CommitInput{
		BookingID: session.ID, Seq: 1, ActionID: booking.TimerActionID(session.ID, 1, graphs.ErrorState), Actor: graphs.ActorTimer,
		Move: graphs.Move{
			Action: graphs.ErrorState, From: "tentative", To: graphs.ErrorState, Holds: graphs.HoldsNothing, Frees: true, Final: true,
		},
	}))
	wantEqual(t, "outcome", words(out.Result, out.State, out.Relays), "applied error 1")
	wantEqual(t, "open", b.known(session).Session.Open, false)
	wantEqual(t, "relayed", words(must(b.PendingRelays(b.ctx, session.ID))[0].Action.Name), "cancel_by_owner")
	b.wantCount(0, `SELECT count(*) FROM occupancies`)
	b.sound()
}

func TestCompletedSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(5, booking.Session{})
	seated := b.booked(b.seat(session, "group_customer"))
	over, out := b.play(session, "complete")
	wantEqual(t, "outcome", words(out.Result, out.State, out.Relays), "applied completed 0")
	wantEqual(t, "open", over.Session.Open, false)
	wantEqual(t, "relayed", len(must(b.PendingRelays(b.ctx, session.ID))), 0)
	b.wantSeats(session, 1)
	b.played(seated, "complete")
	b.wantSeats(session, 0)
	b.sound()
}

// TestSeatsMeetTheEndOfTheirSession: whoever gets a seat while the session is being cancelled hears of it.
func TestSeatsMeetTheEndOfTheirSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint("", "")
	seen := map[string]int{}
	for range 12 {
		b.resource, b.calendar = b.newResource(b.app)
		session := b.session(20, booking.Session{})
		end := commit(session, must(b.InsertAction(b.ctx, action(session, "cancel"), "")))
		var seats sync.Map
		together(16, func(i int) {
			if i == 7 {
				if out, err := b.Commit(b.ctx, end); err != nil || out.Result != booking.ResultApplied {
					t.Errorf("cancel: %+v %v", out, err)
				}
				return
			}
			v := b.seat(session, []string{"group_customer", "group_customer_payment"}[i%2])
			a := action(v, "create")
			if _, err := b.CreateBooking(b.ctx, v, a, graphs.Move{}); err != nil {
				wantCode(t, err, fault.SessionClosed)
				return
			}
			out, err := b.Commit(b.ctx, commit(v, a))
			if err != nil || (out.Result != booking.ResultApplied && out.Code != fault.SessionClosed) {
				t.Errorf("seat: %+v %v", out, err)
			}
			seats.Store(i, out.Result)
		})
		seats.Range(func(_, result any) bool { seen[words(result)]++; return true })
		b.wantCount(0, `SELECT count(*) FROM bookings b WHERE owner_booking_id = $1 AND NOT completed AND NOT EXISTS
			(SELECT FROM actions a WHERE a.booking_id = b.id AND a.relayed_by = $1 AND a.status = 'pending' AND NOT told)`, session.ID)
		for _, o := range must(b.PendingRelays(b.ctx, session.ID)) {
			if o.Booking == nil { // it was cancelled before it could be
				continue
			}
			wantEqual(t, "seat", must(b.Commit(b.ctx, commit(o.Booking, &o.Action))).State, "cancelled_by_owner")
		}
		b.wantSeats(session, 0)
		b.wantCount(0, `SELECT count(*) FROM bookings WHERE owner_booking_id = $1 AND NOT completed`, session.ID)
	}
	t.Log(seen)
	if seen["applied"] == 0 {
		t.Error("nobody got a seat")
	}
	b.sound()
}
