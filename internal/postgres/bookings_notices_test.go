package postgres_test

import (
	"sync"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// notify publishes a notice of a booking's present stay, and says how many endpoints were woken.
func (b *bundle) notify(v *booking.Booking, notice string) int {
	b.t.Helper()
	woken, err := b.Remind(b.ctx, booking.RemindInput{BookingID: v.ID, Seq: v.Seq, Notice: notice})
	check(b.t, err)
	return len(woken)
}

const (
	noticed  = `SELECT count(*) FROM events WHERE booking_id = $1 AND reminder < 0`
	notified = `SELECT count(*) FROM webhook_deliveries d JOIN events e ON e.id = d.event_id WHERE e.booking_id = $1 AND e.reminder < 0 AND d.endpoint_id = $2`
)

// TestNotices: the owner's endpoint and, later, another's get the event that they name, once; those who name none get none.
func TestNotices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, other := b.listener("booking.approval_due"), b.listener("booking.approval_escalated")
	family, all := b.listener("booking.*"), b.endpoint("", "")
	v := b.booked(b.coming("request", 9, 10))
	asked := v.EnteredAt
	b.wantDeadline("the first notice", v, asked.Add(24*time.Hour))
	wantEqual(t, "woken", b.notify(v, "approval_due"), 1) // the family is awake since the request was made
	b.wantDeadline("the second notice", v, asked.Add(36*time.Hour))
	b.wantCount(1, `SELECT count(*) FROM events WHERE booking_id = $1 AND type = 'booking.approval_due' AND seq = 1 AND action = ''
		AND state = 'tentative' AND graph = 'request' AND data->>'state' = 'tentative' AND topics = '{booking.approval_due,booking.*}'`, v.ID)
	wantEqual(t, "woken again", b.notify(v, "approval_due"), 0)
	b.wantDeadline("a repeat changes nothing", v, asked.Add(36*time.Hour))
	wantEqual(t, "woken", b.notify(v, "approval_escalated"), 1)
	b.wantDeadline("the end", v, asked.Add(48*time.Hour))
	b.wantCount(2, noticed, v.ID)
	b.wantCount(1, notified, v.ID, owner.ID)
	b.wantCount(1, notified, v.ID, other.ID)
	b.wantCount(2, notified, v.ID, family.ID)
	b.wantCount(0, notified, v.ID, all.ID)
	b.sound()
}

// TestNoticesComeTooLate: not for a booking that has been answered, for another stay, for an end that is due, or without a name.
func TestNoticesComeTooLate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.listener("booking.*")
	for name, spoil := range map[string]func(v *booking.Booking){
		"confirmed":    func(v *booking.Booking) { b.played(v, "confirm") },
		"another stay": func(v *booking.Booking) { v.Seq++ },
		"due": func(v *booking.Booking) {
			b.exec(`UPDATE bookings SET start_at = now() + interval '59 minutes' WHERE id = $1`, v.ID)
		},
		"gone":          func(v *booking.Booking) { b.exec(`DELETE FROM bookings WHERE id = $1`, v.ID) },
		"another build": func(v *booking.Booking) { b.exec(`UPDATE bookings SET graph_version = 99 WHERE id = $1`, v.ID) },
		"no such notice": func(v *booking.Booking) {
			b.exec(`UPDATE bookings SET graph = 'instant', state = 'confirmed' WHERE id = $1`, v.ID)
		},
	} {
		v := b.coming("request", 9, 10)
		elsewhere(b, v)
		v = b.booked(v)
		spoil(v)
		b.notify(v, "approval_due")
		if n := b.count(noticed, v.ID); n != 0 {
			t.Errorf("%s: %d notices", name, n)
		}
	}
}

// TestNoticesMeet: two workers publish one notice at once.
func TestNoticesMeet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.listener("booking.approval_due")
	v := b.booked(b.coming("confirm_decline@2", 9, 10))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { b.notify(v, "approval_due") })
	}
	group.Wait()
	b.wantCount(1, noticed, v.ID)
	b.wantCount(1, notified, v.ID, e.ID)
	b.wantNoDeadlock()
}

// TestNoticesDoNotDisturbReminders: a reminder leaves the deadline at what comes next, also behind a notice that was published.
func TestNoticesDoNotDisturbReminders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.coming("request", 9, 10)
	b.reminder(v, 0, 24, "a")
	v = b.booked(v)
	b.exec(`UPDATE bookings SET entered_at = now() - interval '30 hours' WHERE id = $1`, v.ID)
	v = b.known(v)
	b.notify(v, "approval_due")
	b.remind(v, 0)
	b.wantDeadline("the next notice", v, v.EnteredAt.Add(36*time.Hour))
	wantEqual(t, "beside each other", b.reminded(v), "2 1")
	g := must(v.LoadGraph())
	wantEqual(t, "no stay lasts for ever", len(g.Deadlines("tentative", v.Times(), graphs.Overrides{"expire": "P60D"})), 1)
}
