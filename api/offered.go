package api

import (
	"encoding/json"
	"slices"
	"time"

	"holdfast/internal/availability"
	"holdfast/internal/booking"
	"holdfast/internal/timekit"
)

// grace is how long a visitor may take to book what was offered to them.
const grace = 15 * time.Minute

// offered finds fault with a time that a visitor's browser asks for and the draft's project does not offer: of a resource that
// is not the project's, against its rules or the resource's, or outside its window. Where slots begin does not count, and what
// is busy is the record's to judge. A server key may book at any time. Seats are offered by their session, and a hold's time
// was judged when it was held.
func (s *Server) offered(d *draft) error {
	if d.project == nil || d.k.kind == booking.ServerKey || d.seat() || d.held() || len(d.problems) > 0 {
		return nil
	}
	if begun, err := s.begun(d.k, firstAction(d.ID)); begun || err != nil {
		return err
	}
	if among := d.project.Resources; len(among) > 0 && !slices.Contains(among, d.Resource.ID) {
		d.problems.Add("resource_id", "is not a resource of this project")
		return nil
	}
	resource, err := s.DB.Resource(d.k, d.AppID, d.Resource.ID)
	if missing(err, "resource_id", d.problems) || err != nil {
		return unlessMissing(err)
	}
	ok, err := offers(d.project, resource, d.Start, d.End)
	if err == nil && !ok {
		d.problems.Add("start", "is not a time this project offers")
	}
	return err
}

// held tells whether the draft takes the time of a hold that was made through the same project.
func (d *draft) held() bool {
	from := d.source
	return from != nil && from.Graph == holdGraph && from.Related.Project != nil && *from.Related.Project == d.project.ID &&
		from.Resource.ID == d.Resource.ID && from.Start.Equal(d.Start) && from.End.Equal(d.End)
}

// offers asks the rules that make the offers.
func offers(p *booking.Project, r *booking.Resource, start, end time.Time) (bool, error) {
	text, err := json.Marshal(projectAvailability(p))
	if err != nil {
		return false, err
	}
	var in availabilityInput
	if err := fill(text, &in); err != nil {
		return false, err
	}
	in.Zone = ""
	q := in.query(timekit.Clock{Zone: r.Zone()}, booking.Problems{}).Query // checked when it was written
	q.From, q.To = in.widest(r.Zone())
	if start.Before(q.From.Add(-grace)) || in.To != "" && end.After(q.To) {
		return false, nil
	}
	own, _ := availability.ParseConstraints(r.Constraints) // the same
	q.From, q.To = start, end
	q.Resources = []availability.Resource{{Zone: r.Zone(), Rules: own}}
	return q.Allowed(), nil
}

// widest is the window in any zone that a visitor may have been shown it in: "2026-12-24" begins in New Zealand first and
// ends in Hawaii last.
func (in availabilityInput) widest(own *time.Location) (from, to time.Time) {
	var starts, ends []time.Time
	for _, zone := range []*time.Location{own, time.FixedZone("", 14*60*60), time.FixedZone("", -12*60*60)} {
		w := in.query(timekit.Clock{Zone: zone}, booking.Problems{})
		starts, ends = append(starts, w.From), append(ends, w.To)
	}
	return slices.MinFunc(starts, time.Time.Compare), slices.MaxFunc(ends, time.Time.Compare)
}
