package tenants

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/clock"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// clockHandlers answers requests about the clocks of test apps.
type clockHandlers struct {
	clocks   *postgres.Clocks
	outcomes *postgres.Outcomes
	dispatch *dispatch.Dispatcher
	wait     time.Duration
}

func (h *clockHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/test_clock", edge.RequireServer, h.getClock),
		edge.On(http.MethodPut, "/v2/test_clock", edge.RequireServer, h.advanceClock).Once(),
	}
}

type clockInput struct {
	Advance *string    `json:"advance"`
	Now     edge.Stamp `json:"now"`
}

const (
	// maxDue is how much of what fell due one answer lists.
	maxDue = 1000
	// clockLook is how often the record is looked at for the end of an advance: its announcement can be missed.
	clockLook = time.Second
)

// getClock shows the clock, and what fell due during its last advance.
func (h *clockHandlers) getClock(k *edge.Call) error {
	s, err := h.clocks.Clock(k, k.App.ID)
	if err != nil {
		return err
	}
	return h.answer(k, http.StatusOK, s)
}

// advanceClock moves the clock forward, and answers when all that fell due is committed; 202 when that takes longer than the caller waits.
func (h *clockHandlers) advanceClock(k *edge.Call) error {
	if !k.App.TestMode {
		_, err := h.clocks.Clock(k, k.App.ID)
		return err
	}
	var in clockInput
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	target, err := in.target(k)
	if err != nil {
		return err
	}
	arrived, done := h.outcomes.Expect(k.Operation)
	defer done()
	s, err := h.clocks.BeginAdvance(k, k.App.ID, k.Operation, target)
	if err != nil {
		return err
	}
	if s.Advancing {
		_ = h.dispatch.EnsureClockRunning(k, k.App.ID) // it is on record: what fails here is left to the sweep
	}
	if s, err = h.waitFor(k, s, arrived); err != nil {
		return err
	}
	if s.Advancing && s.Advance.ID == k.Operation {
		k.Header("Location", k.Base+"/v2/test_clock")
		return h.answer(k, http.StatusAccepted, s)
	}
	return h.answer(k, http.StatusOK, s)
}

// waitFor returns the clock when it has arrived, or as it is when the caller waits no longer.
func (h *clockHandlers) waitFor(k *edge.Call, s *clock.State, arrived <-chan booking.Announcement) (*clock.State, error) {
	deadline := time.NewTimer(k.PreferredWait(h.wait))
	defer deadline.Stop()
	again := time.NewTicker(clockLook)
	defer again.Stop()
	for last := false; s.Advancing && s.Advance.ID == k.Operation && !last; {
		select {
		case <-arrived:
		case <-again.C:
		case <-deadline.C:
			last = true
		case <-k.Done():
			return nil, k.Err()
		}
		var err error
		if s, err = h.clocks.Clock(k, k.App.ID); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// target reads where the clock is to go.
func (in clockInput) target(k *edge.Call) (func(time.Time) (time.Time, error), error) {
	problems := fault.Problems{}
	var by graphs.Duration
	var to time.Time
	field := "advance"
	switch {
	case (in.Advance == nil) == (in.Now == ""):
		problems.Add("advance", "say either advance, a duration such as \"PT1H\", or now, a time")
	case in.Advance != nil:
		var err error
		if by, err = graphs.ParseDuration(*in.Advance); err != nil {
			problems.Add("advance", "%s", err)
		}
	default:
		field = "now"
		to = k.ParseTime(string(in.Now), "now", problems)
	}
	return func(now time.Time) (time.Time, error) {
		to := to
		if in.Advance != nil {
			to = now.Add(time.Duration(by))
		}
		problems := fault.Problems{}
		switch {
		case !to.After(now):
			problems.Add(field, "must lead forward: the clock shows %s", k.Clock.Show(now, time.UTC))
		case time.Until(to) > clock.MaxAhead:
			problems.Add(field, "must not lead more than %s ahead of real time", graphs.Duration(clock.MaxAhead))
		}
		return to, problems.Err()
	}, problems.Err()
}

func (h *clockHandlers) answer(k *edge.Call, status int, s *clock.State) error {
	show := func(at time.Time) any { return k.Clock.Show(at, time.UTC) }
	view := timekit.Object{
		"now": show(s.Shows), "offset": graphs.Duration(max(0, time.Until(s.Shows))).String(), "status": "ready",
		"from": nil, "to": nil, "transitions": []timekit.Object{}, "notices": []timekit.Object{}, "count": 0, "has_more": false,
	}
	if s.Advancing {
		view["status"] = "advancing"
	}
	if s.Advance == nil {
		return k.Answer(status, view)
	}
	due, count, err := h.clocks.Due(k, k.App.ID, s.Advance, maxDue)
	if err != nil {
		return err
	}
	transitions, notices := []timekit.Object{}, []timekit.Object{}
	for _, d := range due {
		o := timekit.Object{"booking_id": shownID(d.BookingID), "sequence": d.Seq, "at": show(d.At)}
		if d.Action == "" {
			o["type"] = d.Type
			notices = append(notices, o)
			continue
		}
		o["action"], o["from"], o["to"], o["by"] = d.Action, d.From, d.To, d.By
		transitions = append(transitions, o)
	}
	view["from"], view["to"] = show(s.Advance.From), show(s.Advance.To)
	view["transitions"], view["notices"], view["count"], view["has_more"] = transitions, notices, count, count > len(due)
	return k.Answer(status, view)
}

func shownID(id *uuid.UUID) any {
	if id == nil {
		return nil
	}
	return id
}
