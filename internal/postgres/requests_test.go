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

// request is a scheduling request of the bundle's app, not yet on record.
func (b *bundle) request() *booking.SchedulingRequest {
	id := newID()
	return &booking.SchedulingRequest{
		ID: id, AppID: b.app.ID, Name: "srq_" + strings.ReplaceAll(id.String(), "-", ""), Code: id.String(), Summary: "Talk",
		DurationMinutes: 60, Attributed: true, Offer: json.RawMessage(`{"mode": "mutual"}`),
		Metadata:  map[string]string{"correlation_id": "correlation-canary"},
		Recipient: booking.Recipient{Email: "eb@example.com", DisplayName: "Dr Emmet Brown"},
	}
}

// asked is a booking by which a scheduling request of its own comes to be.
func (b *bundle) asked(from, to float64) *booking.Booking {
	v := b.at("instant", from, to)
	v.Request = b.request()
	return v
}

// createRequest puts a request on record that the app has made.
func (b *bundle) createRequest(r *booking.SchedulingRequest) *booking.SchedulingRequest {
	b.t.Helper()
	return must(b.CreateSchedulingRequest(b.ctx, r))
}

// picked is a booking for a request that is on record.
func (b *bundle) picked(r *booking.SchedulingRequest, from, to float64) *booking.Booking {
	v := b.at("instant", from, to)
	v.Request = r
	return v
}

// tried asks for a booking.
func (b *bundle) tried(v *booking.Booking) error {
	_, err := b.CreateBooking(b.ctx, v, action(v, "create"), takesSlot)
	return err
}

// requested is a request as the record has it, with its booking's id.
func (b *bundle) requested(r *booking.SchedulingRequest) (*booking.SchedulingRequest, uuid.UUID) {
	b.t.Helper()
	all := must(b.SchedulingRequests(b.ctx, r.AppID, []string{r.Name}))
	if len(all) == 0 {
		return nil, uuid.Nil
	}
	if all[0].Booking == nil {
		return all[0].Request, uuid.Nil
	}
	return all[0].Request, all[0].Booking.ID
}

func TestSchedulingRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.request()
	made := b.createRequest(r)
	want := *r
	want.CreatedAt = made.CreatedAt
	wantEqual(t, "made", string(must(json.Marshal(made))), string(must(json.Marshal(want))))
	again := *r
	again.Summary, again.Code = "Again", "again"
	wantEqual(t, "a repeat changes nothing", b.createRequest(&again).Summary, "Talk")
	second, third := b.createRequest(b.request()), b.createRequest(b.request())
	var names []string
	for _, found := range must(b.SchedulingRequests(b.ctx, b.app.ID, []string{third.Name, "srq_none", r.Name, second.Name, third.Name})) {
		names = append(names, found.Request.Name)
	}
	wantSame(t, "in the order asked for", names, []string{third.Name, r.Name, second.Name})
	found, app, err := b.SchedulingRequestByCode(b.ctx, r.Code)
	check(t, err)
	wantEqual(t, "opened", words(found.Request.Name, found.Booking == nil, app.ID), words(r.Name, true, b.app.ID))
	_, _, err = b.SchedulingRequestByCode(b.ctx, "none")
	wantCode(t, err, fault.NotFound)

	thief := b.newApp("thief")
	wantEqual(t, "another app's", len(must(b.SchedulingRequests(b.ctx, thief.ID, []string{r.Name}))), 0)
	wantCode(t, b.CancelSchedulingRequest(b.ctx, thief.ID, r.Name), fault.NotFound)
	stolen := *r
	stolen.AppID = thief.ID
	_, err = b.CreateSchedulingRequest(b.ctx, &stolen)
	wantCode(t, err, fault.NotFound)
	project := b.newProject("ours").ID
	foreign := b.request()
	foreign.AppID, foreign.ProjectID = thief.ID, &project
	_, err = b.CreateSchedulingRequest(b.ctx, foreign)
	wantCode(t, err, fault.NotFound)
	b.wantCount(3, `SELECT count(*) FROM scheduling_requests WHERE cancelled_at IS NULL`)
}

func TestCancelRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.createRequest(b.request())
	check(t, b.CancelSchedulingRequest(b.ctx, b.app.ID, r.Name))
	cancelled, _ := b.requested(r)
	wantEqual(t, "cancelled", cancelled.CancelledAt != nil, true)
	check(t, b.CancelSchedulingRequest(b.ctx, b.app.ID, r.Name))
	again, _ := b.requested(r)
	wantEqual(t, "once", *again.CancelledAt, *cancelled.CancelledAt)
	wantCode(t, b.tried(b.picked(r, 9, 10)), fault.ActionNotAvailable)

	r = b.createRequest(b.request())
	v := b.booked(b.picked(r, 9, 10))
	check(t, b.CancelSchedulingRequest(b.ctx, b.app.ID, r.Name))
	open, id := b.requested(r)
	wantEqual(t, "one with a booking stays", words(open.CancelledAt == nil, id), words(true, v.ID))
	wantCode(t, b.CancelSchedulingRequest(b.ctx, b.app.ID, "srq_none"), fault.NotFound)
}

// TestCancelledWhileATimeIsPicked: the booking was asked for before the request was cancelled, and is to come to life after.
func TestCancelledWhileATimeIsPicked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.createRequest(b.request())
	v := b.picked(r, 9, 10)
	in := commit(v, b.create(v))
	check(t, b.CancelSchedulingRequest(b.ctx, b.app.ID, r.Name))
	out := must(b.Commit(b.ctx, in))
	wantEqual(t, "outcome", words(out.Result, out.Code), "gone action_not_available")
	wantEqual(t, "no booking", b.known(v), nil)
	known, _ := b.requested(r)
	wantEqual(t, "the app's own request stays", known.CancelledAt != nil, true)
	b.booked(b.at("instant", 9, 10))
}

// TestOneTimeIsPicked lets four pick a time for one request at the same moment: each is held up just before its booking
// is written.
func TestOneTimeIsPicked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.createRequest(b.request())
	all, errs := make([]*booking.Booking, 4), make([]error, 4)
	for i := range all {
		all[i] = b.picked(r, float64(i), float64(i+1))
	}
	tx, err := b.look.Begin(b.ctx)
	check(t, err)
	_, err = tx.Exec(b.ctx, `SELECT FROM calendars WHERE id = $1 FOR UPDATE`, b.calendar.ID)
	check(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(len(all), func(i int) { errs[i] = b.tried(all[i]) })
	}()
	b.until(fmt.Sprintf(waiting, len(all)))
	check(t, tx.Commit(b.ctx))
	<-done
	picked := 0
	for _, err := range errs {
		if err == nil {
			picked++
			continue
		}
		wantCode(t, err, fault.ActionNotAvailable)
	}
	wantEqual(t, "picked", picked, 1)
	b.wantCount(1, `SELECT count(*) FROM bookings`)
}

// TestAnotherTimeMayBePicked when the first was lost: the app's own request waits on.
func TestAnotherTimeMayBePicked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.createRequest(b.request())
	v := b.picked(r, 9, 10)
	in := commit(v, b.create(v))
	wantCode(t, b.tried(b.picked(r, 11, 12)), fault.ActionNotAvailable)
	b.booked(b.at("instant", 9, 10))
	wantEqual(t, "lost", words(must(b.Commit(b.ctx, in)).Code), "slot_taken")
	other := b.booked(b.picked(r, 11, 12))
	_, id := b.requested(r)
	wantEqual(t, "the other time", id, other.ID)
	b.played(other, "cancel")
	wantCode(t, b.tried(b.picked(r, 13, 14)), fault.ActionNotAvailable)
}

func TestRequestOfAnotherApp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.createRequest(b.request())
	b.app = b.newApp("thief")
	b.resource, b.calendar = b.newResource(b.app)
	wantCode(t, b.tried(b.picked(r, 9, 10)), fault.NotFound)
	b.wantCount(0, `SELECT count(*) FROM bookings`)
}

// TestARequestGoesWithItsLastBooking, and stays with its bookings when its project goes.
func TestARequestGoesWithItsLastBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	project := b.newProject("talk")
	old := b.asked(9, 10)
	old.Request.ProjectID = &project.ID
	old = b.booked(old)
	waiting := b.request()
	waiting.ProjectID = &project.ID
	b.createRequest(waiting)
	moved := b.instead(old, 11, 12)
	moved.Request = old.Request
	moved = b.booked(moved)
	b.played(moved, "cancel")
	wantEqual(t, "it keeps its request", moved.Request.Name, old.Request.Name)
	_, id := b.requested(old.Request)
	wantEqual(t, "the newest booking", id, moved.ID)

	check(t, b.DeleteProject(b.ctx, b.app.ID, project.ID))
	gone, _ := b.requested(waiting)
	wantEqual(t, "for which no time is picked", gone, nil)
	kept, _ := b.requested(old.Request)
	wantEqual(t, "without its project", words(kept.ProjectID == nil, kept.Recipient.Email), "true eb@example.com")

	check(t, b.DeleteBooking(b.ctx, b.app.ID, moved.ID))
	_, id = b.requested(old.Request)
	wantEqual(t, "the one before", id, old.ID)
	check(t, b.DeleteBooking(b.ctx, b.app.ID, old.ID))
	b.wantCount(0, `SELECT count(*) FROM scheduling_requests`)
	for _, name := range column[string](b, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`) {
		b.wantCount(0, `SELECT count(*) FROM `+name+` x WHERE x::text LIKE '%eb@example.com%' OR x::text LIKE '%Emmet%' OR x::text LIKE '%correlation-canary%'`)
	}
}
