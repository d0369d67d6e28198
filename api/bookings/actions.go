package bookings

import (
	"encoding/json"
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// actionHandlers answers requests to play one action.
type actionHandlers struct {
	bookings *postgres.Bookings
	service  *service.Service
	renderer *renderer
	wait     time.Duration // for the outcome of an action, unless the client says otherwise
}

func (h *actionHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPut, "/v2/bookings/:id/:action", edge.RequireResource, with(h.playAction)).Once(),
	}
}

// playAction moves a booking: 200 with where it stands, 202 when the outcome is not known yet.
func (h *actionHandlers) playAction(k *call) error {
	b, err := k.booking(h.bookings)
	if err != nil {
		return err
	}
	p := service.PlayInput{ID: k.Operation, Name: k.Param("action"), Wait: k.PreferredWait(h.wait)}
	p.Submitted, err = h.service.Submitted(k, p.ID, k.Repeated)
	if err == nil && !p.Submitted {
		err = k.readPlayAlone(b, &p)
	}
	if err != nil {
		return err
	}
	out, err := h.service.Play(k, k.Caller, b, p)
	if err != nil {
		return err
	}
	return h.renderer.answer(k, http.StatusOK, out)
}

// readPlayAlone reads an action that is a request's only one.
func (k *call) readPlayAlone(b *booking.Booking, p *service.PlayInput) error {
	var err error
	if p.Revision, err = k.ifMatch(b); err != nil {
		return err
	}
	var text json.RawMessage
	if err := k.Decode(&text); err != nil {
		return err
	}
	return readPlay(k.Caller, text, b, p)
}

// readPlay reads what the body of an action says, once the action is one that can be played.
func readPlay(c booking.Caller, text json.RawMessage, b *booking.Booking, p *service.PlayInput) error {
	wanted, err := service.Allow(b, p.Name, graphs.ActorAPI)
	if err != nil {
		return err
	}
	graph, err := b.LoadGraph()
	if err != nil {
		return err
	}
	flags, inputs, err := readInputs(text, graph, wanted)
	if err != nil {
		return err
	}
	p.Relay, p.Override, p.Inputs = flags.relayed, flags.override, inputs
	problems := fault.Problems{}
	if err := service.CheckOverride(c, p.Override, problems); err != nil {
		return err
	}
	return problems.Err()
}
