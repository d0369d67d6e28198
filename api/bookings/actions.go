package bookings

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/byhand"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// actionHandlers answers requests to play one action.
type actionHandlers struct {
	bookings *postgres.Bookings
	player   *service.Player
	renderer *renderer
	wait     time.Duration // for the outcome of an action, unless the client says otherwise
}

func (h *actionHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPut, "/v2/bookings/:id/:action", edge.RequireResource, with(h.playAction)).Once(),
		edge.On(http.MethodPost, "/v2/bookings/:id/force", edge.RequireAdmin, with(h.force)).Once(),
	}
}

// playAction moves a booking: 200 with where it stands, 202 when the outcome is not known yet.
func (h *actionHandlers) playAction(k *call) error {
	b, err := k.booking(h.bookings)
	if err != nil {
		return err
	}
	if dry, err := k.dryRun(); err != nil {
		return err
	} else if dry {
		return h.foresee(k, b)
	}
	p := service.PlayInput{ID: k.Operation, Name: k.Param("action"), Wait: k.PreferredWait(h.wait)}
	p.Submitted, err = h.player.Submitted(k, p.ID, k.Repeated)
	if err == nil && !p.Submitted {
		err = k.readPlayAlone(b, &p)
	}
	if err != nil {
		return err
	}
	out, err := h.player.Play(k, k.Caller, b, p)
	if err != nil {
		return err
	}
	return h.renderer.answer(k, http.StatusOK, out)
}

type forceInput struct {
	State  string `json:"state"`
	Reason string `json:"reason"`
}

// force puts a booking of any app into a state by hand, with the admin key.
func (h *actionHandlers) force(k *call) error {
	id, err := k.ID("id", "The booking")
	if err != nil {
		return err
	}
	var in forceInput
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if in.Reason = strings.TrimSpace(in.Reason); in.Reason == "" {
		problems.Add("reason", "is required")
	}
	edge.CheckLength(in.Reason, "reason", service.MaxInput, problems)
	if in.State == "" {
		problems.Add("state", "is required")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	target, err := h.bookings.LinkTarget(k, id)
	if err != nil {
		return err
	}
	defer func(before booking.Caller) { k.Caller = before }(k.Caller) // the Idempotency-Key is the operator's, not the app's
	k.App, k.Kind = target.App, tenant.ServerKey
	if submitted, err := h.player.Submitted(k, k.Operation, k.Repeated); err != nil || submitted {
		return h.answerForced(k, target.Booking, err)
	}
	out, err := h.player.Force(k, k.Caller, target.Booking, k.Operation, in.State, in.Reason, k.PreferredWait(h.wait))
	if err != nil {
		return err
	}
	return h.renderer.answer(k, http.StatusOK, out)
}

// answerForced answers a repeat of a request whose action is on record.
func (h *actionHandlers) answerForced(k *call, b *booking.Booking, err error) error {
	if err != nil {
		return err
	}
	out, err := h.player.Play(k, k.Caller, b, service.PlayInput{
		ID: k.Operation, Name: byhand.Force, Actor: byhand.ActorAdmin, Submitted: true, Wait: k.PreferredWait(h.wait),
	})
	if err != nil {
		return err
	}
	return h.renderer.answer(k, http.StatusOK, out)
}

// dryRun reports whether the request asks for what would happen, so that nothing happens.
func (k *call) dryRun() (bool, error) {
	switch k.Query("dry_run") {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, fault.Problems{"dry_run": {"must be true or false"}}.Err()
}

// foresee answers with what an action would do now. What would be refused is refused in the same way.
func (h *actionHandlers) foresee(k *call, b *booking.Booking) error {
	p := service.PlayInput{Name: k.Param("action"), Actor: graphs.ActorAPI}
	if err := k.readPlayAlone(b, &p); err != nil {
		return err
	}
	f, err := h.player.Foresee(k, b, p)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{
		"dry_run": true, "action": f.Move.Action, "from": f.Move.From, "to": f.Move.To, "completed": f.Move.Final,
		"holds": f.Move.Holds, "takes": f.Move.Takes, "releases": f.Move.Frees, "taken": f.Taken,
		"effects": append([]graphs.Effect{}, f.Effects...),
	})
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
	if p.Notify, err = rules.ReadNotify(c, flags.notify, problems); err != nil {
		return err
	}
	return problems.Err()
}
