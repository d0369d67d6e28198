package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// entries are the app's calendar entries within some hours of monday that have every term.
func (b *bundle) entries(from, to float64, terms ...postgres.Term) []*booking.CalendarEvent {
	b.t.Helper()
	window := b.event(from, to)
	all, found, err := b.CalendarEvents(b.ctx, b.app.ID, postgres.CalendarEventFilter{From: window.Start, To: window.End, Terms: terms}, pageOf(1, 100))
	check(b.t, err)
	wantEqual(b.t, "counted", found.Total, len(all))
	return all
}

// TestPartsAreInTheirCalendars: each resource of a booking has an entry in its own calendar at the time of its part, with an id of its own, as
// long as the booking holds time.
func TestPartsAreInTheirCalendars(t *testing.T) {
	t.Parallel()
	b := setup(t)
	places := b.resources(4)
	v := b.joint(b.at("confirm_decline", 9, 10), places[0], places[1], places[2])
	v.Parts[1].Start, v.Parts[1].End = v.Start.Add(-24*time.Hour), v.Start.Add(-23*time.Hour)
	v.Parts[2].Start, v.Parts[2].End = v.Start.Add(24*time.Hour), v.Start.Add(48*time.Hour)
	v = b.booked(v)
	wantEqual(t, "holds nothing yet", len(b.entries(-24, 72)), 0)
	v, _ = b.play(v, "confirm")
	wantEqual(t, "confirmed", v.State, "confirmed")

	all := b.entries(-24, 72)
	wantEqual(t, "entries", len(all), 3)
	of := func(resource int) (one *booking.CalendarEvent) {
		i := slices.IndexFunc(all, func(e *booking.CalendarEvent) bool { return e.Resource.ID == places[resource].ID })
		return all[i]
	}
	ids := map[uuid.UUID]bool{}
	for i, part := range v.Parts {
		e := of(i)
		ids[e.ID] = true
		wantEqual(t, "from", e.Start.UTC(), part.Start.UTC())
		wantEqual(t, "to", e.End.UTC(), part.End.UTC())
		wantEqual(t, "calendar", e.CalendarID, must(b.DB.Calendar(b.ctx, part.Resource, nil)).ID)
		wantEqual(t, "booking", e.Booking.ID, v.ID)
		again := must(b.CalendarEvent(b.ctx, b.app.ID, e.ID))
		wantEqual(t, "by its id", words(again.Resource.ID, again.Start.UTC(), again.ID), words(e.Resource.ID, e.Start.UTC(), e.ID))
		for _, term := range []postgres.Term{{Key: "resource.id", Value: part.Resource.String()}, {Key: "calendar.id", Value: e.CalendarID.String()}} {
			found := b.entries(-24, 72, term)
			wantEqual(t, "found by "+term.Key, len(found) == 1 && found[0].ID == e.ID, true)
			listed, _, err := b.ListBookings(b.ctx, b.app.ID, postgres.Filter{Terms: []postgres.Term{term}}, pageOf(1, 10))
			check(t, err)
			wantEqual(t, "listed by "+term.Key, len(listed) == 1 && listed[0].ID == v.ID, true)
		}
	}
	wantEqual(t, "ids", len(ids), 3)
	wantEqual(t, "the first has that of the event", of(0).ID, v.EventID)
	wantEqual(t, "at the end of the last part", len(b.entries(56.5, 57)), 1)
	wantEqual(t, "behind it", len(b.entries(57, 58)), 0)
	wantEqual(t, "at the beginning of the earliest", len(b.entries(-15.25, -14.75)), 1)
	wantEqual(t, "of somebody else", len(b.entries(-24, 72, postgres.Term{Key: "resource.id", Value: places[3].ID.String()})), 0)

	nobody := v.EventID
	nobody[15] ^= 5
	_, err := b.CalendarEvent(b.ctx, b.app.ID, nobody)
	wantCode(t, err, fault.NotFound)
	foreign, _ := b.newResource(b.newApp("other"))
	_, err = b.CalendarEvent(b.ctx, foreign.AppID, of(1).ID)
	wantCode(t, err, fault.NotFound)
	b.played(v, "cancel")
	wantEqual(t, "cancelled", len(b.entries(-24, 72)), 0)

	claimed := b.joint(b.at("instant", 9, 10), places[0], places[3])
	b.accepted(claimed)
	wantEqual(t, "claimed", len(b.entries(9, 10, postgres.Term{Key: "resource.id", Value: places[3].ID.String()})), 1)
}
