package postgres_test

import (
	"testing"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// TestCreateLooksWhosePlaceItTakes: a hold that is over is the reason, even where somebody has the time by now.
func TestCreateLooksWhosePlaceItTakes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	from := func(old *booking.Booking) *booking.Booking {
		v := b.at("instant", 9, 10)
		v.Related.Reservation = &old.ID
		return v
	}
	hold := b.booked(b.at("reservation", 9, 10))
	v := from(hold)
	must(b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)) // the hold's own time is no obstacle
	b.played(hold, "release")
	b.booked(b.at("instant", 9, 10))
	v = from(hold)
	_, err := b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)
	wantCode(t, err, fault.HoldExpired)
	moved := b.booked(b.at("instant", 11, 12))
	b.played(moved, "cancel")
	v = b.at("instant", 9, 10)
	v.Related.RescheduledFrom = &moved.ID
	_, err = b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)
	wantCode(t, err, fault.ActionNotAvailable)
	v.Related.RescheduledFrom = &v.ID
	_, err = b.CreateBooking(b.ctx, v, action(v, "confirm"), takesSlot)
	wantCode(t, err, fault.NotFound)
}
