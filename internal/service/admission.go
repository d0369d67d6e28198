package service

import (
	"context"
	"math/rand/v2"
	"time"

	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/limit"
)

// Admission bounds the new bookings that one API process works on, so that it accepts no more than can be carried out, and
// what moves existing bookings goes first. Each level of graphs has a bound of its own, as it has a task queue: while an installation is
// upgraded, those that wait for a worker of the new release keep nobody from booking what the older ones carry out.
type Admission struct {
	inFlight [graphs.MaxLevel + 1]*limit.InFlight // creations from their record to their outcome; adapted to how long that takes
	door     *limit.InFlight                      // creations before their record: they share the pool of connections with everything else
}

// How many creations there may be.
const (
	startInFlight  = 16
	fewestInFlight = 4 // so that recovery is noticed
	mostInFlight   = 512
	slowCreation   = time.Second            // from record to outcome
	placeWait      = 500 * time.Millisecond // for a place among those in flight
	furtherWait    = 10 * time.Second       // for those of a request's further bookings, together: it was admitted, and makes one at a time
	placeQueue     = 100
	longestRetry   = 10              // seconds
	doorWait       = 8 * time.Second // for a turn at the door: losers of a contested time want their 409
	doorQueue      = 1000
	recordLook     = 2 * time.Second
)

// NewAdmission makes the bounds of a process with so many connections to Postgres. Creations get half of them.
func NewAdmission(conns int) *Admission {
	half := max(1, conns/2)
	a := &Admission{
		door: limit.NewInFlight(limit.InFlightOptions{
			Start: half, Floor: half, Ceiling: half, Target: time.Hour, Wait: doorWait, Queue: doorQueue,
		}),
	}
	for level := range a.inFlight {
		a.inFlight[level] = limit.NewInFlight(limit.InFlightOptions{
			Start: startInFlight, Floor: fewestInFlight, Ceiling: mostInFlight, Target: slowCreation, Wait: placeWait, Queue: placeQueue,
		})
	}
	return a
}

// of is the bound of the bookings of a graph.
func (a *Admission) of(g *graphs.Graph) *limit.InFlight { return a.inFlight[graphs.Level(g)] }

// Load is how many creations are in flight, and how many may be, of all levels together.
func (a *Admission) Load() (running, bound int) {
	for _, level := range a.inFlight {
		r, b := level.Load()
		running, bound = running+r, bound+b
	}
	return running, bound
}

// Turn is a request's turn to read and write for new bookings. It belongs to one goroutine. A nil Turn is none.
type Turn struct {
	place    *limit.Place
	patience time.Duration // how long the further bookings of the request may wait for places among those in flight
}

// Enter waits for a turn to read and write for a new booking, before anything is read for it. Overloaded when none came in time.
// The turn ends with the booking's record, at the latest with Leave.
func (a *Admission) Enter(ctx context.Context) (*Turn, error) {
	t := &Turn{}
	return t, a.enter(ctx, t)
}

func (a *Admission) enter(ctx context.Context, t *Turn) error {
	if t.place != nil {
		return nil
	}
	if t.place = a.door.Enter(ctx); t.place == nil {
		return overloaded(a.door)
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

// wasAdmitted notes that the first booking of the request has had a place.
func (t *Turn) wasAdmitted() {
	if t != nil && t.patience == 0 {
		t.patience = furtherWait
	}
}

// wait waits for a place among those in flight, and returns nil when there was none in time.
func (t *Turn) wait(ctx context.Context, bound *limit.InFlight) *limit.Place {
	if t == nil {
		return bound.Enter(ctx)
	}
	began := time.Now()
	place := bound.EnterWithin(ctx, max(placeWait, t.patience))
	if t.patience > 0 {
		t.patience = max(placeWait, t.patience-time.Since(began))
	}
	return place
}

// admit gives a creation a place among those of its graph's level in flight. When there is none, lost says whether the creation has lost
// already: then its error is the answer. Otherwise it waits for a short time, or longer for a further booking of a request, and then the
// creation is Overloaded.
func (a *Admission) admit(ctx context.Context, g *graphs.Graph, turn *Turn, lost func() error) (*limit.Place, error) {
	bound := a.of(g)
	if place := bound.TryEnter(); place != nil {
		return place, nil
	}
	if err := lost(); err != nil {
		return nil, err
	}
	turn.Leave()
	place := turn.wait(ctx, bound)
	if err := a.enter(ctx, turn); err != nil {
		place.Release()
		return nil, err
	}
	if place != nil {
		return place, nil
	}
	if err := lost(); err != nil {
		return nil, err
	}
	return nil, overloaded(bound)
}

// overloaded refuses a creation, and spreads those that come again over as many seconds as they take to be carried out.
func overloaded(bound *limit.InFlight) error {
	err := fault.Errorf(fault.Overloaded,
		"More bookings are being made than can be carried out. Nothing was booked. Try again in a moment.")
	spread := min(longestRetry, bound.Retry())
	err.RetryAfter = time.Duration(1+rand.IntN(spread)) * time.Second //nolint:gosec // no secret
	return err
}
