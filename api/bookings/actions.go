package bookings

import (
	"encoding/json"
	"net/http"
	"strconv"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

// playAction moves a booking: 200 with where it stands, 202 when the outcome is not known yet.
func (s *Handlers) playAction(k *call) error {
	b, err := k.booking(s)
	if err != nil {
		return err
	}
	p := service.PlayInput{ID: k.Operation, Name: k.Param("action"), Wait: k.PreferredWait(s.Wait)}
	p.Submitted, err = s.Service.Submitted(k, p.ID, k.Repeated)
	if err == nil && !p.Submitted {
		err = k.readPlayAlone(b, &p)
	}
	if err != nil {
		return err
	}
	out, err := s.Service.Play(k, k.Caller, b, p)
	if err != nil {
		return err
	}
	return s.answer(k, http.StatusOK, out)
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
	return readPlay(text, b, p)
}

// readPlay reads what the body of an action says, once the action is one that can be played.
func readPlay(text json.RawMessage, b *booking.Booking, p *service.PlayInput) error {
	wanted, err := service.Allow(b, p.Name, graphs.ActorAPI)
	if err != nil {
		return err
	}
	graph, err := b.LoadGraph()
	if err != nil {
		return err
	}
	p.Relay, p.Inputs, err = readInputs(text, graph, wanted)
	return err
}

// answer writes what became of an action: the booking as it stands, 202 while the action is not decided.
func (s *Handlers) answer(k *call, status int, out service.Outcome) error {
	return s.answerWith(k, status, out, func(map[string]any) {})
}

// answerWith is answer with something added to the booking's view.
func (s *Handlers) answerWith(k *call, status int, out service.Outcome, add func(map[string]any)) error {
	if out.Booking == nil {
		return fault.Errorf(fault.NotFound, "The booking does not exist.")
	}
	if out.Action.Status == booking.Pending {
		status = http.StatusAccepted
	}
	if status != http.StatusOK {
		k.Header("Location", "/v2/bookings/"+out.Booking.ID.String())
	}
	k.Header("Holdfast-Action-Id", out.Action.ID.String())
	k.Header("Holdfast-Seq", strconv.Itoa(out.Booking.Seq))
	views, err := s.views(k, []*booking.Booking{out.Booking})
	if err != nil {
		return err
	}
	add(views[0])
	k.Header("ETag", etag(out.Booking))
	return k.Answer(status, views[0])
}
