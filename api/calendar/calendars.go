package calendar

import (
	"net/http"
	"regexp"
	"strings"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// calendarHandlers answers requests about calendars.
type calendarHandlers struct {
	calendars *postgres.Calendars
}

func (h *calendarHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/calendars", edge.RequireResource, h.listCalendars),
		edge.On(http.MethodPost, "/v2/calendars", edge.RequireResource, h.createCalendar).Once(),
		edge.On(http.MethodGet, "/v2/calendars/:id", edge.RequireResource, h.getCalendar),
		edge.On(http.MethodPut, "/v2/calendars/:id", edge.RequireResource, h.updateCalendar),
		edge.On(http.MethodDelete, "/v2/calendars/:id", edge.RequireResource, h.deleteCalendar),
	}
}

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

func (h *calendarHandlers) listCalendars(k *edge.Call) error {
	page, terms, err := k.Listing()
	if err != nil {
		return err
	}
	all, found, err := h.calendars.ListCalendars(k, k.App.ID, terms, page)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, c := range all {
		list = append(list, timekit.Calendar(c, k.Clock))
	}
	return k.AnswerList(list, len(list), found, page)
}

func (h *calendarHandlers) createCalendar(k *edge.Call) error {
	var in calendarInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	c := &catalogue.OwnedCalendar{}
	c.ID, c.ForegroundColor, c.BackgroundColor = k.Operation, "#ffffff", "#1a6b54"
	problems := fault.Problems{}
	in.apply(c, problems)
	if err := h.giveCalendar(k, in.ResourceID, c, problems); err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return err
	}
	if err := h.calendars.CreateCalendar(k, k.App.ID, c); err != nil {
		return err
	}
	k.Header("Location", "/v2/calendars/"+c.ID.String())
	return k.Answer(http.StatusCreated, timekit.Calendar(c, k.Clock))
}

// giveCalendar sets the resource of a new calendar, and its zone.
func (h *calendarHandlers) giveCalendar(k *edge.Call, text string, c *catalogue.OwnedCalendar, problems fault.Problems) error {
	r, _, err := findPlace(k, h.calendars, text, "", problems)
	c.ResourceID, c.Timezone = r.ID, r.Timezone
	return err
}

func (h *calendarHandlers) calendar(k *edge.Call) (*catalogue.OwnedCalendar, error) {
	id, err := k.ID("id", "The calendar")
	if err != nil {
		return nil, err
	}
	c, err := h.calendars.CalendarOf(k, k.App.ID, id)
	if err != nil {
		return nil, err
	}
	return c, k.RequireOwner(c.ResourceID, "The calendar")
}

func (h *calendarHandlers) getCalendar(k *edge.Call) error {
	c, err := h.calendar(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Calendar(c, k.Clock))
}

func (h *calendarHandlers) updateCalendar(k *edge.Call) error {
	c, err := h.calendar(k)
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
	if err := h.calendars.UpdateCalendar(k, k.App.ID, c); err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Calendar(c, k.Clock))
}

func (h *calendarHandlers) deleteCalendar(k *edge.Call) error {
	c, err := h.calendar(k)
	if err != nil {
		return err
	}
	if err := h.calendars.DeleteCalendar(k, k.App.ID, c.ID); err != nil {
		return err
	}
	return k.NoContent()
}
