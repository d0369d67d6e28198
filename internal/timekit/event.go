package timekit

import (
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
)

// Event renders a calendar entry. booking_id is the booking's, null when it was made by hand.
func Event(e *booking.CalendarEvent, c Clock) Object {
	at := func(t time.Time) string { return c.Show(t, e.Resource.Zone()) }
	var of any
	rsvp := e.RSVP
	if e.Booking != nil {
		of, rsvp = e.Booking.ID, View{Booking: e.Booking}.rsvp()
	}
	return Object{
		"id": e.ID, "booking_id": of, "calendar_id": e.CalendarID, "resource_id": e.Resource.ID,
		"what": e.What, "where": e.Where, "description": e.Description, "participants": append([]string{}, e.Participants...),
		"rsvp": rsvp, "allDay": e.AllDay, "settings": e.Settings,
		"start": at(e.Start), "end": at(e.End), "created_at": at(e.CreatedAt), "updated_at": at(e.UpdatedAt),
	}
}

// Calendar renders a calendar by itself; its resource's zone is the clock's.
func Calendar(c *catalogue.OwnedCalendar, k Clock) Object {
	zone := (&catalogue.Resource{Timezone: c.Timezone}).Zone()
	o := calendar(&c.Calendar, func(t time.Time) string { return k.Show(t, zone) })
	o["resource_id"], o["provider"] = c.ResourceID, "holdfast"
	return o
}

func calendar(c *catalogue.Calendar, at func(time.Time) string) Object {
	return Object{
		"id": c.ID, "provider_id": c.ID, "provider_access": "owner", "provider_primary": false, "provider_sync": false,
		"name": c.Name, "description": c.Description, "foregroundcolor": c.ForegroundColor, "backgroundcolor": c.BackgroundColor,
		"created_at": at(c.CreatedAt), "updated_at": at(c.UpdatedAt),
	}
}
