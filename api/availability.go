package api

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/availability"
	"holdfast/internal/booking"
	"holdfast/internal/postgres"
)

// wanted is a question for free time, ready to be asked.
type wanted struct {
	availability.Query
	resources []*booking.Resource
	zone      *time.Location // of the answer
	hold      uuid.UUID      // whose time counts as free
	at        string         // the start that is to be explained
	views     []resourceView
	narrow    availability.Constraints // a visitor's own, besides the project's
}

// resourceView is what a slot tells of a resource.
type resourceView struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name"`
	Timezone string    `json:"timezone"`
}

// listAvailability answers with free slots, in order of time and in the asked zone.
func (s *Server) listAvailability(k *call) error {
	return s.answerSlots(k, (*wanted).Slots, k.slots)
}

// listUnavailable answers with the slots that the rules allow and that are taken.
func (s *Server) listUnavailable(k *call) error {
	return s.answerSlots(k, (*wanted).Taken, k.slots)
}

// countAvailability answers with how many free slots there are.
func (s *Server) countAvailability(k *call) error {
	return s.answerSlots(k, (*wanted).Slots, func(_ *wanted, slots []availability.Slot) error {
		return k.Answer(http.StatusOK, map[string]int{"total": len(slots)})
	})
}

// answerSlots reads a question, finds its slots within the bounds of an answer and has them answered.
func (s *Server) answerSlots(
	k *call, find func(*wanted) []availability.Slot, answer func(*wanted, []availability.Slot) error,
) error {
	w, err := s.wanted(k)
	if err != nil {
		return err
	}
	done, err := w.turn(k)
	if err != nil {
		return err
	}
	defer done()
	if err := s.fill(k, w, false); err != nil {
		return err
	}
	slots, err := k.compute(w, func() []availability.Slot { return find(w) })
	if err != nil {
		return err
	}
	return answer(w, slots)
}

// dateView is a date with a free slot.
type dateView struct {
	Date      string      `json:"date"`
	Resources []uuid.UUID `json:"resources"`
}

// listAvailableDates answers with the dates, in the asked zone, on which a slot begins, and the resources that have one.
func (s *Server) listAvailableDates(k *call) error {
	return s.answerSlots(k, (*wanted).Slots, func(w *wanted, slots []availability.Slot) error {
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
					last.Resources = append(last.Resources, w.resources[i].ID)
				}
			}
		}
		return k.Answer(http.StatusOK, dates)
	})
}

// fill looks what is taken of the resources: one query for all of them. told tells by whom.
func (s *Server) fill(k *call, w *wanted, told bool) error {
	window := postgres.Window{Hold: w.hold}
	window.From, window.To = w.Reach()
	for _, r := range w.resources {
		window.Resources = append(window.Resources, r.ID)
	}
	look := s.DB.Taken
	if told {
		look = s.DB.TakenBy
	}
	taken, err := look(k, k.App.ID, window)
	if err != nil {
		return err
	}
	for i, r := range w.resources {
		w.Resources[i].Busy = busyOf(taken[r.ID])
	}
	return nil
}

func busyOf(taken []postgres.Busy) []availability.Busy {
	all := make([]availability.Busy, len(taken))
	for i, b := range taken {
		all[i] = availability.Busy{Start: b.Start, End: b.End, Kind: availability.Kind(b.Kind), Guard: b.Guard, AllDay: b.AllDay}
		if b.Kind != "" {
			all[i].ID = b.Holder.String()
		}
	}
	return all
}
