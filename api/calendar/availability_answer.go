package calendar

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"

	"holdfast/api/edge"
	"holdfast/internal/availability"
	"holdfast/internal/fault"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
)

// Upper bounds on an answer: slots, each counted once for every resource that it names.
const (
	maxNames       = 20_000
	maxWidgetNames = 5_000
)

// mostNames returns the bound for a caller.
func mostNames(k *edge.Call) int {
	if k.Kind == tenant.ServerKey {
		return maxNames
	}
	return maxWidgetNames
}

// compute computes slots within the bound of an answer. Invalid when there are more; RequestTimeout when the request is cancelled.
func compute(k *edge.Call, w *slotQuery, find func() []availability.Slot) ([]availability.Slot, error) {
	w.Most, w.Stop = mostNames(k), func() bool { return k.Request.Context().Err() != nil }
	slots := find()
	if k.Request.Context().Err() != nil {
		return nil, service.ErrHungUp
	}
	if availability.Named(slots) > w.Most {
		return nil, errTooMuch(w.Most)
	}
	return slots, nil
}

func errTooMuch(most int) error {
	problems := fault.Problems{}
	problems.Add("to", "more than %d slots, each counted for every resource it names: ask for fewer days, fewer resources, "+
		"or larger timeslot_increments", most)
	return problems.Err()
}

// unitsLeft returns how many units of a resource are left in a slot, where units are counted and the caller may be given it: with a
// server key, or where visitors may ask for several.
func (w *slotQuery) unitsLeft(k *edge.Call) func(resource int, slot availability.Slot) (left int, counted bool) {
	known := k.Kind == tenant.ServerKey || w.several
	left := w.UnitsLeft()
	return func(i int, slot availability.Slot) (int, bool) {
		if !known || w.Hosts[i].Capacity < 2 {
			return 0, false
		}
		return left(i, slot), true
	}
}

// writeSlots streams slots as JSON: a long answer is never whole in memory.
func writeSlots(k *edge.Call, w *slotQuery, slots []availability.Slot) error {
	views := make([][]byte, len(w.Hosts))
	for i, one := range w.views() {
		views[i], _ = json.Marshal(one) //nolint:errchkjson // texts only
	}
	k.Header("Content-Type", "application/json; charset=utf-8")
	k.Status(http.StatusOK)
	out := bufio.NewWriterSize(k.Writer, 32<<10)
	left := w.unitsLeft(k)
	text := func(s string) { _, _ = out.WriteString(s) } // the first error stays, and Flush returns it
	text(`{"data":[`)
	for i, slot := range slots {
		if i > 0 {
			text(",")
		}
		start, _ := json.Marshal(k.Clock.Show(slot.Start, w.zone))
		end, _ := json.Marshal(k.Clock.Show(slot.End, w.zone))
		text(`{"start":` + string(start) + `,"end":` + string(end) + `,"resources":[`)
		for j, r := range slot.Resources {
			if j > 0 {
				text(",")
			}
			if n, counted := left(r, slot); counted {
				_, _ = out.Write(views[r][:len(views[r])-1])
				text(`,"units_left":` + strconv.Itoa(n) + "}")
				continue
			}
			_, _ = out.Write(views[r])
		}
		text("]}")
	}
	text("]}")
	_ = out.Flush() // an error means that the connection is gone
	return nil
}
