package api

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/availability"
	"holdfast/internal/booking"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
	"holdfast/internal/zones"
)

// What one question for free time may cost.
const (
	maxResources        = 500
	maxCandidates       = 2_000_000
	maxWidgetCandidates = 250_000 // of a visitor, who is anybody
)

// availabilityInput is the body of POST /availability. A project's availability has the same fields.
type availabilityInput struct {
	ProjectID     string          `json:"project_id"`
	ReservationID string          `json:"reservation_id"` // a hold of the asker's: its time counts as free
	Resources     []string        `json:"resources"`
	Mode          string          `json:"mode"`
	Length        string          `json:"length"` // "" or null: whole free stretches
	From          edge.Stamp      `json:"from"`
	To            edge.Stamp      `json:"to"`
	Buffer        string          `json:"buffer"`
	Increments    string          `json:"timeslot_increments"`
	RoundToHour   *bool           `json:"round_to_nearest_hour"`
	IgnoreAllDay  bool            `json:"ignore_all_day_events"`
	Zone          string          `json:"output_timezone"`
	Constraints   json.RawMessage `json:"constraints"`
	At            edge.Stamp      `json:"at"` // of explain: the start that is asked about
}

// wanted reads a question; what it leaves out, its project says.
func (s *Server) wanted(k *call) (*wanted, error) {
	var body map[string]json.RawMessage
	if err := k.Decode(&body); err != nil {
		return nil, err
	}
	return s.wantedBy(k, body)
}

func (s *Server) wantedBy(k *call, body map[string]json.RawMessage) (*wanted, error) {
	problems := booking.Problems{}
	project, err := s.askedProject(k, body, problems)
	if err != nil {
		return nil, err
	}
	w, in, err := k.question(project, body, problems)
	if err != nil {
		return nil, err
	}
	if in.Zone != "" {
		k.Clock.Zone = w.zone // the body knows the question better than a header that is always sent
	}
	if err := s.chosenOf(k, w, in, project, problems); err != nil {
		return nil, err
	}
	if in.ReservationID != "" {
		w.Hold = edge.ParseID(in.ReservationID, "reservation_id", problems)
	}
	w.affordable(k, problems)
	return w, problems.Err()
}

// question reads what is asked by whom: an owner's backend as it says, a visitor within what is offered.
func (k *call) question(
	p *booking.Project, body map[string]json.RawMessage, problems booking.Problems,
) (*wanted, availabilityInput, error) {
	asked, err := readQuestion(body)
	if err != nil {
		return nil, asked, err
	}
	if k.Kind == booking.ServerKey {
		in, err := ownersQuestion(p, body)
		w := in.query(k.Clock, problems)
		w.checkWindow(asked, p, problems)
		return w, in, err
	}
	narrower := asked.query(k.Clock, problems)
	if p == nil && k.Kind == booking.WidgetKey && problems["project_id"] == nil {
		service.NeedsProject(k.Caller, problems)
	}
	narrower.checkWindow(asked, p, problems)
	if p == nil {
		narrower.future(time.Now())
		return narrower, asked, nil
	}
	in := visitorsQuestion(p, asked)
	w := in.query(k.Clock, booking.Problems{}) // the project's was checked when it was written
	w.bound(in, asked, narrower, time.Now())
	return w, in, nil
}

// askedProject finds the project that a question names; nil for none, or when it does not exist.
func (s *Server) askedProject(k *call, body map[string]json.RawMessage, problems booking.Problems) (*booking.Project, error) {
	raw, named := body["project_id"]
	if !named || string(raw) == "null" {
		return nil, nil
	}
	var text string
	_ = json.Unmarshal(raw, &text) // of another type: no UUID
	id := edge.ParseID(text, "project_id", problems)
	if id == uuid.Nil {
		return nil, nil
	}
	p, err := s.DB.Project(k, k.App.ID, id)
	if edge.IsMissing(err, "project_id", problems) || err != nil {
		return nil, edge.UnlessNotFound(err)
	}
	return p, nil
}

// query reads all but the resources.
func (in availabilityInput) query(clock timekit.Clock, problems booking.Problems) *wanted {
	w := &wanted{zone: time.UTC, at: string(in.At)}
	if clock.Zone != nil {
		w.zone = clock.Zone
	}
	if in.Zone != "" {
		edge.CheckZone(in.Zone, "output_timezone", problems)
		w.zone = (&booking.Resource{Timezone: in.Zone}).Zone()
	}
	clock.Zone = w.zone
	w.Query = in.terms(problems)
	w.From = moment(clock, string(in.From), "now", "from", problems)
	w.To = moment(clock, string(in.To), "4 weeks", "to", problems)
	return w
}

// terms reads all but the window and the resources.
func (in availabilityInput) terms(problems booking.Problems) (q availability.Query) {
	q.Length, q.LengthDays = in.length(in.Length, "length", problems)
	q.Step, _ = in.length(in.Increments, "timeslot_increments", problems)
	q.Buffer, _ = in.length(in.Buffer, "buffer", problems)
	q.RoundToHour = in.RoundToHour == nil || *in.RoundToHour
	q.IgnoreAllDay = in.IgnoreAllDay
	q.Mode = availability.RoundRobinRandom
	if in.Mode != "" {
		mode, err := availability.ParseMode(in.Mode)
		if err != nil {
			problems.Add("mode", "%s", err)
		}
		q.Mode = mode
	}
	q.Rules = constraints(in.Constraints, "constraints", problems)
	q.Seed = rand.Uint64() //nolint:gosec // fairness, not a secret
	return q
}

func constraints(raw json.RawMessage, field string, problems booking.Problems) availability.Constraints {
	if text := strings.TrimSpace(string(raw)); text == "" || text == "null" {
		return nil
	}
	rules, faults := availability.ParseConstraints(raw)
	for where, what := range faults {
		name := field + strings.TrimPrefix(where, "constraints")
		problems[name] = append(problems[name], what...)
	}
	return rules
}

// moment reads a time in the request's format, if it has one, or what availability itself can read: "now", "4 weeks".
func moment(clock timekit.Clock, text, otherwise, field string, problems booking.Problems) time.Time {
	if text == "" {
		text = otherwise
	}
	if t, err := clock.Read(text); err == nil && clock.In != "" {
		return t
	}
	t, err := availability.ParseMoment(text, zones.Cut(time.Now()), clock.Zone)
	if err != nil {
		problems.Add(field, "%s", err)
	}
	return t
}

// length reads a span that has a fixed length, and how many of its days go by the calendar.
func (in availabilityInput) length(text, field string, problems booking.Problems) (length time.Duration, days int) {
	if text == "" {
		return 0, 0
	}
	told := span(text, field, problems)
	length, fixed := told.Duration()
	switch {
	case !fixed:
		problems.Add(field, "must not be told in months or years")
	case length > maxBuffer && field != "length", length > service.MaxWindow:
		problems.Add(field, "is too long")
	case length < time.Minute && field != "buffer" && problems[field] == nil:
		problems.Add(field, "must be a minute or longer")
	case field == "timeslot_increments" && length > 24*time.Hour && length%(24*time.Hour) != 0:
		problems.Add(field, "must be whole days, or less than one")
	}
	return length, told.Days()
}

// chosen finds the resources, all of the app's unless some are named.
func (s *Server) chosen(k *call, w *wanted, names []string, problems booking.Problems) error {
	var ids []uuid.UUID
	for _, name := range names {
		ids = append(ids, edge.ParseID(name, "resources", problems))
	}
	if len(names) > maxResources {
		problems.Add("resources", "must not be more than %d", maxResources)
		return nil
	}
	all, err := s.DB.Bookable(k, k.App.ID, ids)
	if err != nil {
		return err
	}
	if len(ids) > 0 && len(all) < len(ids) {
		problems.Add("resources", "must be resources of this app, each once")
	}
	if len(all) > maxResources {
		problems.Add("resources", "must be named: this app has more than %d", maxResources)
	}
	w.Ask(all)
	return nil
}

// affordable refuses questions that would take seconds to answer.
func (w *wanted) affordable(k *call, problems booking.Problems) {
	most := maxCandidates
	if k.Kind != booking.ServerKey {
		most = maxWidgetCandidates
	}
	switch {
	case w.To.Sub(w.From) > service.MaxWindow:
		problems.Add("to", "must lie within %d days of from", int(service.MaxWindow/24/time.Hour))
	case w.Candidates() > most:
		problems.Add("timeslot_increments", "is too fine for that many resources and days")
	}
}
