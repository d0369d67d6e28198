package service

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/limit"
	"holdfast/internal/postgres"
)

const lookAgain = time.Second // announcements can be missed; the record cannot

// submissions puts actions on record, delivers them to their workflows and waits for their outcomes.
type submissions struct {
	db       *postgres.DB
	outcomes *postgres.Outcomes
	retries  *dispatch.Retries
	wait     time.Duration // how long a creation counts as in time
}

// submit puts an action on record, delivers it to the booking's workflow and waits for the outcome; a refusal is an error.
// The action is still pending when the wait was too short: it is on record, and its delivery goes on without the request.
func (s *submissions) submit(
	ctx context.Context, a *booking.Action, insert func() (*booking.Action, error), send func(context.Context) error,
	place *limit.Place, wait time.Duration,
) (Outcome, error) {
	decided, done := s.outcomes.Expect(a.ID)
	defer done()
	delivered := false
	defer func() {
		if !delivered { // also after a panic: a place that is not given back is lost
			place.Release()
		}
	}()
	a.Awaited = wait > 0 || place != nil
	known, err := insert()
	if err != nil {
		releaseUnused(place, err)
		return Outcome{}, err
	}
	if delivered = known.Status == booking.Pending; !delivered {
		wait = 0
	} else {
		s.deliver(a.ID, send, place) //nolint:contextcheck // it goes on without the request
	}
	out, err := s.waitOutcome(ctx, known, decided, wait)
	if out.Action != nil && out.Action.Status != booking.Pending {
		place.Finish()
	}
	return out, err
}

// releaseUnused ends the place of a creation that is not on record. Trouble of Postgres lowers the bound, a refusal does not.
func releaseUnused(place *limit.Place, err error) {
	switch code := fault.CodeOf(err); {
	case errors.Is(err, context.Canceled), code != fault.Internal && code != fault.Unavailable:
		place.Release()
	default:
		place.Fail()
	}
}

// waitOutcome returns an action with its outcome and its booking, or as they are when the wait is over.
func (s *submissions) waitOutcome(
	ctx context.Context, a *booking.Action, decided <-chan booking.Announcement, wait time.Duration,
) (Outcome, error) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for last := false; ; {
		select {
		case end := <-decided:
			if end.Moved != nil {
				applied := *a
				applied.Status, applied.Seq = booking.Applied, end.Moved.Seq
				return Outcome{&applied, end.Moved}, nil
			}
		case <-again.C:
		case <-deadline.C:
			last = true
		case <-ctx.Done():
			return Outcome{}, ctx.Err()
		}
		action, b, err := s.db.Outcome(ctx, a.ID)
		if err != nil {
			return Outcome{}, err
		}
		if action.Status != booking.Pending || last {
			return Outcome{action, b}, action.Err()
		}
	}
}

// submitted is Player.Submitted.
func (s *submissions) submitted(ctx context.Context, action uuid.UUID, retried bool) (bool, error) {
	if !retried {
		return false, nil
	}
	_, err := s.db.Action(ctx, action)
	return err == nil, unlessNotFound(err)
}

// newAction makes an action of the caller.
func newAction(c booking.Caller, id uuid.UUID, b *booking.Booking, name string) *booking.Action {
	a := &booking.Action{
		ID: id, AppID: b.AppID, BookingID: b.ID, Name: name, Actor: graphs.ActorAPI, Channel: booking.ChannelAPI,
		Status: booking.Pending,
	}
	if c.KeyID != uuid.Nil {
		a.KeyID = &c.KeyID
	}
	return a
}

func signalOf(a *booking.Action) booking.Signal {
	return booking.Signal{ActionID: a.ID, Action: a.Name, Actor: a.Actor}
}

// watch gives a creation's place back at its outcome. An outcome that does not come in time lowers the bound; the place
// is kept until Temporal has the creation, so that no more is accepted than it takes.
func (s *submissions) watch(action uuid.UUID, place *limit.Place, decided <-chan booking.Announcement, taken <-chan error) {
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	for late := false; ; {
		select {
		case end := <-decided:
			if end.Ended || s.isDecided(action) {
				place.Finish()
				return
			}
		case <-place.Ended():
			return
		case err := <-taken:
			if err != nil || late {
				place.Fail()
				return
			}
			taken = nil
		case <-timer.C:
			if taken == nil {
				place.Fail()
				return
			}
			late = true
			place.Late()
		}
	}
}

// isDecided looks at the record, since an announcement may have been missed. An action that cannot be read counts as undecided: its
// place ends with its delivery or its time-out then.
func (s *submissions) isDecided(action uuid.UUID) bool {
	ctx, cancel := context.WithTimeout(context.Background(), recordLook)
	defer cancel()
	a, err := s.db.Action(ctx, action)
	return err == nil && a.Status != booking.Pending
}

// deliver hands an action to its workflow in the background, and watches it when it has a place.
func (s *submissions) deliver(action uuid.UUID, send func(context.Context) error, place *limit.Place) {
	if place == nil {
		s.retries.Deliver(action, send)
		return
	}
	decided, done := s.outcomes.Expect(action)
	place.Begin()
	taken := s.retries.Deliver(action, send)
	go func() {
		defer done()
		s.watch(action, place, decided, taken)
	}()
}
