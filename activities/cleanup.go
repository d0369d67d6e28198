package activities

import (
	"context"
	"time"

	"holdfast/internal/booking"
)

// cleanBudget is how long a sweep deletes rows of one kind; the batch under way then ends, within its statement's
// time-outs.
const (
	cleanBudget = 5 * time.Second
	cleanGrace  = 10 * time.Second
)

// cleanups delete what nobody can ask for any more, each kind in a part of its own.
func (a *Activities) cleanups(out *booking.Swept) []sweepPart {
	var parts []sweepPart
	for _, cleanup := range a.Cleaner.Cleanups {
		parts = append(parts, sweepPart{cleanup.Name, cleanBudget + cleanGrace, func(ctx context.Context) (int, error) {
			deleted, err := cleanup.Run(ctx, time.Now().Add(cleanBudget))
			out.Deleted += deleted
			return deleted, err
		}})
	}
	return parts
}
