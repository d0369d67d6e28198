package api

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// createBooking makes a booking and plays its graph's first action: 201, 202 when the outcome is not known yet, 409
// when the slot is taken.
func (s *Server) createBooking(k *call) error {
	in, err := k.readBooking()
	if err != nil {
		return err
	}
	d, err := s.draft(k, k.Operation, in, "")
	if err != nil {
		return err
	}
	out, err := s.book(k, d)
	if err != nil {
		return err
	}
	return s.answer(k, http.StatusCreated, out)
}

// book makes a booking of a draft, unless it has faults.
func (s *Server) book(k *call, d *draft) (outcome, error) {
	if err := d.problems.Err(); err != nil {
		return outcome{}, err
	}
	if k.IsVisitor() && d.graph != nil && d.graph.Name == holdGraph && d.fixed != holdGraph {
		return outcome{}, booking.Problems{"graph": {"is made by POST /v2/bookings/reserve"}}.Err()
	}
	if d.Settings.AllowDoubleBookings && k.Kind != booking.ServerKey {
		return outcome{}, errNoDoubles
	}
	return s.bringToLife(k, d.Booking, d.graph, d.inputs)
}

// bringToLife plays the first action of a booking.
func (s *Server) bringToLife(k *call, b *booking.Booking, graph *graphs.Graph, inputs json.RawMessage) (outcome, error) {
	move, err := graph.Next(b.State, graph.Start, graphs.ActorAPI)
	if err != nil {
		return outcome{}, err
	}
	place, err := s.admit(k, b, move)
	if err != nil {
		return outcome{}, err
	}
	first := k.newAction(firstAction(b.ID), b, graph.Start)
	first.Inputs = inputs
	return s.startBooking(k, b, first, move, place, k.PreferredWait(s.Wait))
}

// firstAction is the id of the action that brings a booking to life.
func firstAction(booking uuid.UUID) uuid.UUID { return uuid.NewSHA1(booking, []byte("first action")) }
