package calendar

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/strictjson"
	"holdfast/internal/zones"
)

// eventInput is the body of a calendar event. invite and sync_provider of Timekit's contract have no effect: this server sends no mail
// and has no other calendar to write to.
type eventInput struct {
	ResourceID   string          `json:"resource_id"`
	CalendarID   string          `json:"calendar_id"`
	Start        *edge.Stamp     `json:"start"`
	End          *edge.Stamp     `json:"end"`
	AllDay       *bool           `json:"all_day"`
	AllDayOld    *bool           `json:"allDay"` // as answers have it
	What         *string         `json:"what"`
	Where        *string         `json:"where"`
	Description  *string         `json:"description"`
	Participants *[]string       `json:"participants"`
	RSVP         *string         `json:"my_rsvp"`
	Settings     json.RawMessage `json:"settings"`
}

// readEvent sets the fields of e that the body has, and checks all of them.
func (h *eventHandlers) readEvent(k *edge.Call, e *booking.CalendarEvent) error {
	var in eventInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if err := h.placeEvent(k, in, e, problems); err != nil {
		return err
	}
	in.when(k, e, problems)
	in.describe(e, problems)
	return problems.Err()
}

// placeEvent sets the calendar and the resource. The body names one of them, which implies the other; for a new event it must.
func (h *eventHandlers) placeEvent(k *edge.Call, in eventInput, e *booking.CalendarEvent, problems fault.Problems) error {
	stays := e.CalendarID != uuid.Nil && in.CalendarID == "" && (in.ResourceID == "" || in.ResourceID == e.Resource.ID.String())
	if stays {
		return nil
	}
	if in.ResourceID == "" && in.CalendarID == "" {
		problems.Add("resource_id", "is required, or calendar_id")
		return nil
	}
	if in.ResourceID == "" {
		id := edge.ParseID(in.CalendarID, "calendar_id", problems)
		if id == uuid.Nil {
			return nil
		}
		calendar, err := h.calendars.CalendarOf(k, k.App.ID, id)
		if edge.IsMissing(err, "calendar_id", problems) || err != nil {
			return edge.UnlessNotFound(err)
		}
		in.ResourceID = calendar.ResourceID.String()
	}
	r, c, err := findPlace(k, h.calendars, in.ResourceID, in.CalendarID, problems)
	e.Resource, e.CalendarID = r, c.ID
	return err
}

// when reads start and end. An all-day event has dates, the end exclusive, in the resource's zone; times are widened to the days that they
// touch. Without start and end in the body an all-day event keeps its dates.
func (in eventInput) when(k *edge.Call, e *booking.CalendarEvent, problems fault.Problems) {
	for _, given := range []*bool{in.AllDayOld, in.AllDay} {
		if given != nil {
			e.AllDay = *given
		}
	}
	if e.AllDay && in.Start == nil && in.End == nil && !e.Start.IsZero() {
		e.Settle()
		return
	}
	e.Settle()
	e.Start, e.StartDate = readEventTime(k, in.Start, "start", e, e.Start, e.StartDate, problems)
	e.End, e.EndDate = readEventTime(k, in.End, "end", e, e.End, e.EndDate, problems)
	backward := !e.Start.Before(e.End) || e.AllDay && !e.StartDate.IsZero() && !e.EndDate.IsZero() && !e.StartDate.Before(e.EndDate)
	if len(problems) == 0 && backward {
		problems.Add("end", "must be after start")
		return
	}
	e.Settle()
}

// readEventTime reads the start or the end of an event: a date of an all-day event, or a time. nil keeps what the event has; if it has
// none, that is a problem.
func readEventTime(
	k *edge.Call, text *edge.Stamp, field string, e *booking.CalendarEvent, at, date time.Time, problems fault.Problems,
) (newAt, newDate time.Time) {
	if text == nil && !at.IsZero() {
		return at, date
	}
	if text == nil {
		text = new(edge.Stamp)
	}
	day, kind, ok := zones.Read(string(*text))
	if !e.AllDay || !ok || kind != zones.Date {
		return k.ParseTime(string(*text), field, problems), time.Time{}
	}
	if day.Before(edge.Earliest) || day.After(edge.Latest) {
		problems.Add(field, "must lie between 1970 and 2200")
	}
	return zones.StartOf(day, e.Resource.Zone()), day
}

var rsvps = []string{"accepted", "needsAction", "declined", "tentative"}

func (in eventInput) describe(e *booking.CalendarEvent, problems fault.Problems) {
	for target, value := range map[*string]*string{&e.What: in.What, &e.Where: in.Where, &e.Description: in.Description, &e.RSVP: in.RSVP} {
		if value != nil {
			*target = *value
		}
	}
	edge.CheckLength(e.What, "what", 500, problems)
	edge.CheckLength(e.Where, "where", 500, problems)
	edge.CheckLength(e.Description, "description", 20_000, problems)
	if !slices.Contains(rsvps, e.RSVP) {
		problems.Add("my_rsvp", "must be accepted, needsAction, declined or tentative")
	}
	if in.Participants != nil {
		e.Participants = *in.Participants
	}
	rules.CheckParticipants(e.Participants, problems)
	if in.Settings == nil {
		return
	}
	e.Settings = booking.CalendarEventSettings{}
	if err := strictjson.Decode(edge.CheckObject(in.Settings, "settings", problems), &e.Settings); err != nil {
		edge.AddFaults(err, "settings", problems)
	}
}
