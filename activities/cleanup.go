package activities

import (
	"context"
	"time"

	"holdfast/internal/booking"
)

// cleanBudget is how long a sweep deletes rows of one kind; the batch under way then has cleanGrace to end in, within its
// statement's time-outs.
const (
	cleanBudget = 5 * time.Second
	cleanGrace  = 10 * time.Second
)

// cleanups delete rows past their retention, each kind in a part of its own.
func (s sweeper) cleanups(out *booking.SweepResult) []sweepPart {
	var parts []sweepPart
	for _, cleanup := range s.Cleaner.Cleanups {
		parts = append(parts, sweepPart{cleanup.Name, cleanBudget + cleanGrace, func(ctx context.Context) (int, error) {
			deadline, _ := ctx.Deadline()
			deleted, err := cleanup.Run(ctx, deadline.Add(-cleanGrace))
			out.Deleted += deleted
			s.logDropped()
			return deleted, err
		}})
	}
	return parts
}

// logDropped counts the deliveries that were dropped because their endpoint is paused, and logs the first ones since it was last
// resumed: they are lost to its receiver.
func (s sweeper) logDropped() {
	for _, d := range s.Cleaner.TakeDropped() {
		s.Metrics.Dropped("too_old", d.TooOld)
		s.Metrics.Dropped("too_many", d.TooMany)
		if d.First {
			s.Log.Error("a paused webhook endpoint loses deliveries: it has been paused for too long, or too many wait for it",
				"endpoint", d.EndpointID, "app", d.AppID, "too_old", d.TooOld, "too_many", d.TooMany)
		}
	}
}
