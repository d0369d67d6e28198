package service

import (
	"context"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/availability"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
)

// Question asks for free time of resources. The resources of the query are those of Hosts, in the same order.
type Question struct {
	availability.Query

	Hosts   []*catalogue.Resource
	Hold    uuid.UUID     // a booking whose time counts as free; the nil UUID for none
	Policy  policy.Policy // that rules what is offered
	Now     time.Time     // of the app, by which the policy is judged
	Project uuid.UUID     // through which it is; the nil UUID for none
	Whole   bool          // what is taken matters also where no rules allow a time: to a look
}

// Ask sets the resources that the question is about, without what is busy.
func (q *Question) Ask(hosts []*catalogue.Resource) { q.Hosts, q.Resources = hosts, plans(hosts) }

// plans are resources in a query, without what is busy. One whose zone is unknown offers nothing: by which clocks its rules are
// meant cannot be derived.
func plans(hosts []*catalogue.Resource) (all []availability.Resource) {
	for _, r := range hosts {
		own, _ := availability.ParseConstraints(r.Constraints) // checked when it was written
		one := availability.Resource{UnknownZone: true, Rules: own, Capacity: r.Capacity}
		if r.KnownZone() {
			one = availability.Resource{Zone: r.Zone(), Rules: own, Capacity: r.Capacity}
		}
		all = append(all, one)
	}
	return all
}

// Candidates is about how many slots there can be, each counted for every resource.
func (q *Question) Candidates() int {
	if q.Length == 0 {
		return len(q.Resources)
	}
	step := q.Step
	if step == 0 {
		step = min(q.Length, 24*time.Hour)
	}
	return int(max(q.To.Sub(q.From), 0)/max(step, time.Minute)) * max(len(q.Resources), 1)
}

const (
	// large is how many candidates, slots of every resource, make a question a large one.
	large = 20_000
	// maxLarge is how many large questions a process answers at once. Each can take some tens of megabytes.
	maxLarge = 4
	// largeWait is how long a large question waits for its turn.
	largeWait = 2 * time.Second
)

// turns are taken by large questions.
var turns = make(chan struct{}, maxLarge)

var errBusyAnswering = fault.Errorf(fault.Overloaded,
	"Too many large questions for free time are being answered. Ask again in a second, or for fewer days or resources.")

// ErrHungUp ends the work on an answer that nobody waits for.
var ErrHungUp = fault.Errorf(fault.RequestTimeout, "The caller hung up before the answer was there.")

// Acquire waits until a large question may be answered; small ones may at once. release gives the turn back. Overloaded when no
// turn was free in time.
func (q *Question) Acquire(ctx context.Context) (release func(), err error) {
	if q.Candidates() <= large {
		return func() {}, nil
	}
	patience := time.NewTimer(largeWait)
	defer patience.Stop()
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, nil
	case <-ctx.Done():
		return nil, ErrHungUp
	case <-patience.C:
		return nil, errBusyAnswering
	}
}

// LoadBusy loads what is taken of the question's resources, and what the policy excludes: one query for each, for all of them,
// and one more where units are counted.
func (s *Offers) LoadBusy(ctx context.Context, app uuid.UUID, q *Question) error {
	return s.load(ctx, app, q, s.db.BusyTimes)
}

// LoadBusyWithHolders is LoadBusy with what takes the time, each thing for itself.
func (s *Offers) LoadBusyWithHolders(ctx context.Context, app uuid.UUID, q *Question) error {
	return s.load(ctx, app, q, s.db.BusyTimesWithHolder)
}

func (s *Offers) load(
	ctx context.Context, app uuid.UUID, q *Question,
	load func(context.Context, uuid.UUID, postgres.Window) (map[uuid.UUID][]postgres.BusyTime, error),
) error {
	if q.Policy.Buffer != nil {
		q.BufferBefore, q.BufferAfter = q.Policy.Around()
		q.SumBuffers = q.Policy.Sums()
	}
	window := postgres.Window{Hold: q.Hold}
	window.From, window.To = q.Reach()
	if !q.Whole {
		window.Parts = q.Matters()
	}
	for _, r := range q.Hosts {
		if r.Capacity > 1 {
			window.Counted = append(window.Counted, r.ID)
		} else {
			window.Resources = append(window.Resources, r.ID)
		}
	}
	taken, err := load(ctx, app, window)
	if err != nil {
		return err
	}
	for i, r := range q.Hosts {
		q.Resources[i].Busy = busyOf(taken[r.ID])
	}
	return s.closed(ctx, app, q)
}

func busyOf(taken []postgres.BusyTime) []availability.Busy {
	all := make([]availability.Busy, len(taken))
	for i, b := range taken {
		all[i] = availability.Busy{Start: b.Start, End: b.End, Kind: availability.Kind(b.Kind), Guard: b.Guard, Sums: b.Sums, AllDay: b.AllDay}
		all[i].Units, all[i].Side = b.Units, availability.BufferSide(b.Side)
		if b.Kind != "" {
			all[i].ID = b.Holder.String()
		}
	}
	return all
}
