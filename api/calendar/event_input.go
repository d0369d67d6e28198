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

// eventInput is what a body may say of an event. invite and sync_provider of Timekit's contract have no effect: nothing
// here sends mail or knows another calendar.
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

// readEvent writes what the body names onto e and checks the whole.
func (s *Handlers) readEvent(k *edge.Call, e *booking.CalendarEvent) error {
	var in eventInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if err := s.placeEvent(k, in, e, problems); err != nil {
		return err
	}
	in.when(k, e, problems)
	in.describe(e, problems)
	return problems.Err()
}

// placeEvent finds the calendar and the resource: each implies the other. A new event needs one of them.
func (s *Handlers) placeEvent(k *edge.Call, in eventInput, e *booking.CalendarEvent, problems fault.Problems) error {
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
		calendar, err := s.DB.CalendarOf(k, k.App.ID, id)
		if edge.IsMissing(err, "calendar_id", problems) || err != nil {
			return edge.UnlessNotFound(err)
		}
		in.ResourceID = calendar.ResourceID.String()
	}
	r, c, err := s.findPlace(k, in.ResourceID, in.CalendarID, problems)
	e.Resource, e.CalendarID = r, c.ID
	return err
}

// when reads the time. An all-day event lies on whole days of the resource's zone, the last one exclusive: dates say which, and of
// times the days that they touch. Where the body names neither, it stays.
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

// readEventTime reads one end of an event, if it is named or was never told: a date of an all-day event, or a time.
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
