package service

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// HoldGraph is the graph of holds, HoldTimer the timer that ends them.
const (
	HoldGraph    = "reservation"
	HoldTimer    = "expire"
	extendAction = "extend"
)

// What visitors may keep from others without booking it.
const (
	maxHolds    = 10        // at once, with one key from one address
	maxHoldLife = time.Hour // of one hold, however often it is extended
)

// Hold makes a hold of a draft. Visitors may have so many at once, with one key from one address: TooManyRequests for more.
func (s *Booker) Hold(ctx context.Context, d *Draft, turn *Turn, address string) (Outcome, error) {
	if !d.caller.IsVisitor() {
		return s.BookDraft(ctx, d, turn)
	}
	if err := d.Err(); err != nil {
		return Outcome{}, err
	}
	owner := sha256.Sum256([]byte(d.caller.KeyID.String() + " " + address))
	if err := s.db.ReserveHold(ctx, owner[:], d.ID, maxHolds); err != nil {
		return Outcome{}, err
	}
	out, err := s.BookDraft(ctx, d, turn)
	if err != nil {
		if err := s.db.ReleaseHold(ctx, d.ID); err != nil {
			s.log.Warn("a hold that was not made counts for a minute", "hold", d.ID, "error", err)
		}
	}
	return out, err
}

// Extend starts a hold's time again. after is how long it is to last from now on, as a duration of graphs; "" = as long as the last
// time. NotFound when the app has no such hold, HoldExpired when it does not stand any more.
func (s *Player) Extend(
	ctx context.Context, c booking.Caller, hold, operation uuid.UUID, after string, wait time.Duration,
) (Outcome, error) {
	b, err := s.openHold(ctx, c, hold)
	if err != nil {
		return Outcome{}, err
	}
	if err := checkExtension(c, b, after); err != nil {
		return Outcome{}, err
	}
	a := newAction(c, operation, b, extendAction)
	a.Inputs, err = json.Marshal(map[string]map[string]string{extendAction: {"reservation_time": after}})
	if err != nil {
		return Outcome{}, err
	}
	out, err := s.play(ctx, c, b, a, "", wait)
	if fault.CodeOf(err) == fault.ActionNotAvailable {
		return Outcome{}, errHoldOver
	}
	return out, err
}

var errHoldOver = fault.Errorf(fault.HoldExpired, "The hold has run out, was released, or became a booking already.")

// openHold loads a hold that still stands.
func (s *Player) openHold(ctx context.Context, c booking.Caller, id uuid.UUID) (*booking.Booking, error) {
	b, err := s.db.Booking(ctx, c.App.ID, id)
	if err == nil && b.Graph != HoldGraph {
		err = fault.Errorf(fault.NotFound, "The hold does not exist.")
	}
	if err == nil {
		err = s.checkHoldOwner(ctx, c, b)
	}
	if err == nil && b.Completed {
		err = errHoldOver
	}
	return b, err
}

// checkHoldOwner refuses a resource a hold of another one's time, unless it was made through a project that the caller belongs to.
func (s *Player) checkHoldOwner(ctx context.Context, c booking.Caller, hold *booking.Booking) error {
	refused := c.RequireOwner(hold.Resource.ID, "The hold")
	if refused == nil || hold.Related.Project == nil {
		return refused
	}
	p, err := s.db.Project(ctx, c.App.ID, *hold.Related.Project)
	if unlessNotFound(err) != nil {
		return err
	}
	if c.SharesProject(p) {
		return nil
	}
	return refused
}

// checkExtension refuses a visitor an extension that would let a hold live for too long.
func checkExtension(c booking.Caller, hold *booking.Booking, after string) error {
	if !c.IsVisitor() {
		return nil
	}
	graph, err := hold.LoadGraph()
	if err != nil {
		return err
	}
	timers, now := hold.Settings.Timers, hold.Clock.Now()
	if after != "" {
		timers = graphs.Overrides{HoldTimer: after}
	}
	times := hold.Times()
	last := times.Entered
	times.Entered = now
	for _, d := range graph.Deadlines(hold.State, times, timers) {
		last = Later(last, d.At)
	}
	if last.After(hold.CreatedAt.Add(maxHoldLife)) {
		return fault.Problems{"reservation_time": {"would keep the hold for more than an hour in all"}}.Err()
	}
	return nil
}
