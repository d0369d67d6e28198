package postgres_test

import (
	"testing"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

func (b *bundle) allDay() *booking.CalendarEvent {
	e := b.event(0, 24)
	e.AllDay = true
	return e
}

// allDayAt is an all-day event of a week later.
func (b *bundle) allDayAt(t *testing.T, shared bool) *booking.CalendarEvent {
	t.Helper()
	e := b.allDay()
	e.Start, e.End, e.Settings.AllowDoubleBookings = e.Start.AddDate(0, 0, 7), e.End.AddDate(0, 0, 7), shared
	return e
}

func TestAllDayEventsLieInLayers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	check(t, b.CreateCalendarEvent(b.ctx, b.allDay()))
	check(t, b.CreateCalendarEvent(b.ctx, b.allDay())) // above each other
	_, out := b.book(b.at("instant", 9, 10))
	wantEqual(t, "a booking on a day that is taken", out.Code, fault.SlotTaken)
	ignoring := func(from, to float64) *booking.Booking {
		v := b.at("instant", from, to)
		v.Settings.IgnoreAllDayEvents, v.Settings.BufferSeconds = true, 600
		return v
	}
	b.booked(ignoring(9, 10))
	_, out = b.book(ignoring(9.5, 10.5))
	wantEqual(t, "two bookings that ignore all-day events", out.Code, fault.SlotTaken)
	wantCode(t, b.CreateCalendarEvent(b.ctx, b.event(9, 10)), fault.SlotTaken)
	check(t, b.CreateCalendarEvent(b.ctx, b.allDay())) // beside a booking that ignores it

	above := ignoring(9+14*24, 10+14*24)
	above.Settings.AllowDoubleBookings = true
	b.booked(above)
	later := b.allDay()
	later.Start, later.End = later.Start.AddDate(0, 0, 14), later.End.AddDate(0, 0, 14)
	check(t, b.CreateCalendarEvent(b.ctx, later)) // and beside one that may lie above anything

	next := b.at("instant", 9+7*24, 10+7*24)
	b.booked(next)
	wantCode(t, b.CreateCalendarEvent(b.ctx, b.allDayAt(t, false)), fault.SlotTaken)
	check(t, b.CreateCalendarEvent(b.ctx, b.allDayAt(t, true)))
}

// TestAllDayEventsLieBesideBuffers: a buffer keeps things out, not days.
func TestAllDayEventsLieBesideBuffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("instant", 24, 25) // the day after, with a buffer that reaches back
	v.Settings.IgnoreAllDayEvents, v.Settings.BufferSeconds = true, 1800
	b.booked(v)
	check(t, b.CreateCalendarEvent(b.ctx, b.allDay()))
}
