package calendar

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/availability"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

// readQuestion decodes a body whose fields were split by name.
func readQuestion(body map[string]json.RawMessage) (in rules.AvailabilityInput, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return in, err
	}
	return in, edge.DecodeInner(text, &in)
}

// ownersQuestion reads the query of a server key. Fields that it does not have come from the project. A draft names no resources.
func ownersQuestion(p *catalogue.Project, body map[string]json.RawMessage) (rules.AvailabilityInput, error) {
	if p == nil {
		return readQuestion(body)
	}
	under := map[string]json.RawMessage{}
	_ = json.Unmarshal(p.Availability, &under) // checked when it was written
	under["constraints"] = p.Constraints
	under["resources"], _ = json.Marshal(p.Hosts()) //nolint:errchkjson // UUIDs only
	usual, _ := rules.ProjectUnits(p)
	under["units"] = json.RawMessage(strconv.Itoa(usual))
	maps.Copy(under, body)
	in, err := readQuestion(under)
	missing := p.Missing()
	closed := slices.Contains(missing, "availability") && body["length"] == nil && body["constraints"] == nil
	if closed || slices.Contains(missing, "requires") {
		in.Resources = nil
	}
	return in, err
}

// visitorsQuestion reads the query of a visitor about a project. The project's fields replace the request's, as they do when the visitor
// books. Fields that the project does not have come from the request. Of the resources the request may name fewer.
func visitorsQuestion(p *catalogue.Project, asked rules.AvailabilityInput) rules.AvailabilityInput {
	in := rules.ProjectAvailability(p)
	in.Zone, in.At, in.ReservationID = asked.Zone, asked.At, asked.ReservationID
	in.Units = cmp.Or(asked.Units, in.Units)
	in.Mode, in.Buffer = cmp.Or(in.Mode, asked.Mode), cmp.Or(in.Buffer, asked.Buffer)
	if in.Length == "" {
		in.Length, in.Increments, in.RoundToHour = asked.Length, asked.Increments, asked.RoundToHour
	}
	if len(asked.Resources) > 0 {
		in.Resources = slices.DeleteFunc(in.Resources, func(id string) bool { return !slices.Contains(asked.Resources, id) })
	}
	return in
}

// bound restricts a visitor's query to the intersection of three windows: the project's, the request's, and the future. in is the query as
// visitorsQuestion returns it, asked the request, and narrower the request's own query.
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

// checkWindow adds a problem if the request has an end before its start. If the end comes first because of the project's season, the
// window becomes empty instead.
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

// future moves the start of the window to now if it is past. The window of a season that is over becomes empty.
func (w *slotQuery) future(now time.Time) {
	w.From = service.Later(w.From, now)
	w.To = service.Later(w.To, w.From)
}

// Slots returns the free slots that a visitor's own constraints allow.
func (w *slotQuery) Slots() []availability.Slot { return w.narrowed(w.Query.Slots()) }

// Taken returns the busy slots that a visitor's own constraints allow.
func (w *slotQuery) Taken() []availability.Slot { return w.narrowed(w.Query.Taken()) }

// narrowed removes the slots that a visitor's own constraints do not allow. As part of the query they would move the points at which the
// project's slots begin.
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

// within reports whether one of the stretches contains the slot. The stretches are sorted.
func within(stretches []availability.Slot, slot availability.Slot) bool {
	at, _ := slices.BinarySearchFunc(stretches, slot.End, func(s availability.Slot, end time.Time) int { return s.End.Compare(end) })
	return at < len(stretches) && !slot.Start.Before(stretches[at].Start)
}

// chosenOf loads the resources that the query names; all of the app's if it names neither resources nor a project.
func (h *slotHandlers) chosenOf(
	k *edge.Call, w *slotQuery, in rules.AvailabilityInput, project *catalogue.Project, problems fault.Problems,
) error {
	if project != nil && len(in.Resources) == 0 {
		return nil
	}
	return h.chosen(k, w, in.Resources, problems)
}
