package calendar

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/availability"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// slotHandlers answers queries for free and busy time.
type slotHandlers struct {
	calendars *postgres.Calendars
	projects  *postgres.Catalogue
	offers    *service.Offers
}

func (h *slotHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/availability", edge.RequireKey, h.listAvailability),
		edge.On(http.MethodPost, "/v2/availability/dates", edge.RequireKey, h.listAvailableDates),
		edge.On(http.MethodPost, "/v2/availability/count", edge.RequireKey, h.countAvailability),
		edge.On(http.MethodPost, "/v2/availability/explain", edge.RequireServer, h.explainAvailability),
		edge.On(http.MethodPost, "/v2/unavailable/slots", edge.RequireKey, h.listUnavailable),
	}
}

// slotQuery is a query for free time as a request makes it. Busy time is loaded later.
type slotQuery struct {
	service.Question

	zone   *time.Location           // of the answer
	at     string                   // the start to explain; only of /availability/explain
	narrow availability.Constraints // a visitor's own rules, besides the project's

	several bool // visitors may ask for several units
}

// resourceView is a resource in a slot.
type resourceView struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name"`
	Timezone string    `json:"timezone"`
}

// views renders the resources of the query, in its order.
func (w *slotQuery) views() (all []resourceView) {
	for _, r := range w.Hosts {
		all = append(all, resourceView{r.ID, r.Name, r.Timezone})
	}
	return all
}

// listAvailability answers with the free slots, sorted by time, in the zone of the request.
func (h *slotHandlers) listAvailability(k *edge.Call) error {
	return h.answerSlots(k, (*slotQuery).Slots, writeSlots)
}

// listUnavailable answers with the slots that the rules allow and that are busy.
func (h *slotHandlers) listUnavailable(k *edge.Call) error {
	return h.answerSlots(k, (*slotQuery).Taken, writeSlots)
}

// countAvailability answers with the number of free slots.
func (h *slotHandlers) countAvailability(k *edge.Call) error {
	return h.answerSlots(k, (*slotQuery).Slots, func(k *edge.Call, _ *slotQuery, slots []availability.Slot) error {
		return k.Answer(http.StatusOK, map[string]int{"total": len(slots)})
	})
}

// answerSlots reads a query, loads what is busy, computes the slots by find and renders them by answer. A large query waits for its turn
// (service.Question.Acquire) and holds it until it is answered.
func (h *slotHandlers) answerSlots(
	k *edge.Call, find func(*slotQuery) []availability.Slot, answer func(*edge.Call, *slotQuery, []availability.Slot) error,
) error {
	w, err := h.readSlotQuery(k)
	if err != nil {
		return err
	}
	release, err := w.Acquire(k)
	if err != nil {
		return err
	}
	defer release()
	if err := h.offers.LoadBusy(k, k.App.ID, &w.Question); err != nil {
		return err
	}
	slots, err := compute(k, w, func() []availability.Slot { return find(w) })
	if err != nil {
		return err
	}
	return answer(k, w, slots)
}

// dateView is a date with at least one free slot.
type dateView struct {
	Date      string      `json:"date"`
	Resources []uuid.UUID `json:"resources"`
}

// listAvailableDates answers with the dates on which slots begin, in the zone of the request, each with the resources of its slots.
func (h *slotHandlers) listAvailableDates(k *edge.Call) error {
	return h.answerSlots(k, (*slotQuery).Slots, func(k *edge.Call, w *slotQuery, slots []availability.Slot) error {
		dates := []dateView{}
		var seen map[int]bool
		for _, slot := range slots {
			date := slot.Start.In(w.zone).Format(time.DateOnly)
			if len(dates) == 0 || dates[len(dates)-1].Date != date {
				dates, seen = append(dates, dateView{Date: date}), map[int]bool{}
			}
			last := &dates[len(dates)-1]
			for _, i := range slot.Resources {
				if !seen[i] {
					seen[i] = true
					last.Resources = append(last.Resources, w.Hosts[i].ID)
				}
			}
		}
		return k.Answer(http.StatusOK, dates)
	})
}
