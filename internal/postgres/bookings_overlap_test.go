package postgres_test

import (
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

func TestRanges(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		from, to float64
		fits     bool
	}{
		{"right before", 8, 9, true},
		{"right after", 10, 11, true},
		{"the same", 9, 10, false},
		{"within", 9.25, 9.5, false},
		{"around", 8, 11, false},
		{"into its start", 8.5, 9.5, false},
		{"out of its end", 9.5, 10.5, false},
		{"a microsecond into its start", 8, 9 + 1/3.6e9, false},
		{"a microsecond of its end", 10 - 1/3.6e9, 11, false},
	}
	b := setup(t)
	b.booked(b.at("instant", 9, 10))
	for _, c := range cases {
		v := b.at("instant", c.from, c.to)
		v.Start, v.End = v.Start.Round(time.Microsecond), v.End.Round(time.Microsecond)
		v, out := b.book(v)
		wantEqual(t, c.name, out.Result == booking.ResultApplied, c.fits)
		b.sound()
		if v != nil {
			b.played(v, "cancel")
		}
	}
	elsewhere := b.at("instant", 9, 10)
	r, calendar := b.newResource(b.app)
	elsewhere.Resource, elsewhere.Calendar = *r, *calendar
	b.booked(elsewhere)
	b.sound()
}

func TestDoubleBookingsOnPurpose(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shared := func(from, to float64) *booking.Booking {
		v := b.at("instant", from, to)
		v.Settings.AllowDoubleBookings = true
		return v
	}
	ordinary := b.booked(b.at("instant", 9, 10))
	one := b.booked(shared(9, 10))
	two := b.booked(shared(9.5, 11))
	b.wantCount(3, `SELECT count(*) FROM occupancies`)
	b.sound()

	_, out := b.book(b.at("instant", 10, 11))
	wantEqual(t, "an ordinary one over a shared one", out.Result, booking.ResultGone)
	wantEqual(t, "code", out.Code, fault.SlotTaken)
	wantCode(t, b.HasRoom(b.ctx, b.at("instant", 10, 11), takesSlot), fault.SlotTaken)
	b.played(ordinary, "cancel")
	_, out = b.book(b.at("instant", 9, 9.5))
	wantEqual(t, "where only a shared one is", out.Result, booking.ResultGone)
	b.played(one, "cancel")
	b.booked(b.at("instant", 9, 9.5))
	b.played(two, "complete")
	b.booked(b.at("instant", 9.5, 11))
	b.sound()
}

func TestTwoRequestsForOneSlot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.booked(b.at("confirm_decline", 9, 10)), b.booked(b.at("confirm_decline", 9, 10))
	b.wantCount(0, `SELECT count(*) FROM occupancies`)
	one = b.played(one, "confirm")

	two, out := b.play(two, "confirm")
	wantEqual(t, "result", out.Result, booking.ResultRefused)
	wantEqual(t, "code", out.Code, fault.SlotTaken)
	wantEqual(t, "state", two.State, "tentative")
	wantEqual(t, "seq", two.Seq, 1)
	wantEqual(t, "revision", two.Revision, 1)
	wantEqual(t, "customers", len(two.Customers), 1)
	b.wantCount(1, `SELECT count(*) FROM actions WHERE status = 'refused' AND code = 'slot_taken' AND message <> '' AND seq = 1
		AND booking_id = $1`, two.ID)
	b.sound()

	b.played(one, "cancel")
	two = b.played(two, "confirm")
	wantEqual(t, "state", two.State, "confirmed")
	b.sound()
}
