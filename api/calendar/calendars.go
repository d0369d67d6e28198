package calendar

import (
	"net/http"
	"regexp"
	"strings"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/timekit"
)

type calendarInput struct {
	ResourceID  string  `json:"resource_id"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Foreground  *string `json:"foregroundcolor"`
	Background  *string `json:"backgroundcolor"`
}

var goodColor = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// apply sets the fields that the body has, and checks all of them.
func (in calendarInput) apply(c *catalogue.OwnedCalendar, problems fault.Problems) {
	for target, value := range map[*string]*string{
		&c.Name: in.Name, &c.Description: in.Description, &c.ForegroundColor: in.Foreground, &c.BackgroundColor: in.Background,
	} {
		if value != nil {
			*target = strings.TrimSpace(*value)
		}
	}
	if c.Name == "" {
		problems.Add("name", "is required")
	}
	edge.CheckLength(c.Name, "name", 200, problems)
	edge.CheckLength(c.Description, "description", 20_000, problems)
	for field, color := range map[string]string{"foregroundcolor": c.ForegroundColor, "backgroundcolor": c.BackgroundColor} {
		if !goodColor.MatchString(color) {
			problems.Add(field, "must be a color such as #1a6b54")
		}
	}
}

func (s *Handlers) listCalendars(k *edge.Call) error {
	page, terms, err := k.Listing()
	if err != nil {
		return err
	}
	all, found, err := s.DB.ListCalendars(k, k.App.ID, terms, page)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, c := range all {
		list = append(list, timekit.Calendar(c, k.Clock))
	}
	return k.AnswerList(list, len(list), found, page)
}

func (s *Handlers) createCalendar(k *edge.Call) error {
	var in calendarInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	c := &catalogue.OwnedCalendar{}
	c.ID, c.ForegroundColor, c.BackgroundColor = k.Operation, "#ffffff", "#1a6b54"
	problems := fault.Problems{}
	in.apply(c, problems)
	if err := s.giveCalendar(k, in.ResourceID, c, problems); err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return err
	}
	if err := s.DB.CreateCalendar(k, k.App.ID, c); err != nil {
		return err
	}
	k.Header("Location", "/v2/calendars/"+c.ID.String())
	return k.Answer(http.StatusCreated, timekit.Calendar(c, k.Clock))
}

// giveCalendar sets the resource of a new calendar, and its zone.
func (s *Handlers) giveCalendar(k *edge.Call, text string, c *catalogue.OwnedCalendar, problems fault.Problems) error {
	r, _, err := s.findPlace(k, text, "", problems)
	c.ResourceID, c.Timezone = r.ID, r.Timezone
	return err
}

func (s *Handlers) calendar(k *edge.Call) (*catalogue.OwnedCalendar, error) {
	id, err := k.ID("id", "The calendar")
	if err != nil {
		return nil, err
	}
	c, err := s.DB.CalendarOf(k, k.App.ID, id)
	if err != nil {
		return nil, err
	}
	return c, k.RequireOwner(c.ResourceID, "The calendar")
}

func (s *Handlers) getCalendar(k *edge.Call) error {
	c, err := s.calendar(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Calendar(c, k.Clock))
}

func (s *Handlers) updateCalendar(k *edge.Call) error {
	c, err := s.calendar(k)
	if err != nil {
		return err
	}
	var in calendarInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	in.apply(c, problems)
	if err := problems.Err(); err != nil {
		return err
	}
	if err := s.DB.UpdateCalendar(k, k.App.ID, c); err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Calendar(c, k.Clock))
}

func (s *Handlers) deleteCalendar(k *edge.Call) error {
	c, err := s.calendar(k)
	if err != nil {
		return err
	}
	if err := s.DB.DeleteCalendar(k, k.App.ID, c.ID); err != nil {
		return err
	}
	return k.NoContent()
}
