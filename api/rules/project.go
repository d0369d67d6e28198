package rules

import (
	"encoding/json"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/service"
	"holdfast/internal/webhook"
)

// Reader reads what the record keeps in JSON: see service.Reader.
type Reader struct {
	Targets webhook.Options // the rules for targets of reminders
}

// Project reads a project's rules. What is wrong with them is kept in them: nothing can be offered by such rules.
func (Reader) Project(p *catalogue.Project) (*service.Project, error) {
	return &service.Project{Project: p, Rules: ProjectAvailability(p).rules()}, nil
}

// ProjectAvailability is what a project says of its availability, as a question. A draft, and a project that has lost its
// resources, offers nobody's time.
func ProjectAvailability(p *catalogue.Project) (in AvailabilityInput) {
	_ = json.Unmarshal(p.Availability, &in) // checked when it was written
	in.Constraints, in.Resources, in.ProjectID, in.ReservationID = p.Constraints, nil, p.ID.String(), ""
	if len(p.Missing()) > 0 {
		return in
	}
	for _, id := range p.Resources {
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
	return in.rules(), nil
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
