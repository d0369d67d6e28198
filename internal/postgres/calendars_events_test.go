package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// event is an event of the bundle's resource, from one hour of monday to another, not yet on record.
func (b *bundle) event(from, to float64) *booking.CalendarEvent {
	return &booking.CalendarEvent{
		ID: newID(), AppID: b.app.ID, Resource: *b.resource, CalendarID: b.calendar.ID, What: "Lunch", RSVP: "accepted",
		Start: monday.Add(time.Duration(from * float64(time.Hour))), End: monday.Add(time.Duration(to * float64(time.Hour))),
	}
}

func TestEventsTakeTimeLikeBookings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lunch := b.event(12, 13)
	check(t, b.CreateCalendarEvent(b.ctx, lunch))
	_, out := b.book(b.at("instant", 12.5, 13.5))
	wantEqual(t, "a booking above an event", out.Code, fault.SlotTaken)
	wantCode(t, b.HasRoom(b.ctx, b.at("instant", 12.5, 13.5), takesSlot), fault.SlotTaken)
	b.booked(b.at("instant", 13, 14))
	wantCode(t, b.CreateCalendarEvent(b.ctx, b.event(13.5, 14.5)), fault.SlotTaken)
	wantCode(t, b.CreateCalendarEvent(b.ctx, b.event(11, 12.1)), fault.SlotTaken)
	b.wantCount(1, `SELECT count(*) FROM calendar_events`)
	check(t, b.CreateCalendarEvent(b.ctx, lunch)) // a repeat
	b.wantCount(1, `SELECT count(*) FROM occupancies WHERE event_id IS NOT NULL`)
	check(t, b.DeleteCalendarEvent(b.ctx, b.app.ID, lunch.ID))
	b.booked(b.at("instant", 12, 13))
	wantCode(t, b.DeleteCalendarEvent(b.ctx, b.app.ID, lunch.ID), fault.NotFound)
	b.sound()
}

func TestEventsKeepOutOfBuffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.at("instant", 9, 10)
	v.Settings.BufferSeconds = 1800
	b.booked(v)
	wantCode(t, b.CreateCalendarEvent(b.ctx, b.event(10, 11)), fault.SlotTaken)
	shared := b.event(10, 10.25)
	shared.Settings.AllowDoubleBookings = true
	check(t, b.CreateCalendarEvent(b.ctx, shared))
	check(t, b.CreateCalendarEvent(b.ctx, b.event(10.5, 11)))
	check(t, b.CreateCalendarEvent(b.ctx, b.allDayAt(t, false)))
}

func TestSharedEventsAreSeenByOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shared := b.event(9, 10)
	shared.Settings.AllowDoubleBookings = true
	check(t, b.CreateCalendarEvent(b.ctx, shared))
	_, out := b.book(b.at("instant", 9, 10))
	wantEqual(t, "a booking above a shared event", out.Code, fault.SlotTaken)
	wantCode(t, b.CreateCalendarEvent(b.ctx, b.event(9, 10)), fault.SlotTaken)
	v := b.at("instant", 9, 10)
	v.Settings.AllowDoubleBookings = true
	b.booked(v)
	shared.Settings.AllowDoubleBookings = false // from now on it minds
	wantCode(t, b.UpdateCalendarEvent(b.ctx, shared), fault.SlotTaken)
}

func TestMovesTakeTheNewTimeOrKeepTheOld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.event(9, 10)
	check(t, b.CreateCalendarEvent(b.ctx, e))
	b.booked(b.at("instant", 11, 12))
	to := func(from, until float64) error {
		moved := *e
		moved.Start, moved.End = b.event(from, until).Start, b.event(from, until).End
		return b.UpdateCalendarEvent(b.ctx, &moved)
	}
	wantCode(t, to(10.5, 11.5), fault.SlotTaken)
	wantCode(t, b.CreateCalendarEvent(b.ctx, b.event(9, 10)), fault.SlotTaken) // still held
	check(t, to(9.5, 10.5))                                                    // over its own old time
	b.wantCount(1, `SELECT count(*) FROM occupancies WHERE event_id = $1`, e.ID)
	check(t, b.CreateCalendarEvent(b.ctx, b.event(9, 9.5)))
	b.booked(b.at("instant", 10.5, 11))
	b.sound()
	again := must(b.CalendarEvent(b.ctx, b.app.ID, e.ID))
	again.What = "Longer lunch"
	check(t, b.UpdateCalendarEvent(b.ctx, again))
	if got := must(b.CalendarEvent(b.ctx, b.app.ID, e.ID)); got.What != "Longer lunch" || !got.Start.Equal(monday.Add(9*time.Hour+30*time.Minute)) {
		t.Errorf("%+v", got)
	}
}

// TestChangingTextsAsksForNoTime: what lies above an event by its own wish does not keep the event from a new name.
func TestChangingTextsAsksForNoTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.event(9, 10)
	check(t, b.CreateCalendarEvent(b.ctx, e))
	v := b.at("instant", 9, 10)
	v.Settings.AllowDoubleBookings = true
	b.booked(v)
	e.What = "Meeting"
	check(t, b.UpdateCalendarEvent(b.ctx, e))
}

// TestEventsAndBookingsRace: 50 events and 50 bookings of one slot, each with a goroutine of its own.
func TestEventsAndBookingsRace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	const crowd = 100
	ins := make([]booking.CommitInput, crowd)
	for i := 0; i < crowd; i += 2 {
		v := b.at("instant", 9, 10)
		ins[i] = commit(v, b.create(v))
	}
	var won atomic.Int32
	together(crowd, func(i int) {
		if i%2 == 0 {
			if out, err := b.Commit(ctx, ins[i]); err != nil {
				t.Error(err)
			} else if out.Result == booking.ResultApplied {
				won.Add(1)
			}
			return
		}
		if err := b.CreateCalendarEvent(ctx, b.event(9.25, 10.25)); err == nil {
			won.Add(1)
		} else if fault.CodeOf(err) != fault.SlotTaken {
			t.Error(err)
		}
	})
	wantEqual(t, "winners", won.Load(), 1)
	b.wantCount(1, `SELECT count(*) FROM occupancies`)
	b.wantCount(1, `SELECT (SELECT count(*) FROM bookings) + (SELECT count(*) FROM calendar_events)`)
	b.wantNoDeadlock()
	b.sound()
}

// TestEventsThatChangePlaces go for each other's time at once, again and again: nobody waits for anybody, and no time is
// held twice or lost.
func TestEventsThatChangePlaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hours := []float64{9, 10, 11, 12}
	events := make([]*booking.CalendarEvent, len(hours)-1)
	for i := range events {
		events[i] = b.event(hours[i], hours[i]+1)
		check(t, b.CreateCalendarEvent(b.ctx, events[i]))
	}
	var moved atomic.Int32
	together(len(events), func(i int) {
		for n := range 60 {
			e := *events[i]
			at := hours[(i+n)%len(hours)]
			e.Start, e.End = b.event(at, at+1).Start, b.event(at, at+1).End
			if err := b.UpdateCalendarEvent(b.ctx, &e); err == nil {
				moved.Add(1)
			} else if fault.CodeOf(err) != fault.SlotTaken {
				t.Error(err)
			}
		}
	})
	if moved.Load() < 10 {
		t.Errorf("only %d moves", moved.Load())
	}
	b.wantCount(len(events), `SELECT count(*) FROM occupancies o JOIN calendar_events e ON e.id = o.event_id
		AND o.during = tstzrange(e.start_at, e.end_at, '[)')`)
	b.wantCount(len(events), `SELECT count(*) FROM occupancies`)
	b.wantNoDeadlock()
	b.sound()
}

func TestEntriesAreEventsAndBookingsThatHoldTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lunch := b.event(12, 13)
	check(t, b.CreateCalendarEvent(b.ctx, lunch))
	held := b.booked(b.at("instant", 9, 10))
	b.played(b.booked(b.at("instant", 10, 11)), "cancel")
	b.booked(b.at("confirm_decline", 14, 15)) // asked for, holds nothing yet
	list := func(from, to float64, terms ...postgres.Term) []string {
		t.Helper()
		e := b.event(from, to)
		all, total, err := b.CalendarEvents(b.ctx, b.app.ID, postgres.CalendarEventFilter{From: e.Start, To: e.End, Terms: terms}, postgres.Page{Number: 1, Limit: 10})
		check(t, err)
		ids := []string{}
		for _, one := range all {
			ids = append(ids, one.ID.String())
		}
		wantEqual(t, "total", total.Total, len(ids))
		return ids
	}
	wantSame(t, "the day", list(0, 24), []string{held.EventID.String(), lunch.ID.String()})
	wantSame(t, "its edges", list(10, 12), []string{})
	wantSame(t, "an overlap", list(12.9, 20), []string{lunch.ID.String()})
	wantSame(t, "the resource", list(0, 24, postgres.Term{Key: "resource.id", Value: b.resource.ID.String()}), list(0, 24))
	wantSame(t, "another calendar", list(0, 24, postgres.Term{Key: "calendar.id", Value: newID().String()}), []string{})
	entry := must(b.CalendarEvent(b.ctx, b.app.ID, held.EventID))
	wantEqual(t, "whose entry", entry.Booking.ID, held.ID)
	wantCode(t, b.DeleteCalendarEvent(b.ctx, b.app.ID, held.EventID), fault.NotFound)
	other := b.newApp("other")
	_, err := b.CalendarEvent(b.ctx, other.ID, lunch.ID)
	wantCode(t, err, fault.NotFound)
	foreign := *lunch
	foreign.AppID = other.ID
	wantCode(t, b.CreateCalendarEvent(b.ctx, &foreign), fault.NotFound)
	wantCode(t, b.UpdateCalendarEvent(b.ctx, &foreign), fault.NotFound)
	b.wantCount(0, `SELECT count(*) FROM occupancies o WHERE booking_id IS NOT NULL AND NOT EXISTS (SELECT FROM bookings b WHERE b.id = o.booking_id)`)
}
