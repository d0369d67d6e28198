package calendar

import (
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/requires"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// Upper bounds on the work for one query.
const (
	maxResources        = 500
	maxCandidates       = 2_000_000
	maxWidgetCandidates = 250_000 // for callers without a server key
)

// readSlotQuery reads the request's body as a query. Fields that it does not have come from its project.
func (h *slotHandlers) readSlotQuery(k *edge.Call) (*slotQuery, error) {
	var body map[string]json.RawMessage
	if err := k.Decode(&body); err != nil {
		return nil, err
	}
	return h.slotQueryOf(k, body)
}

// slotQueryOf reads a query and loads its project and resources. All problems of the body are returned as one Invalid error.
func (h *slotHandlers) slotQueryOf(k *edge.Call, body map[string]json.RawMessage) (*slotQuery, error) {
	problems := fault.Problems{}
	project, err := h.askedProject(k, body, problems)
	if err != nil {
		return nil, err
	}
	w, in, err := slotQueryFor(k, project, body, problems)
	if err != nil {
		return nil, err
	}
	w.Policy = service.PolicyOf(k.App, nil)
	if project != nil {
		w.Project = project.ID
		_, most := rules.ProjectUnits(project)
		w.several = most > 1
		// Timekit's buffer of the project is in the question, unless that has its own.
		layers := service.LayersOf(project, 0)
		w.Policy = service.PolicyOf(k.App, &service.Project{Project: project, Rules: service.Rules{Policies: layers}})
	}
	if _, own := body["buffer"]; own && k.Kind == tenant.ServerKey {
		w.Policy.Buffer = nil // that of the question is nearer
	}
	if in.Zone != "" {
		k.Clock.Zone = w.zone // a zone in the body replaces the header's
	}
	if err := h.chosenOf(k, w, in, project, problems); err != nil {
		return nil, err
	}
	if err := h.require(k, w, project, problems); err != nil {
		return nil, err
	}
	if in.ReservationID != "" {
		w.Hold = edge.ParseID(in.ReservationID, "reservation_id", problems)
	}
	w.affordable(k, problems)
	return w, problems.Err()
}

// newSlotQuery reads a query without its resources.
func newSlotQuery(in rules.AvailabilityInput, clock timekit.Clock, now time.Time, problems fault.Problems) *slotQuery {
	q := in.Query(clock, now, problems)
	q.Seed = rand.Uint64() //nolint:gosec // fairness, not a secret
	return &slotQuery{Question: service.Question{Query: q.Query, Now: now}, zone: q.Zone, at: string(in.At)}
}

// slotQueryFor reads a query as its caller may ask it: a server key without restriction, others within what the project offers.
func slotQueryFor(
	k *edge.Call, p *catalogue.Project, body map[string]json.RawMessage, problems fault.Problems,
) (*slotQuery, rules.AvailabilityInput, error) {
	asked, err := readQuestion(body)
	if err != nil {
		return nil, asked, err
	}
	if k.Kind == tenant.ServerKey {
		in, err := ownersQuestion(p, body)
		w := newSlotQuery(in, k.Clock, k.App.Clock.Now(), problems)
		w.checkWindow(asked, p, problems)
		return w, in, err
	}
	narrower := newSlotQuery(asked, k.Clock, k.App.Clock.Now(), problems)
	rules.AllowUnits(k.Caller, asked.Units, p, problems)
	if p == nil && k.Kind == tenant.WidgetKey && problems["project_id"] == nil {
		service.NeedsProject(k.Caller, problems)
	}
	narrower.checkWindow(asked, p, problems)
	if p == nil {
		narrower.future(k.App.Clock.Now())
		return narrower, asked, nil
	}
	in := visitorsQuestion(p, asked)
	w := newSlotQuery(in, k.Clock, k.App.Clock.Now(), fault.Problems{}) // the project's was checked when it was written
	w.bound(in, asked, narrower, k.App.Clock.Now())
	return w, in, nil
}

// askedProject loads the project that a query names; nil without one, and nil with a problem if it does not exist.
func (h *slotHandlers) askedProject(k *edge.Call, body map[string]json.RawMessage, problems fault.Problems) (*catalogue.Project, error) {
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
	p, err := h.projects.Project(k, k.App.ID, id)
	if edge.IsMissing(err, "project_id", problems) || err != nil {
		return nil, edge.UnlessNotFound(err)
	}
	return p, nil
}

// chosen loads the named resources; all of the app's if none are named.
func (h *slotHandlers) chosen(k *edge.Call, w *slotQuery, names []string, problems fault.Problems) error {
	var ids []uuid.UUID
	for _, name := range names {
		ids = append(ids, edge.ParseID(name, "resources", problems))
	}
	if len(names) > maxResources {
		problems.Add("resources", "must not be more than %d", maxResources)
		return nil
	}
	all, err := h.calendars.AvailabilityResources(k, k.App.ID, ids)
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

// require adds the resources that a booking through the project takes beside those that it is offered with.
func (h *slotHandlers) require(k *edge.Call, w *slotQuery, p *catalogue.Project, problems fault.Problems) error {
	if p == nil || p.Requires == nil || len(w.Hosts) == 0 {
		return nil
	}
	if w.Length == 0 && problems["length"] == nil {
		problems.Add("length", "is required: the project's bookings take several resources")
	}
	var hosts []uuid.UUID
	for _, r := range w.Hosts {
		hosts = append(hosts, r.ID)
	}
	places := service.PlacesOf(p, hosts)
	all, err := h.calendars.AvailabilityResources(k, k.App.ID, requires.Resources(places))
	if err == nil {
		w.Require(places, all)
	}
	return err
}

// affordable adds a problem if the answer would take seconds to compute.
func (w *slotQuery) affordable(k *edge.Call, problems fault.Problems) {
	most := maxCandidates
	if k.Kind != tenant.ServerKey {
		most = maxWidgetCandidates
	}
	switch {
	case w.To.Sub(w.From) > service.MaxWindow:
		problems.Add("to", "must lie within %d days of from", int(service.MaxWindow/24/time.Hour))
	case w.Candidates() > most:
		problems.Add("timeslot_increments", "is too fine for that many resources and days")
	}
}
