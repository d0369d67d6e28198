package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/availability"
	"holdfast/internal/booking"
	"holdfast/internal/timekit"
)

const (
	pageDays  = 7  // that a page of times shows
	aheadDays = 28 // that are looked through at once for the next time that is free
)

// offering is what a page offers: the times that POST /v2/availability finds.
type offering struct {
	question map[string]json.RawMessage // its body, but for the window
	zone     *time.Location             // the visitor's
	from, to time.Time
	length   time.Duration
	days     int // how far ahead, where the question does not say; 0 = as far as availability does
}

// read checks the question and finds its window. It is never longer than days.
func (o *offering) read() error {
	o.question["output_timezone"] = quoted(o.zone.String())
	if o.length > 0 {
		o.question["length"] = quoted(strconv.Itoa(int(o.length/time.Minute)) + " minutes")
	}
	in, w, err := o.ask(o.question)
	if err != nil {
		return err
	}
	if o.length = w.Length; o.length == 0 { // whole free stretches are nothing to click on
		o.length = usualMinutes * time.Minute
		return o.read()
	}
	now := time.Now()
	o.from, o.to = w.From, w.To
	if now.After(o.from) {
		o.from = now
	}
	if last := now.AddDate(0, 0, o.days); o.days > 0 && (in.To == "" || last.Before(o.to)) {
		o.to = last
	}
	return nil
}

func (o *offering) ask(body map[string]json.RawMessage) (in availabilityInput, w *wanted, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return in, nil, err
	}
	if err := fill(text, &in); err != nil {
		return in, nil, err
	}
	problems := booking.Problems{}
	w = in.query(timekit.Clock{Zone: o.zone}, problems)
	return in, w, problems.Err()
}

// freeTimes finds the free times of the window that begin in [from, until).
func (s *Server) freeTimes(k *call, o *offering, from, until time.Time) ([]availability.Slot, *wanted, error) {
	if from.Before(o.from) {
		from = o.from
	}
	to := until.Add(o.length)
	if to.After(o.to) {
		to = o.to
	}
	if from.Add(o.length).After(to) {
		return nil, nil, nil
	}
	body := maps.Clone(o.question)
	body["from"], body["to"] = quoted(wire(from)), quoted(wire(to))
	w, err := s.wantedBy(k, body)
	if err == nil {
		err = s.fill(k, w, false)
	}
	if err != nil {
		return nil, nil, err
	}
	return slices.DeleteFunc(w.Slots(), func(slot availability.Slot) bool { return !slot.Start.Before(until) }), w, nil
}

// nextFree finds the first free time from a moment on; the zero time when there is none in the window.
func (s *Server) nextFree(k *call, o *offering, from time.Time) (time.Time, error) {
	for ; from.Before(o.to); from = from.AddDate(0, 0, aheadDays) {
		slots, _, err := s.freeTimes(k, o, from, from.AddDate(0, 0, aheadDays))
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

// choice is a time that a visitor has picked.
type choice struct {
	resource *booking.Resource
	start    time.Time
	end      time.Time
}

var errNotOffered = booking.Problems{"start": {"is not a time that is offered here"}}.Err()

// choose checks a picked time against the rules, the window and the resources of the offering. What is busy is the record's to judge;
// a visitor may not pick what no page would have shown. Without RoundToHour it is free time that says where slots begin,
// so there the start is not held to it.
func (s *Server) choose(k *call, o *offering, start time.Time, resource string) (*choice, error) {
	id, err := uuid.Parse(resource)
	if err != nil || start.Before(o.from.Add(-grace)) || start.Add(o.length).After(o.to) {
		return nil, errNotOffered
	}
	var among struct {
		Resources []string `json:"resources"`
	}
	text, _ := json.Marshal(o.question) //nolint:errchkjson // it was read before
	_ = json.Unmarshal(text, &among)
	if len(among.Resources) > 0 && !slices.Contains(among.Resources, id.String()) {
		return nil, errNotOffered
	}
	r, err := s.DB.Resource(k, k.app.ID, id)
	if booking.CodeOf(err) == booking.NotFound {
		return nil, errNotOffered
	}
	if err != nil {
		return nil, err
	}
	if ok, err := o.allows(r, start); err != nil || !ok {
		return nil, orNotOffered(err)
	}
	return &choice{r, start, start.Add(o.length)}, nil
}

func orNotOffered(err error) error {
	if err == nil {
		return errNotOffered
	}
	return err
}

func (o *offering) allows(r *booking.Resource, start time.Time) (bool, error) {
	_, w, err := o.ask(o.question)
	if err != nil {
		return false, err
	}
	own, _ := availability.ParseConstraints(r.Constraints) // checked when it was written
	q := w.Query
	q.From, q.To = start, start.Add(o.length)
	q.Mode, q.Resources = availability.Exclusive, []availability.Resource{{Zone: r.Zone(), Rules: own}}
	if !q.RoundToHour {
		return q.Allowed(), nil
	}
	return len(q.Slots()) > 0, nil
}

// isFree tells whether a picked time is free just now, with that resource. Steps of a minute find it wherever it begins.
func (s *Server) isFree(k *call, o *offering, c *choice) (bool, error) {
	one := *o
	one.question, one.from = maps.Clone(o.question), c.start
	one.question["resources"], _ = json.Marshal([]uuid.UUID{c.resource.ID}) //nolint:errchkjson // UUIDs only
	one.question["mode"], one.question["timeslot_increments"] = quoted(string(availability.Exclusive)), quoted("1 minute")
	slots, _, err := s.freeTimes(k, &one, c.start, c.start.Add(time.Minute))
	return len(slots) > 0, err
}

func quoted(text string) json.RawMessage {
	raw, _ := json.Marshal(text)
	return raw
}

// wire is a time as the API has it.
func wire(t time.Time) string { return timekit.Clock{}.Show(t, time.UTC) }
