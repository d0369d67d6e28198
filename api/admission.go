package api

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/limit"
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

// enterDoor takes a turn to read and write for a new booking. It ends with the record, at the latest with the
// request. Overloaded when none came in time.
func (s *Server) enterDoor(k *call) error {
	if k.door != nil {
		return nil
	}
	if k.door = s.Admission.door.Enter(k); k.door == nil {
		return s.overloaded(k)
	}
	return nil
}

func (k *call) leaveDoor() {
	k.door.Release()
	k.door = nil
}

// admit gives a creation a place among those in flight. When there is none, it looks whether the creation has lost
// already: then the answer is SlotTaken, or what the session says. Otherwise it waits for a short time, and then the
// creation is Overloaded. What takes the place of a hold or of another booking is always admitted, and so is the repeat of
// a request that is on record.
func (s *Server) admit(k *call, b *booking.Booking, move graphs.Move) (*limit.Place, error) {
	begun, err := s.begun(k, firstAction(b.ID))
	if err != nil {
		return nil, err
	}
	if begun || b.Related.Succeeds() != nil {
		return s.Admission.inFlight.Force(), nil
	}
	if place := s.Admission.inFlight.TryEnter(); place != nil {
		return place, nil
	}
	if err := s.DB.HasRoom(k, b, move); err != nil {
		return nil, err
	}
	k.leaveDoor()
	place := s.Admission.inFlight.Enter(k)
	if err := s.enterDoor(k); err != nil {
		place.Release()
		return nil, err
	}
	if place != nil {
		return place, nil
	}
	if err := s.DB.HasRoom(k, b, move); err != nil {
		return nil, err
	}
	return nil, s.overloaded(k)
}

var errOverloaded = booking.Errorf(booking.Overloaded,
	"More bookings are being made than can be carried out. Nothing was booked. Try again in a moment.")

// overloaded refuses a creation, and spreads those that come again over as many seconds as they take to be carried out.
func (s *Server) overloaded(k *call) error {
	spread := min(longestRetry, s.Admission.inFlight.Retry())
	k.Header("Retry-After", strconv.Itoa(1+rand.IntN(spread))) //nolint:gosec // no secret
	return errOverloaded
}

// watch gives a creation's place back at its outcome. An outcome that does not come in time lowers the bound; the place
// is kept until Temporal has the creation, so that no more is accepted than it takes.
func (s *Server) watch(place *limit.Place, heard <-chan struct{}, taken <-chan error) {
	timer := time.NewTimer(s.Wait)
	defer timer.Stop()
	for late := false; ; {
		select {
		case <-heard:
			place.Finish()
			return
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

// deliver hands an action to its workflow in the background, and watches it when it has a place.
func (s *Server) deliver(action uuid.UUID, send func(context.Context) error, place *limit.Place) {
	if place == nil {
		s.Retries.Deliver(action, send)
		return
	}
	heard, done := s.Outcomes.Expect(action)
	place.Begin()
	taken := s.Retries.Deliver(action, send)
	go func() {
		defer done()
		s.watch(place, heard, taken)
	}()
}
