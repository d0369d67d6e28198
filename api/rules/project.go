package rules

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/requires"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

// ProjectView renders a project as of now for a caller with a kind of key: whole for a server key, else what a widget needs of it.
func ProjectView(kind tenant.KeyKind, p *catalogue.Project, c timekit.Clock, now time.Time) timekit.Object {
	if kind != tenant.ServerKey {
		return timekit.PublicProject(p)
	}
	return timekit.Project(p, Obstacles(p, now), c)
}

// Obstacles returns the fields of a project each of which keeps all of its times from being offered, however free everybody is: what
// Missing returns, and for a project that lacks nothing
//
//   - "resources.timezone" when the database of zones has none of its resources' zones, or not all of them in mode mutual;
//   - "availability" when what is on record cannot be read as rules;
//   - "availability.to" when the window is over, or too short for one time.
//
// It is empty, not nil, when nothing stands in the way. What the rules and the resources' own rules leave together is not computed.
func Obstacles(p *catalogue.Project, now time.Time) []string {
	found := p.Missing()
	if len(found) > 0 || len(p.Resources) == 0 && p.Requires == nil { // a group graph needs no resources: its sessions have them
		return found
	}
	o := service.OfferOf(ProjectAvailability(p).rules(), nil, now)
	if p.Requires == nil && !o.HasZones(p.Zones) || p.Requires != nil && !p.CanBeMet(knownZone) {
		found = append(found, "resources.timezone")
	}
	switch {
	case o.Rules.Problems.Err() != nil, o.OpenAnywhere(time.UTC) != nil:
		found = append(found, "availability")
	case o.IsOver(now):
		found = append(found, "availability.to")
	}
	return found
}

func knownZone(c requires.Choice) bool { return (&catalogue.Resource{Timezone: c.Zone}).KnownZone() }

// Reader reads what the record keeps in JSON: see service.Reader.
type Reader struct {
	Targets webhook.Options // the rules for targets of reminders
}

// Project reads a project's rules. What is wrong with them is kept in them: nothing can be offered by such rules.
func (Reader) Project(p *catalogue.Project) (*service.Project, error) {
	return &service.Project{Project: p, Rules: rulesOf(p, ProjectAvailability(p))}, nil
}

// ProjectAvailability is what a project says of its availability, as a question. A draft, and a project that has lost its
// resources, offers nobody's time.
func ProjectAvailability(p *catalogue.Project) (in AvailabilityInput) {
	_ = json.Unmarshal(p.Availability, &in) // checked when it was written
	in.Constraints, in.Resources, in.ProjectID, in.ReservationID = p.Constraints, nil, p.ID.String(), ""
	usual, _ := ProjectUnits(p)
	in.Units = &usual
	if len(p.Missing()) > 0 {
		return in
	}
	for _, id := range p.Hosts() {
		in.Resources = append(in.Resources, id.String())
	}
	return in
}

// OfRequest reads which times a scheduling request offers: its own words over its project's. Of a project that no page can book,
// nobody's time.
func OfRequest(p *catalogue.Project, r *booking.SchedulingRequest) (service.Rules, error) {
	var in AvailabilityInput
	if p != nil {
		if in = ProjectAvailability(p); service.UnfitForPages(p) != "" {
			in.Resources = nil
		}
	}
	if err := json.Unmarshal(r.Offer, &in); err != nil {
		return service.Rules{}, err
	}
	return rulesOf(p, in), nil
}

// rulesOf are rules with the policies of their project, which is nil for none.
func rulesOf(p *catalogue.Project, in AvailabilityInput) service.Rules {
	r := in.rules()
	if p != nil {
		r.Policies = service.LayersOf(p, r.Query.BufferBefore)
		r.Places = service.PlacesOf(p, r.Hosts)
	}
	return r
}

// rules are the input as rules, which hold for more than one question.
func (in AvailabilityInput) rules() service.Rules {
	r := service.Rules{From: string(in.From), To: string(in.To), Zone: in.Zone, Problems: fault.Problems{}}
	r.Query = in.terms(r.Problems)
	r.Project, _ = uuid.Parse(in.ProjectID) // the nil UUID for none
	for _, text := range in.Resources {
		if id, err := uuid.Parse(text); err == nil {
			r.Hosts = append(r.Hosts, id)
		}
	}
	return r
}
