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

// slotView is one slot of an answer.
type slotView struct {
	Start     string         `json:"start"`
	End       string         `json:"end"`
	Resources []resourceView `json:"resources"`
}

// listAvailability answers with free slots, in order of time and in the asked zone.
func (s *Server) listAvailability(k *call) error {
	w, err := s.free(k)
	if err != nil {
		return err
	}
	return k.data(http.StatusOK, k.slots(w, w.Slots()))
}

// listUnavailable answers with the slots that the rules allow and that are taken.
func (s *Server) listUnavailable(k *call) error {
	w, err := s.free(k)
	if err != nil {
		return err
	}
	return k.data(http.StatusOK, k.slots(w, w.Taken()))
}

// countAvailability answers with how many free slots there are.
func (s *Server) countAvailability(k *call) error {
	w, err := s.free(k)
	if err != nil {
		return err
	}
	return k.data(http.StatusOK, map[string]int{"total": len(w.Slots())})
}

// dateView is a date with a free slot.
type dateView struct {
	Date      string      `json:"date"`
	Resources []uuid.UUID `json:"resources"`
}

// listAvailableDates answers with the dates, in the asked zone, on which a slot begins, and the resources that have one.
func (s *Server) listAvailableDates(k *call) error {
	w, err := s.free(k)
	if err != nil {
		return err
	}
	dates := []dateView{}
	var seen map[int]bool
	for _, slot := range w.Slots() {
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
	return k.data(http.StatusOK, dates)
}

func (k *call) slots(w *wanted, slots []availability.Slot) []slotView {
	views := make([]slotView, len(slots))
	for i, slot := range slots {
		views[i] = slotView{k.clock.Show(slot.Start, w.zone), k.clock.Show(slot.End, w.zone), w.view(slot.Resources)}
	}
	return views
}

func (w *wanted) view(resources []int) []resourceView {
	views := make([]resourceView, len(resources))
	for i, r := range resources {
		views[i] = w.views[r]
	}
	return views
}

// free reads the question from the request's body and looks what is taken.
func (s *Server) free(k *call) (*wanted, error) {
	w, err := s.wanted(k)
	if err != nil {
		return nil, err
	}
	return w, s.fill(k, w, false)
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
	taken, err := look(k, k.app.ID, window)
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
