package calendar

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/availability"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

// readQuestion reads a body as a question.
func readQuestion(body map[string]json.RawMessage) (in rules.AvailabilityInput, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return in, err
	}
	return in, edge.DecodeInner(text, &in)
}

// ownersQuestion is a server key's: what it leaves out, its project says. A project that is still a draft says nothing.
func ownersQuestion(p *catalogue.Project, body map[string]json.RawMessage) (rules.AvailabilityInput, error) {
	if p == nil {
		return readQuestion(body)
	}
	under := map[string]json.RawMessage{}
	_ = json.Unmarshal(p.Availability, &under) // checked when it was written
	under["constraints"] = p.Constraints
	under["resources"], _ = json.Marshal(p.Resources) //nolint:errchkjson // UUIDs only
	maps.Copy(under, body)
	in, err := readQuestion(under)
	if slices.Contains(p.Missing(), "availability") && body["length"] == nil && body["constraints"] == nil {
		in.Resources = nil
	}
	return in, err
}

// visitorsQuestion is that of a visitor's browser about a project. The project's rules win over the request's, as they do when
// the visitor books; the request says what the project does not, and may ask for less: see bound.
func visitorsQuestion(p *catalogue.Project, asked rules.AvailabilityInput) rules.AvailabilityInput {
	in := rules.ProjectAvailability(p)
	in.Zone, in.At, in.ReservationID = asked.Zone, asked.At, asked.ReservationID
	in.Mode, in.Buffer = cmp.Or(in.Mode, asked.Mode), cmp.Or(in.Buffer, asked.Buffer)
	if in.Length == "" {
		in.Length, in.Increments, in.RoundToHour = asked.Length, asked.Increments, asked.RoundToHour
	}
	if len(asked.Resources) > 0 {
		in.Resources = slices.DeleteFunc(in.Resources, func(id string) bool { return !slices.Contains(asked.Resources, id) })
	}
	return in
}

// bound keeps a visitor's question within the project's window and the future; narrower is what the request asks by itself. in is
// the question as the project has it.
func (w *slotQuery) bound(in, asked rules.AvailabilityInput, narrower *slotQuery, now time.Time) {
	if asked.From != "" {
		w.From = service.Later(w.From, narrower.From)
	}
	if asked.To != "" && (in.To == "" || narrower.To.Before(w.To)) {
		w.To = narrower.To
	}
	if !slices.Equal(w.Rules, narrower.Rules) {
		w.narrow = narrower.Rules
	}
	w.future(now)
}

// checkWindow refuses a window that its asker tells backward. One that is backward because a project's season is over, or has not
// begun by the end of what is asked, is empty.
func (w *slotQuery) checkWindow(asked rules.AvailabilityInput, p *catalogue.Project, problems fault.Problems) {
	if !w.To.Before(w.From) || problems["from"] != nil || problems["to"] != nil {
		return
	}
	var season rules.AvailabilityInput
	if p != nil {
		season = rules.ProjectAvailability(p)
	}
	if p == nil || asked.To != "" && (asked.From != "" || season.From == "") {
		problems.Add("to", "must not come before from; unless named, from is now and to is 4 weeks from now")
		return
	}
	w.To = w.From
}

// future keeps a visitor's question out of the past. What is left of a season that is over is empty.
func (w *slotQuery) future(now time.Time) {
	w.From = service.Later(w.From, now)
	w.To = service.Later(w.To, w.From)
}

// Slots are those of the query that a visitor's own constraints let pass.
func (w *slotQuery) Slots() []availability.Slot { return w.narrowed(w.Query.Slots()) }

// Taken are those of the query that a visitor's own constraints let pass.
func (w *slotQuery) Taken() []availability.Slot { return w.narrowed(w.Query.Taken()) }

// narrowed drops what a visitor's own constraints do not allow. They cannot go into the query: they must not move the points at
// which the project's slots begin.
func (w *slotQuery) narrowed(slots []availability.Slot) []availability.Slot {
	if len(w.narrow) == 0 {
		return slots
	}
	allowed := make([][]availability.Slot, len(w.Resources))
	for i, r := range w.Resources {
		q := availability.Query{From: w.From, To: w.To, Rules: w.narrow, Resources: []availability.Resource{{Zone: r.Zone}}}
		allowed[i] = q.Slots()
	}
	return slices.DeleteFunc(slots, func(slot availability.Slot) bool {
		return slices.ContainsFunc(slot.Resources, func(i int) bool { return !within(allowed[i], slot) })
	})
}

// within reports whether one of the stretches, which are in order, has all of a slot.
func within(stretches []availability.Slot, slot availability.Slot) bool {
	at, _ := slices.BinarySearchFunc(stretches, slot.End, func(s availability.Slot, end time.Time) int { return s.End.Compare(end) })
	return at < len(stretches) && !slot.Start.Before(stretches[at].Start)
}

// chosenOf finds the resources that a question names; all of the app's when it names none, and no project.
func (s *Handlers) chosenOf(
	k *edge.Call, w *slotQuery, in rules.AvailabilityInput, project *catalogue.Project, problems fault.Problems,
) error {
	if project != nil && len(in.Resources) == 0 {
		return nil
	}
	return s.chosen(k, w, in.Resources, problems)
}
