package webhook

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxAttempts is how many attempts one delivery gets: the first and eleven more, over 75 h 42 min 35 s.
const MaxAttempts = 12

// delays are the waits before each attempt. Five tries fall in the first 13 minutes, because booking events are urgent;
// the rest outlasts a long weekend.
var delays = [MaxAttempts]time.Duration{
	0, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	minDelay      = time.Second
	overloadDelay = time.Minute    // the least wait for a receiver that says, or shows, that it is overloaded
	maxRetryAfter = 12 * time.Hour // what a receiver may ask for
)

// Next says when the next attempt is due, given how many were made and how the last one ended; false when there is to
// be none: the delivery is done, the endpoint is gone, or the attempts are used up. Delays vary by a fifth either way,
// drawn from rnd (uniform in [0,1)), so that deliveries which failed together do not come back together. A receiver in
// trouble is left alone for at least a minute, and one that names a time with Retry-After for that long, though never
// less than the schedule and never more than 12 hours.
func Next(attempt int, last Result, now time.Time, rnd func() float64) (time.Time, bool) {
	if attempt <= 0 {
		return now, true
	}
	if attempt >= MaxAttempts || last.Verdict == Done || last.Verdict == Gone {
		return time.Time{}, false
	}
	return now.Add(Wait(attempt, last, rnd)), true
}

// Wait returns how long to wait after an attempt that has failed, the first of which is 1, as Next does; without end: after the last
// delay of the schedule the same comes again.
func Wait(attempt int, last Result, rnd func() float64) time.Duration {
	wait := max(minDelay, jitter(delays[min(max(attempt, 1), MaxAttempts-1)], rnd()))
	if last.Overloaded() {
		wait = max(wait, overloadDelay)
	}
	if namesRetry(last.Status) {
		wait = max(wait, min(last.RetryAfter, maxRetryAfter))
	}
	return wait
}

func jitter(delay time.Duration, drawn float64) time.Duration {
	if !(drawn >= 0 && drawn <= 1) { // also NaN
		drawn = 0.5
	}
	return time.Duration(math.Round(float64(delay) * (0.8 + 0.4*drawn)))
}

// Overloaded reports whether the receiver says, or shows, that it has more than it can bear.
func (r *Result) Overloaded() bool {
	switch r.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return r.ErrorCode == CodeTimeout || r.ErrorCode == CodeConnectTimeout
}

// namesRetry reports whether Retry-After means anything with this status.
func namesRetry(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// retryAfter reads a Retry-After header in either form, seconds or an HTTP date, at most 12 hours. What cannot be read
// counts as nothing said.
func retryAfter(raw string, now time.Time) time.Duration {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return 0
	}
	if strings.Trim(raw, "0123456789") == "" {
		seconds, err := strconv.ParseInt(raw, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) { // digits only, so an error means too many of them
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(raw)
	if err != nil {
		return 0
	}
	return min(max(0, at.Sub(now)), maxRetryAfter)
}
