package service

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/byhand"
	"holdfast/internal/fault"
)

// Force puts a booking into a state of its graph by no action of it. The commit takes what the state holds and releases what the booking
// held, or refuses; rules, guards and deadlines do not count, and no effect is carried out. The reason is on record. id is the action's.
// Invalid for a state that the booking cannot be put into, SlotTaken when its time is another's by now.
func (s *Service) Force(
	ctx context.Context, c booking.Caller, b *booking.Booking, id uuid.UUID, to, reason string, wait time.Duration,
) (Outcome, error) {
	graph, err := b.LoadGraph()
	if err != nil {
		return Outcome{}, err
	}
	if _, err := graph.Jump(byhand.Force, b.State, to); err != nil {
		return Outcome{}, fault.Problems{"state": {err.Error()}}.Err()
	}
	a := newAction(c, id, b, byhand.Force)
	a.Actor = byhand.ActorAdmin
	if a.Inputs, err = json.Marshal(byhand.ForceInputs(to, reason)); err != nil {
		return Outcome{}, err
	}
	return s.play(ctx, c, b, a, "", wait)
}
