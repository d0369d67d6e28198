package edge

import (
	"time"

	"holdfast/internal/fault"
)

// How long a secret that is rotated out stays good, in seconds.
const (
	defaultGrace = 24 * 60 * 60
	maxGrace     = 7 * defaultGrace
)

// Grace reads how long a secret that is rotated out stays good, from a number of seconds; nil is the default. It adds a problem to
// grace_period_seconds when that is too long.
func Grace(seconds *int, problems fault.Problems) time.Duration {
	grace := defaultGrace
	if seconds != nil {
		grace = *seconds
	}
	if grace < 0 || grace > maxGrace {
		problems.Add("grace_period_seconds", "must be a number from 0 to %d", maxGrace)
	}
	return time.Duration(grace) * time.Second
}
