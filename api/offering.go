package api

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/availability"
	"holdfast/internal/booking"
	"holdfast/internal/timekit"
)

const (
	pageDays  = 7  // that a page of times shows
	aheadDays = 28 // that are looked through at once for the next time that is free
)

// offering is what times can be picked, on a page or with a widget key. It is read once per request: the rules that make its
// offers (freeTimes) are those that judge what is picked (judge).
type offering struct {
	in        availabilityInput       // the rules as they are written: a project's, with a request's own words over them
	resources []*booking.Resource     // that can be picked, in order of priority; none = nothing is offered
	query     availability.Query      // the rules as they were read, without window and resources
	lanes     []availability.Resource // of resources, without what is busy
	zone      *time.Location          // the page's
	from, to  time.Time               // the window; to is zero where nothing ends it
	length    time.Duration           // of a page's times; 0 = not told (then no page shows it)
	hold      uuid.UUID               // a booking whose time counts as free
	everyone  bool                    // times name everybody who has them, not the first only
}

// offering reads rules and loads the resources they name, those that are deleted left out.
func (s *Server) offering(k *call, in availabilityInput) (*offering, error) {
	var ids []uuid.UUID
	for _, text := range in.Resources {
		if id, err := uuid.Parse(text); err == nil {
			ids = append(ids, id)
		}
	}
	o := &offering{in: in, zone: time.UTC}
	if len(ids) == 0 {
		return o, nil
	}
	all, err := s.DB.Bookable(k, k.App.ID, ids)
	o.offer(all)
	return o, err
}

// offer sets the resources that can be picked.
func (o *offering) offer(all []*booking.Resource) {
	o.resources, o.lanes = all, nil
	for _, r := range all {
		o.lanes = append(o.lanes, laneOf(r))
	}
}

// laneOf is a resource in a question for free time, without what is busy. One whose zone is unknown offers nothing: by which clocks
// its rules are meant cannot be told.
func laneOf(r *booking.Resource) availability.Resource {
	own, _ := availability.ParseConstraints(r.Constraints) // checked when it was written
	if !r.KnownZone() {
		return availability.Resource{UnknownZone: true, Rules: own}
	}
	return availability.Resource{Zone: r.Zone(), Rules: own}
}

// errUnknownZone refuses a visitor a resource that offers nothing because its zone is unknown.
func errUnknownZone(r *booking.Resource) error {
	return booking.Errorf(booking.UnknownZone,
		"The resource's time zone, %q, is not in the IANA database: nothing is offered until another one is set.", r.Timezone)
}

// projectQuestion is what a project says of its availability, as a question. A draft, and a project that has lost its
// resources, offers nobody's time.
func projectQuestion(p *booking.Project) (in availabilityInput) {
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

// open reads the rules for a page: in the visitor's zone, for times of a length unless it is 0, and for days ahead where the
// rules do not say how far. The window begins now at the earliest.
func (o *offering) open(zone *time.Location, length time.Duration, days int) error {
	o.zone = zone
	if length > 0 {
		o.in.Length = minutesText(length)
	}
	w, err := o.read(zone)
	if err == nil && w.Length == 0 { // whole free stretches are nothing to click on
		o.in.Length = minutesText(usualMinutes * time.Minute)
		w, err = o.read(zone)
	}
	if err != nil {
		return err
	}
	now := time.Now()
	o.length, o.from, o.to = w.Length, later(w.From, now), w.To
	if last := now.AddDate(0, 0, days); days > 0 && (o.in.To == "" || last.Before(o.to)) {
		o.to = last
	}
	return nil
}

// minutesText is a length as a text span.
func minutesText(length time.Duration) string {
	return strconv.Itoa(int(length/time.Minute)) + " minutes"
}

// lasts tells whether a booking is as long as the rules say, by the calendar of its resource's zone.
func (o *offering) lasts(b *booking.Booking) bool {
	w, err := o.read(b.Resource.Zone())
	return err == nil && w.Length > 0 && w.End(b.Start, b.Resource.Zone()).Equal(b.End)
}

// widen reads the rules for a caller whose zone is not known. The window is the widest that a visitor may have been shown
// it in: "2026-12-24" begins in New Zealand first and ends in Hawaii last. It ends where the rules say, and nowhere else.
func (o *offering) widen(own *time.Location) error {
	for i, zone := range []*time.Location{own, time.FixedZone("", 14*60*60), time.FixedZone("", -12*60*60)} {
		w, err := o.read(zone)
		if err != nil {
			return err
		}
		if i == 0 || w.From.Before(o.from) {
			o.from = w.From
		}
		if o.in.To != "" {
			o.to = later(o.to, w.To)
		}
	}
	return nil
}

// read reads the rules with dates of a zone.
func (o *offering) read(zone *time.Location) (*wanted, error) {
	in, problems := o.in, booking.Problems{}
	in.Zone = ""
	w := in.query(timekit.Clock{Zone: zone}, problems)
	o.query = w.Query
	if in.ReservationID != "" {
		o.hold = edge.ParseID(in.ReservationID, "reservation_id", problems)
	}
	return w, problems.Err()
}

// asks is the question for free time of a window, with the resources of the offering.
func (o *offering) asks(from, to time.Time) *wanted {
	w := &wanted{Query: o.query, resources: o.resources, zone: o.zone, hold: o.hold}
	w.From, w.To, w.Resources = from, to, slices.Clone(o.lanes)
	for _, r := range o.resources {
		w.views = append(w.views, resourceView{r.ID, r.Name, r.Timezone})
	}
	return w
}

// freeTimes finds the free times of the window that begin in [from, until), with one resource each unless o.everyone.
func (s *Server) freeTimes(k *call, o *offering, from, until time.Time) ([]availability.Slot, *wanted, error) {
	return s.firstTimes(k, o, from, until, maxShown)
}

// maxShown is more times than a page can show: slots, each counted for every resource it names.
const maxShown = 200_000

// firstTimes is freeTimes until about so many are found.
func (s *Server) firstTimes(k *call, o *offering, from, until time.Time, most int) ([]availability.Slot, *wanted, error) {
	if from.Before(o.from) {
		from = o.from
	}
	to := until.Add(o.length)
	if o.query.LengthDays > 0 {
		to = to.Add(longestShift) // a day may be longer than 24 hours
	}
	if to.After(o.to) {
		to = o.to
	}
	if !from.Before(to) || len(o.resources) == 0 {
		return nil, nil, nil
	}
	w := o.asks(from, to)
	if w.Mode == availability.Exclusive && !o.everyone {
		w.Mode = availability.RoundRobinPrioritized // the first of those that it would name
	}
	done, err := w.turn(k)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	if err := s.fill(k, w, false); err != nil {
		return nil, nil, err
	}
	w.Most, w.Stop = most, func() bool { return k.Request.Context().Err() != nil }
	slots := w.Slots()
	if k.Request.Context().Err() != nil {
		return nil, nil, errHungUp
	}
	return slices.DeleteFunc(slots, func(slot availability.Slot) bool { return !slot.Start.Before(until) }), w, nil
}

// nextFree finds the first free time from a moment on; the zero time when there is none in the window.
func (s *Server) nextFree(k *call, o *offering, from time.Time) (time.Time, error) {
	for ; from.Before(o.to); from = from.AddDate(0, 0, aheadDays) {
		slots, _, err := s.firstTimes(k, o, from, from.AddDate(0, 0, aheadDays), 1)
		if err != nil || len(slots) > 0 {
			return firstStart(slots), err
		}
	}
	return time.Time{}, nil
}

func firstStart(slots []availability.Slot) time.Time {
	if len(slots) == 0 {
		return time.Time{}
	}
	return slots[0].Start
}

func quoted(text string) json.RawMessage {
	raw, _ := json.Marshal(text)
	return raw
}

// wire is a time as the API has it.
func wire(t time.Time) string { return timekit.Clock{}.Show(t, time.UTC) }
