package api

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/availability"
	"holdfast/internal/booking"
	"holdfast/internal/strictjson"
)

// eventInput is what a body may say of an event. invite and sync_provider of Timekit's contract have no effect: nothing
// here sends mail or knows another calendar.
type eventInput struct {
	ResourceID   string          `json:"resource_id"`
	CalendarID   string          `json:"calendar_id"`
	Start        *stamp          `json:"start"`
	End          *stamp          `json:"end"`
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
func (s *Server) readEvent(k *call, e *booking.Event) error {
	var in eventInput
	if err := k.decode(&in); err != nil {
		return err
	}
	problems := booking.Problems{}
	if err := s.placeEvent(k, in, e, problems); err != nil {
		return err
	}
	in.when(k, e, problems)
	in.describe(e, problems)
	return problems.Err()
}

// placeEvent finds the calendar and the resource: each implies the other. A new event needs one of them.
func (s *Server) placeEvent(k *call, in eventInput, e *booking.Event, problems booking.Problems) error {
	stays := e.CalendarID != uuid.Nil && in.CalendarID == "" && (in.ResourceID == "" || in.ResourceID == e.Resource.ID.String())
	if stays {
		return nil
	}
	if in.ResourceID == "" && in.CalendarID == "" {
		problems.Add("resource_id", "is required, or calendar_id")
		return nil
	}
	if in.ResourceID == "" {
		id := parseID(in.CalendarID, "calendar_id", problems)
		if id == uuid.Nil {
			return nil
		}
		calendar, err := s.DB.CalendarOf(k, k.app.ID, id)
		if missing(err, "calendar_id", problems) || err != nil {
			return unlessMissing(err)
		}
		in.ResourceID = calendar.ResourceID.String()
	}
	var place booking.Booking
	err := s.findOwnPlace(k, &place, in.ResourceID, in.CalendarID, problems)
	e.Resource, e.CalendarID = place.Resource, place.Calendar.ID
	return err
}

// when reads the time. Dates mean whole days in the resource's zone, the last one exclusive, of all-day events only.
func (in eventInput) when(k *call, e *booking.Event, problems booking.Problems) {
	for _, given := range []*bool{in.AllDayOld, in.AllDay} {
		if given != nil {
			e.AllDay = *given
		}
	}
	read := func(text *stamp, field string, target *time.Time) {
		if text != nil || target.IsZero() {
			*target = k.eventTime(text, field, e, problems)
		}
	}
	read(in.Start, "start", &e.Start)
	read(in.End, "end", &e.End)
	if !e.Start.IsZero() && !e.End.IsZero() && !e.Start.Before(e.End) {
		problems.Add("end", "must be after start")
	}
}

func (k *call) eventTime(text *stamp, field string, e *booking.Event, problems booking.Problems) time.Time {
	if text == nil {
		text = new(stamp)
	}
	if !e.AllDay || len(*text) != len(time.DateOnly) {
		return k.parseTime(string(*text), field, problems)
	}
	first, err := availability.ParseMoment(string(*text), time.Now(), e.Resource.Zone())
	switch {
	case err != nil:
		problems.Add(field, "%s", err)
	case first.Before(earliest) || first.After(latest):
		problems.Add(field, "must lie between 1970 and 2200")
	}
	return first
}

var rsvps = []string{"accepted", "needsAction", "declined", "tentative"}

func (in eventInput) describe(e *booking.Event, problems booking.Problems) {
	for target, value := range map[*string]*string{&e.What: in.What, &e.Where: in.Where, &e.Description: in.Description, &e.RSVP: in.RSVP} {
		if value != nil {
			*target = *value
		}
	}
	checkLength(e.What, "what", 500, problems)
	checkLength(e.Where, "where", 500, problems)
	checkLength(e.Description, "description", 20_000, problems)
	if !slices.Contains(rsvps, e.RSVP) {
		problems.Add("my_rsvp", "must be accepted, needsAction, declined or tentative")
	}
	if in.Participants != nil {
		e.Participants = *in.Participants
	}
	checkParticipants(e.Participants, problems)
	if in.Settings == nil {
		return
	}
	e.Settings = booking.EventSettings{}
	if err := strictjson.Decode(object(in.Settings, "settings", problems), &e.Settings); err != nil {
		addFaults(err, "settings", problems)
	}
}

func checkParticipants(all []string, problems booking.Problems) {
	if len(all) > 100 {
		problems.Add("participants", "must not be more than 100")
	}
	for _, address := range all {
		checkEmail(address, "participants", problems)
	}
}
