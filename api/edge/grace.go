package edge

import (
	"time"

	"holdfast/internal/fault"
)

// For how many seconds a secret stays good after it was rotated.
const (
	defaultGrace = 24 * 60 * 60
	maxGrace     = 7 * defaultGrace
)

// ReadGracePeriod reads for how long a rotated secret stays good: a day where seconds is nil, a week at most.
func ReadGracePeriod(seconds *int, problems fault.Problems) time.Duration {
	grace := defaultGrace
	if seconds != nil {
		grace = *seconds
	}
	if grace < 0 || grace > maxGrace {
		problems.Add("grace_period_seconds", "must be a number from 0 to %d", maxGrace)
	}
	return time.Duration(grace) * time.Second
}
