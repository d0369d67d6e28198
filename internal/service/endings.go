package service

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

// ownersCancel end a booking for its owner, the fitting one first.
var ownersCancel = []string{"cancel", booking.CancelByOwnerAction, "decline"}

// CancelForOwner plays the action that ends a booking for its owner, and waits for no outcome. A repeat in the same state is the same
// action. ActionNotAvailable where the graph has none.
func (s *Player) CancelForOwner(ctx context.Context, c booking.Caller, b *booking.Booking) error {
	graph, err := b.LoadGraph()
	if err != nil {
		return err
	}
	for _, name := range ownersCancel {
		if _, err := graph.Next(b.State, name, graphs.ActorAPI); err != nil {
			continue
		}
		a := newAction(c, uuid.NewSHA1(b.ID, fmt.Appendf(nil, "cancel/%d", b.Seq)), b, name)
		_, err := s.play(ctx, c, b, a, "", 0)
		return err
	}
	return notAvailable(b, graphs.ActorAPI, fmt.Sprintf("The booking cannot be cancelled in state %q", b.State))
}

// TakeBack withdraws a booking that is not decided, or else ends it, and deletes it.
func (s *Player) TakeBack(ctx context.Context, c booking.Caller, made Outcome, wait time.Duration) error {
	b := made.Booking
	if made.Action.Status == booking.Pending {
		gone, err := s.db.Withdraw(ctx, made.Action)
		if err == nil && !gone {
			b, err = s.db.Booking(ctx, c.App.ID, b.ID)
		}
		if gone || err != nil {
			return err
		}
	}
	if err := s.end(ctx, c, b, wait); err != nil {
		return err
	}
	return s.db.DeleteBooking(ctx, c.App.ID, b.ID)
}

// end plays the first action that ends a booking without completing it.
func (s *Player) end(ctx context.Context, c booking.Caller, b *booking.Booking, wait time.Duration) error {
	graph, err := b.LoadGraph()
	if err != nil || b.Completed {
		return err
	}
	for _, name := range b.OpenTo(graphs.ActorAPI, b.Clock.Now()) {
		move, err := graph.Next(b.State, name, graphs.ActorAPI)
		if err == nil && move.Final && move.To != booking.Completed {
			_, err = s.play(ctx, c, b, newAction(c, uuid.NewSHA1(b.ID, []byte("take back")), b, name), "", wait)
			return err
		}
	}
	return nil
}
