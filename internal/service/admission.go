package service

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/limit"
	"holdfast/internal/postgres"
)

// Admission bounds the new bookings that one API process works on, so that it accepts no more than can be carried out, and
// what moves existing bookings goes first.
type Admission struct {
	inFlight *limit.InFlight // creations from their record to their outcome; adapted to how long that takes
	door     *limit.InFlight // creations before their record: they share the pool of connections with everything else
}

// How many creations there may be.
const (
	startInFlight  = 16
	fewestInFlight = 4 // so that recovery is noticed
	mostInFlight   = 512
	slowCreation   = time.Second            // from record to outcome
	placeWait      = 500 * time.Millisecond // for a place among those in flight
	placeQueue     = 100
	longestRetry   = 10              // seconds
	doorWait       = 8 * time.Second // for a turn at the door: losers of a contested time want their 409
	doorQueue      = 1000
	recordLook     = 2 * time.Second
)

// NewAdmission makes the bounds of a process with so many connections to Postgres. Creations get half of them.
func NewAdmission(conns int) *Admission {
	half := max(1, conns/2)
	return &Admission{
		inFlight: limit.NewInFlight(limit.InFlightOptions{
			Start: startInFlight, Floor: fewestInFlight, Ceiling: mostInFlight, Target: slowCreation, Wait: placeWait, Queue: placeQueue,
		}),
		door: limit.NewInFlight(limit.InFlightOptions{
			Start: half, Floor: half, Ceiling: half, Target: time.Hour, Wait: doorWait, Queue: doorQueue,
		}),
	}
}

// Load is how many creations are in flight, and how many may be.
func (a *Admission) Load() (running, bound int) { return a.inFlight.Load() }

// Turn is a request's turn to read and write for new bookings. It belongs to one goroutine. A nil Turn is none.
type Turn struct{ place *limit.Place }

// Enter waits for a turn to read and write for a new booking, before anything is read for it. Overloaded when none came in time.
// The turn ends with the booking's record, at the latest with Leave.
func (s *Service) Enter(ctx context.Context) (*Turn, error) {
	t := &Turn{}
	return t, s.enter(ctx, t)
}

func (s *Service) enter(ctx context.Context, t *Turn) error {
	if t.place != nil {
		return nil
	}
	if t.place = s.Admission.door.Enter(ctx); t.place == nil {
		return s.overloaded()
	}
	return nil
}

// Leave gives the turn back. It does nothing when it was given back before.
func (t *Turn) Leave() {
	if t != nil {
		t.place.Release()
		t.place = nil
	}
}

// admit gives a creation a place among those in flight. When there is none, it looks whether the creation has lost
// already: then the answer is SlotTaken, or what the session says. Otherwise it waits for a short time, and then the
// creation is Overloaded. What takes the place of a hold or of another booking is always admitted, and so is the repeat of
// a request that is on record.
func (s *Service) admit(ctx context.Context, d *Draft, move graphs.Move, turn *Turn) (*limit.Place, error) {
	begun, err := s.hasBegun(ctx, d)
	if err != nil {
		return nil, err
	}
	if begun || d.Related.Succeeds() != nil {
		return s.Admission.inFlight.Force(), nil
	}
	if place := s.Admission.inFlight.TryEnter(); place != nil {
		return place, nil
	}
	if err := looksTaken(ctx, s.DB, d, move); err != nil {
		return nil, err
	}
	turn.Leave()
	place := s.Admission.inFlight.Enter(ctx)
	if err := s.enter(ctx, turn); err != nil {
		place.Release()
		return nil, err
	}
	if place != nil {
		return place, nil
	}
	if err := looksTaken(ctx, s.DB, d, move); err != nil {
		return nil, err
	}
	return nil, s.overloaded()
}

// looksTaken looks whether a creation has lost already. One that takes several resources may have others instead.
func looksTaken(ctx context.Context, db *postgres.DB, d *Draft, move graphs.Move) error {
	if d.party != nil {
		return nil
	}
	return db.HasRoom(ctx, d.Booking, move)
}

// overloaded refuses a creation, and spreads those that come again over as many seconds as they take to be carried out.
func (s *Service) overloaded() error {
	err := fault.Errorf(fault.Overloaded,
		"More bookings are being made than can be carried out. Nothing was booked. Try again in a moment.")
	spread := min(longestRetry, s.Admission.inFlight.Retry())
	err.RetryAfter = time.Duration(1+rand.IntN(spread)) * time.Second //nolint:gosec // no secret
	return err
}

// watch gives a creation's place back at its outcome. An outcome that does not come in time lowers the bound; the place
// is kept until Temporal has the creation, so that no more is accepted than it takes.
func (s *Service) watch(action uuid.UUID, place *limit.Place, decided <-chan bool, taken <-chan error) {
	timer := time.NewTimer(s.Wait)
	defer timer.Stop()
	for late := false; ; {
		select {
		case announced := <-decided:
			if announced || s.isDecided(action) {
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
func (s *Service) isDecided(action uuid.UUID) bool {
	ctx, cancel := context.WithTimeout(context.Background(), recordLook)
	defer cancel()
	a, err := s.DB.Action(ctx, action)
	return err == nil && a.Status != booking.Pending
}

// deliver hands an action to its workflow in the background, and watches it when it has a place.
func (s *Service) deliver(action uuid.UUID, send func(context.Context) error, place *limit.Place) {
	if place == nil {
		s.Retries.Deliver(action, send)
		return
	}
	decided, done := s.Outcomes.Expect(action)
	place.Begin()
	taken := s.Retries.Deliver(action, send)
	go func() {
		defer done()
		s.watch(action, place, decided, taken)
	}()
}
