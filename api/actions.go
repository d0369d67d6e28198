package api

import (
	"encoding/json"
	"net/http"
	"strconv"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// playAction moves a booking: 200 with where it stands, 202 when the outcome is not known yet.
func (s *Server) playAction(k *call) error {
	b, err := k.booking(s)
	if err != nil {
		return err
	}
	a := k.newAction(k.Operation, b, k.Param("action"))
	begun, err := s.begun(k, a.ID)
	if err == nil && !begun {
		err = s.prepareAlone(k, b, a)
	}
	if err != nil {
		return err
	}
	out, err := s.play(k, k.App, b, a, "", k.PreferredWait(s.Wait))
	if err != nil {
		return err
	}
	return s.answer(k, http.StatusOK, out)
}

func (s *Server) prepareAlone(k *call, b *booking.Booking, a *booking.Action) error {
	var err error
	if a.Revision, err = k.ifMatch(b); err != nil {
		return err
	}
	var text json.RawMessage
	if err := k.Decode(&text); err != nil {
		return err
	}
	return s.prepare(k, b, a, text)
}

// prepare refuses what cannot be, before anything is put on record.
func (s *Server) prepare(k *call, b *booking.Booking, a *booking.Action, text json.RawMessage) error {
	graph, err := b.RuleBook()
	if err != nil {
		return err
	}
	if err := allow(graph, b, a); err != nil {
		return err
	}
	in, err := readPlay(text, graph, graph.Inputs(b.State, a.Name))
	a.Relay = b.Related.Bulk != nil && in.relayed && k.Self == nil // others' bookings may be among them
	a.Inputs = in.inputs
	return err
}

// allow asks the graph. Whether the time or seat that the action needs is still there shows when it is claimed: see play.
func allow(graph *graphs.Graph, b *booking.Booking, a *booking.Action) error {
	if _, err := graph.Next(b.State, a.Name, a.Actor); err != nil {
		return notAvailable(graph, b, a.Actor, err.Error())
	}
	return nil
}

// notAvailable says why an action cannot be played, in Timekit's words, and lists which the actor may play instead.
func notAvailable(graph *graphs.Graph, b *booking.Booking, actor graphs.Actor, why string) error {
	err := booking.Errorf(booking.ActionNotAvailable, "%s", why)
	err.Open = graph.OpenTo(b.State, actor)
	return err
}

// answer tells what became of an action: the booking as it stands, 202 while the action is not decided.
func (s *Server) answer(k *call, status int, out outcome) error {
	return s.answerWith(k, status, out, func(map[string]any) {})
}

// answerWith is answer with something added to the booking's view.
func (s *Server) answerWith(k *call, status int, out outcome, add func(map[string]any)) error {
	if out.booking == nil {
		return booking.Errorf(booking.NotFound, "The booking does not exist.")
	}
	if out.action.Status == booking.Pending {
		status = http.StatusAccepted
	}
	if status != http.StatusOK {
		k.Header("Location", "/v2/bookings/"+out.booking.ID.String())
	}
	k.Header("Holdfast-Action-Id", out.action.ID.String())
	k.Header("Holdfast-Seq", strconv.Itoa(out.booking.Seq))
	views, err := s.views(k, []*booking.Booking{out.booking})
	if err != nil {
		return err
	}
	add(views[0])
	k.Header("ETag", etag(out.booking))
	return k.Answer(status, views[0])
}
