package calendar

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/availability"
	"holdfast/internal/service"
)

// slotQuery is a question for free time, with all that its answer needs but busy time.
type slotQuery struct {
	service.Question

	zone   *time.Location           // of the answer
	at     string                   // the start that is to be explained
	narrow availability.Constraints // a visitor's own, besides the project's
}

// resourceView is what a slot tells of a resource.
type resourceView struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name"`
	Timezone string    `json:"timezone"`
}

// views are what slots tell of the question's resources.
func (w *slotQuery) views() (all []resourceView) {
	for _, r := range w.Hosts {
		all = append(all, resourceView{r.ID, r.Name, r.Timezone})
	}
	return all
}

// listAvailability answers with free slots, in order of time and in the asked zone.
func (s *Handlers) listAvailability(k *edge.Call) error {
	return s.answerSlots(k, (*slotQuery).Slots, writeSlots)
}

// listUnavailable answers with the slots that the rules allow and that are taken.
func (s *Handlers) listUnavailable(k *edge.Call) error {
	return s.answerSlots(k, (*slotQuery).Taken, writeSlots)
}

// countAvailability answers with how many free slots there are.
func (s *Handlers) countAvailability(k *edge.Call) error {
	return s.answerSlots(k, (*slotQuery).Slots, func(k *edge.Call, _ *slotQuery, slots []availability.Slot) error {
		return k.Answer(http.StatusOK, map[string]int{"total": len(slots)})
	})
}

// answerSlots reads a question, finds its slots within the bounds of an answer and has them answered.
func (s *Handlers) answerSlots(
	k *edge.Call, find func(*slotQuery) []availability.Slot, answer func(*edge.Call, *slotQuery, []availability.Slot) error,
) error {
	w, err := s.readSlotQuery(k)
	if err != nil {
		return err
	}
	release, err := w.Acquire(k)
	if err != nil {
		return err
	}
	defer release()
	if err := s.Service.LoadBusy(k, k.App.ID, &w.Question); err != nil {
		return err
	}
	slots, err := compute(k, w, func() []availability.Slot { return find(w) })
	if err != nil {
		return err
	}
	return answer(k, w, slots)
}

// dateView is a date with a free slot.
type dateView struct {
	Date      string      `json:"date"`
	Resources []uuid.UUID `json:"resources"`
}

// listAvailableDates answers with the dates, in the asked zone, on which a slot begins, and the resources that have one.
func (s *Handlers) listAvailableDates(k *edge.Call) error {
	return s.answerSlots(k, (*slotQuery).Slots, func(k *edge.Call, w *slotQuery, slots []availability.Slot) error {
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
