package bookings

import (
	"encoding/json"
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

// holdHandlers answers requests to hold a slot for a short while.
type holdHandlers struct {
	admission *service.Admission
	booker    *service.Booker
	player    *service.Player
	drafts    *draftReader
	renderer  *renderer
	wait      time.Duration // for the outcome of an action, unless the client says otherwise
}

func (h *holdHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/bookings/reserve", edge.RequireKey, with(h.reserve)).Once(),
		edge.On(http.MethodPut, "/v2/bookings/reserve/extend", edge.RequireKey, with(h.extendHold)).Once(),
	}
}

// holdTime reads how long a hold is to last: a number of seconds, also as a text.
func holdTime(raw json.RawMessage, problems fault.Problems) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var seconds json.Number
	if json.Unmarshal(raw, &seconds) != nil {
		problems.Add("reservation_time", "must be a number of seconds")
		return ""
	}
	n, err := seconds.Int64()
	after := graphs.Duration(time.Duration(min(max(n, 0), 1_000_000)) * time.Second).String()
	graph, _ := graphs.Named(service.HoldGraph, nil)
	problem := graph.CheckOverrides(graphs.Overrides{service.HoldTimer: after})[service.HoldTimer]
	if err != nil || problem != "" {
		problems.Add("reservation_time", "must be a number of seconds from 1 to 3600")
	}
	return after
}

// reserve keeps a slot for somebody for a short while: 201 with reservation_id and expires_at.
func (h *holdHandlers) reserve(k *call) error {
	var in struct {
		rules.BookingInput
		Time json.RawMessage `json:"reservation_time"`
	}
	if err := k.DecodeBy(rules.BookingRules(), &in); err != nil {
		return err
	}
	turn, err := h.admission.Enter(k)
	if err != nil {
		return err
	}
	defer turn.Leave()
	problems := fault.Problems{}
	after := holdTime(in.Time, problems)
	d, err := h.drafts.draft(k, k.Operation, in.BookingInput, true, problems)
	if err != nil {
		return err
	}
	if after != "" {
		d.Settings.Timers = graphs.Overrides{service.HoldTimer: after}
	}
	out, err := h.booker.Hold(k, d, turn, k.Address())
	if err != nil {
		return err
	}
	return h.answerHold(k, http.StatusCreated, out)
}

// extendHold starts a hold's time again.
func (h *holdHandlers) extendHold(k *call) error {
	var in struct {
		ReservationID string          `json:"reservation_id"`
		Time          json.RawMessage `json:"reservation_time"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	id := edge.ParseID(in.ReservationID, "reservation_id", problems)
	after := holdTime(in.Time, problems)
	if err := problems.Err(); err != nil {
		return err
	}
	out, err := h.player.Extend(k, k.Caller, id, k.Operation, after, k.PreferredWait(h.wait))
	if err != nil {
		return err
	}
	k.hidePeople(out)
	return h.answerHold(k, http.StatusOK, out)
}

// answerHold writes a hold, and when it expires.
func (h *holdHandlers) answerHold(k *call, status int, out service.Outcome) error {
	return h.renderer.answerWith(k, status, out, func(view map[string]any) {
		view["reservation_id"] = out.Booking.ID
		graph, err := out.Booking.LoadGraph()
		if err != nil {
			return
		}
		for _, d := range graph.Deadlines(out.Booking.State, out.Booking.Times(), out.Booking.Settings.Timers) {
			view["expires_at"] = k.Clock.Show(d.At, out.Booking.Resource.Zone())
		}
	})
}
