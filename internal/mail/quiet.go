package mail

import (
	"time"

	"holdfast/internal/tenant"
)

// QuietUntil returns when the quiet hours end that a moment lies in, by the clocks of a zone; false when it lies in none, or the app has
// none. They may go over midnight. Where the clocks are changed, what they show counts: an hour that comes twice is quiet twice.
func QuietUntil(q *tenant.QuietHours, at time.Time, zone *time.Location) (time.Time, bool) {
	if q == nil || !isQuiet(q, at.In(zone)) {
		return time.Time{}, false
	}
	until := at.Truncate(time.Minute)
	for isQuiet(q, until.In(zone)) && until.Sub(at) < 48*time.Hour {
		until = until.Add(time.Minute)
	}
	return until, true
}

// isQuiet reports whether the clocks show a quiet time.
func isQuiet(q *tenant.QuietHours, local time.Time) bool {
	from, to, shown := q.From.Minutes(), q.To.Minutes(), local.Hour()*60+local.Minute()
	if from < to {
		return from <= shown && shown < to
	}
	return from <= shown || shown < to
}
