package visitor

import (
	"net/http"
	"strings"

	ics "github.com/arran4/golang-ical"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// eventFile answers with the booking of a request as a calendar file (RFC 5545). Times are in UTC, which every calendar shows in
// its own zone. The entry keeps its UID, also when it is moved, and its SEQUENCE grows, so that a newer file replaces an older one. Mails
// of the booking have the same.
func (h *requestHandlers) eventFile(k *call) error {
	found, app, err := h.requests.SchedulingRequestByCode(k, k.code())
	if err != nil {
		return err
	}
	k.App = app
	if found.Booking == nil {
		return fault.Errorf(fault.NotFound, "No time is booked.")
	}
	first, moves, err := h.requests.FirstPlace(k, found.Booking.ID)
	if err != nil {
		return err
	}
	page := k.Base + requestPath(found.Request)
	k.Header("Content-Disposition", `attachment; filename="event.ics"`)
	k.Data(http.StatusOK, "text/calendar; charset=utf-8", []byte(calendarFile(found.Booking, h.links.EntryUID(first), moves, page)))
	return nil
}

// calendarFile is a calendar with one entry. It has no METHOD: that would make it a message between calendars, which must
// name an organizer (RFC 5546, 3.2.1); this is a file that a person opens.
func calendarFile(b *booking.Booking, uid string, moves int, page string) string {
	file := ics.NewCalendarFor("holdfast")
	e, status := file.AddEvent(uid), calendarStatus(b)
	e.SetDtStampTime(b.UpdatedAt)
	e.SetModifiedAt(b.UpdatedAt)
	e.SetSequence(moves)
	if status == ics.ObjectStatusCancelled {
		e.SetSequence(moves + 1)
	}
	e.SetStartAt(b.Start)
	e.SetEndAt(b.End)
	e.SetSummary(oneLine(b.What))
	e.SetStatus(status)
	e.SetURL(page)
	if b.Where != "" {
		e.SetLocation(oneLine(b.Where))
	}
	e.SetDescription(calendarAbout(b, page))
	return file.Serialize(ics.WithNewLineWindows)
}

// calendarAbout says with whom it is and what it is about, and where it can be changed: many calendars do not show the URL.
func calendarAbout(b *booking.Booking, page string) string {
	var parts []string
	if name := oneLine(b.Resource.Name); name != "" {
		parts = append(parts, "With "+name)
	}
	if b.Description != "" {
		parts = append(parts, calendarText(b.Description))
	}
	return strings.Join(append(parts, page), "\n\n")
}

func calendarStatus(b *booking.Booking) ics.ObjectStatus {
	switch b.State {
	case "tentative", "expiring", "requested":
		return ics.ObjectStatusTentative
	case "unpaid":
		return ics.ObjectStatusCancelled
	}
	if b.Dropped() {
		return ics.ObjectStatusCancelled
	}
	return ics.ObjectStatusConfirmed
}

// calendarText leaves no bare carriage return, which would end a line of the file.
func calendarText(text string) string {
	return plainText(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text))
}

func oneLine(text string) string { return strings.ReplaceAll(calendarText(text), "\n", " ") }
