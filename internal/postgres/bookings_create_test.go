package postgres_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

func TestCreateRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("instant", 9, 10)
	a := b.create(v)
	before := b.tables()
	other := *v
	other.What = "something else"
	known := must(b.CreateBooking(b.ctx, &other, action(&other, "confirm"), takesSlot))
	wantEqual(t, "the first try's action", known.ID, a.ID)
	wantEqual(t, "status", known.Status, booking.Pending)
	if after := b.tables(); before != after {
		t.Errorf("a repeat changed the record:\n%s\n%s", before, after)
	}
	must(b.Commit(b.ctx, commit(v, a)))
	known = must(b.CreateBooking(b.ctx, &other, action(&other, "confirm"), takesSlot))
	wantEqual(t, "status of the first try", known.Status, booking.Applied)
}

func TestCreateAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, sameAction := range map[string]bool{"same action": true, "own actions": false} {
		b.resource, b.calendar = b.newResource(b.app)
		v := b.at("instant", 9, 10)
		id := newID()
		known, errs := make([]*booking.Action, 20), make([]error, 20)
		together(len(known), func(i int) {
			mine, a := *v, action(v, "confirm")
			mine.Customers = []booking.Customer{{ID: newID(), Name: "Zadie Quill"}}
			if sameAction {
				a.ID = id
			}
			known[i], errs[i] = b.CreateBooking(b.ctx, &mine, a, takesSlot)
		})
		for i := range known {
			check(t, errs[i])
			wantEqual(t, name, known[i].ID, known[0].ID)
		}
		b.wantCount(1, `SELECT count(*) FROM actions WHERE booking_id = $1`, v.ID)
		b.wantCount(1, `SELECT count(*) FROM customers WHERE booking_id = $1`, v.ID)
		b.wantCount(1, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, v.ID)
	}
}

func TestCreateLooksForRoom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.booked(b.at("instant", 9, 10))
	before := b.tables()
	v := b.at("instant", 9.5, 11)
	_, err := b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)
	wantCode(t, err, fault.SlotTaken)
	wantCode(t, b.HasRoom(b.ctx, v, takesSlot), fault.SlotTaken)
	if after := b.tables(); before != after {
		t.Errorf("a refused creation left something:\n%s", after)
	}
	v.Settings.AllowDoubleBookings = true
	must(b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot))
	wantCode(t, b.HasRoom(b.ctx, b.at("instant", 10, 11), takesSlot), fault.SlotTaken) // it is claimed by the one before
	check(t, b.HasRoom(b.ctx, b.at("instant", 11, 12), takesSlot))

	twice := b.at("instant", 9, 10)
	twice.Settings.AllowDoubleBookings = true
	check(t, b.HasRoom(b.ctx, twice, takesSlot))
	keeps := takesSlot
	keeps.Takes = false
	check(t, b.HasRoom(b.ctx, b.at("instant", 9, 10), keeps)) // a move that takes nothing needs no room
}

// TestCreateOfAnotherAppsID: an id that another app has is NotFound, with a claim or without one, and gives away nothing of that app's action.
func TestCreateOfAnotherAppsID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.newApp("other")
	chair, calendar := b.newResource(other)
	for _, graph := range []string{"instant", "confirm_decline"} {
		b.resource, b.calendar = b.newResource(b.app)
		v := b.at(graph, 9, 10)
		first := b.accepted(v)
		theirs := b.at(graph, 9, 10)
		theirs.ID, theirs.AppID, theirs.Resource, theirs.Calendar = v.ID, other.ID, *chair, *calendar
		again := *first
		again.AppID = other.ID
		for _, a := range []*booking.Action{&again, action(theirs, first.Name)} {
			known, err := b.CreateBooking(b.ctx, theirs, a, moveOf(t, theirs))
			if fault.CodeOf(err) != fault.NotFound || known != nil {
				t.Errorf("%s: %+v, %v", graph, known, err)
			}
		}
	}
	b.wantCount(0, `SELECT count(*) FROM bookings WHERE app_id = $1`, other.ID)
	b.wantCount(0, `SELECT count(*) FROM actions WHERE app_id = $1`, other.ID)
}

// TestCreateWaitsForItsResource: a creation that meets a deletion under way waits for it, and finds no resource then. It claims nothing, so
// the lock of the resource is the only one that it waits for.
func TestCreateWaitsForItsResource(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tx := must(b.look.Begin(b.ctx))
	must(tx.Exec(b.ctx, `SELECT FROM resources WHERE id = $1 FOR UPDATE`, b.resource.ID))
	created := make(chan error, 1)
	go func() {
		_, err := b.try(b.at("confirm_decline", 9, 10))
		created <- err
	}()
	b.until(fmt.Sprintf(waiting, 1))
	must(tx.Exec(b.ctx, `UPDATE resources SET deleted_at = now() WHERE id = $1`, b.resource.ID))
	check(t, tx.Commit(b.ctx))
	wantCode(t, <-created, fault.NotFound)
	b.wantCount(0, `SELECT count(*) FROM bookings`)
}

func TestCreateNeedsItsResource(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.newApp("other")
	theirs, theirCalendar := b.newResource(other)
	_, secondCalendar := b.newResource(b.app)
	cases := map[string]func(*booking.Booking){
		"another app's resource":      func(v *booking.Booking) { v.Resource, v.Calendar = *theirs, *theirCalendar },
		"another app":                 func(v *booking.Booking) { v.AppID = other.ID },
		"another resource's calendar": func(v *booking.Booking) { v.Calendar = *secondCalendar },
		"an unknown resource":         func(v *booking.Booking) { v.Resource.ID = newID() },
	}
	before := b.tables()
	for name, spoil := range cases {
		v := b.at("instant", 9, 10)
		spoil(v)
		_, err := b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)
		if fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := b.tables(); before != after {
		t.Errorf("something was left:\n%s", after)
	}
}

// TestNoBookingOnADeletedResource lets creations and the deletion of their resource meet.
func TestNoBookingOnADeletedResource(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 20 {
		b.resource, b.calendar = b.newResource(b.app)
		v := b.at("instant", 9, 10)
		var created, deleted error
		together(2, func(i int) {
			if i == 0 {
				_, created = b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)
			} else {
				deleted = b.DeleteResource(b.ctx, b.app.ID, b.resource.ID)
			}
		})
		one := fault.CodeOf(created) == fault.NotFound && deleted == nil
		other := created == nil && fault.CodeOf(deleted) == fault.InUse
		if !one && !other {
			t.Errorf("created: %v, deleted: %v", created, deleted)
		}
	}
	b.wantCount(0, `SELECT count(*) FROM bookings b JOIN resources r ON r.id = b.resource_id WHERE r.deleted_at IS NOT NULL`)
}

func TestStillbornBookingLeavesNoTrace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.booked(b.at("instant", 9, 10))
	v := b.at("instant", 9, 10)
	a := b.create(v)
	more := action(v, "cancel")
	more.Inputs = json.RawMessage(`{"cancel": {"message": "more-canary"}}`)
	must(b.InsertAction(b.ctx, more, "a link"))
	out := must(b.Commit(b.ctx, commit(v, a)))
	wantEqual(t, "result", out.Result, booking.ResultGone)
	wantEqual(t, "code", out.Code, fault.SlotTaken)
	if b.known(v) != nil {
		t.Error("the booking is still there")
	}
	for _, table := range []string{"customers", "transitions", "events", "occupancies", "spent_links"} {
		b.wantCount(0, `SELECT count(*) FROM `+table+` WHERE booking_id = $1`, v.ID)
	}
	decided := must(b.Action(b.ctx, a.ID))
	wantEqual(t, "status", decided.Status, booking.Refused)
	wantEqual(t, "inputs", string(decided.Inputs), "{}")
	wantCode(t, decided.Err(), fault.SlotTaken)
	wantEqual(t, "message", decided.Message, "The time slot is already taken.")
	wantEqual(t, "inputs of the other", string(must(b.Action(b.ctx, more.ID)).Inputs), "{}")
	if text := b.tables(); strings.Count(text, "Zadie") != 2 { // the winner's: customer and event
		t.Errorf("a person is left of a booking that never was:\n%s", text)
	}
	known := must(b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot))
	wantEqual(t, "a repeat finds the refusal", known.ID, a.ID)
	wantCode(t, known.Err(), fault.SlotTaken)
}

func TestResources(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := *b.resource
	r.Name, r.Timezone, r.Meta = "Dr. Blau", "Asia/Kathmandu", json.RawMessage(`{"a": [1, null]}`)
	check(t, b.UpdateResource(b.ctx, &r))
	got := must(b.Resource(b.ctx, b.app.ID, r.ID))
	wantEqual(t, "name", got.Name, r.Name)
	wantEqual(t, "zone", got.Zone().String(), "Asia/Kathmandu")
	wantEqual(t, "meta", string(got.Meta), `{"a": [1, null]}`)

	again := r
	again.Name = "somebody else"
	check(t, b.CreateResource(b.ctx, &again, b.calendar.ID))
	wantEqual(t, "name after a repeat", must(b.Resource(b.ctx, b.app.ID, r.ID)).Name, "Dr. Blau")
	b.wantCount(1, `SELECT count(*) FROM calendars`)
	unknown := newID()
	_, err := b.Calendar(b.ctx, r.ID, &unknown)
	wantCode(t, err, fault.NotFound)
	wantEqual(t, "calendar", must(b.Calendar(b.ctx, r.ID, &b.calendar.ID)).ID, b.calendar.ID)

	v := b.booked(b.at("instant", 9, 10))
	wantCode(t, b.DeleteResource(b.ctx, b.app.ID, r.ID), fault.InUse)
	b.played(v, "cancel")
	check(t, b.DeleteResource(b.ctx, b.app.ID, r.ID))
	wantCode(t, b.DeleteResource(b.ctx, b.app.ID, r.ID), fault.NotFound)
	_, err = b.Resource(b.ctx, b.app.ID, r.ID)
	wantCode(t, err, fault.NotFound)
	wantCode(t, b.UpdateResource(b.ctx, &r), fault.NotFound)
	wantEqual(t, "an old booking still shows it", b.known(v).Resource.Name, "Dr. Blau")
	var all []uuid.UUID
	for range 5 {
		r, _ := b.newResource(b.app)
		all = append(all, r.ID)
	}
	var seen []uuid.UUID
	for page := 1; page <= 3; page++ {
		some, total, err := b.Resources(b.ctx, b.app.ID, pageOf(page, 2))
		check(t, err)
		wantEqual(t, "total", total.Total, 5)
		for _, r := range some {
			seen = append(seen, r.ID)
		}
	}
	wantSame(t, "resources, page by page", seen, all)
}
