// Package limit holds rate limits and bounds of calls in flight. It counts in the memory of its own process, and imports no HTTP.
package limit

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter allows each caller so many calls a minute, out of a bucket that fills steadily. A nil Limiter allows
// everything.
type Limiter struct {
	perMinute int
	bucket    int
	now       func() time.Time
	mu        sync.Mutex
	callers   recent[*rate.Limiter]
}

// Decision is whether a call is allowed, and what is left of the caller's limit.
type Decision struct {
	OK        bool
	PerMinute int           // 0 = there is no limit
	Remaining int           // calls that may be made at once
	Full      time.Duration // until the bucket is full again
	Retry     time.Duration // until a call is allowed; 0 when one is now
}

// Burst is how many of a minute's calls may come at once: a sixth, so that a burst cannot use up the minute, but ten where
// the minute has them, so that a page may ask for a few things together.
func Burst(perMinute int) int { return min(perMinute, max(perMinute/6, 10)) }

// New makes a limiter with buckets that hold at most a minute's calls; nil for no limit, 0 calls a minute. It remembers
// some 100,000 callers; forgetting one is kind to it.
func New(perMinute, bucket int, now func() time.Time) *Limiter {
	if perMinute == 0 {
		return nil
	}
	return &Limiter{perMinute: perMinute, bucket: bucket, now: now, callers: newRecent[*rate.Limiter](time.Minute)} // full again by then
}

// Allow counts a call, if it is allowed. A call that is refused costs nothing.
func (l *Limiter) Allow(caller string) Decision {
	if l == nil {
		return Decision{OK: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	bucket := l.callers.get(caller, now, l.full)
	ok := bucket.TokensAt(now) >= whole
	if ok {
		bucket.ReserveN(now, 1)
	}
	return l.verdict(ok, bucket.TokensAt(now))
}

// Return gives a counted call back, because it turned out not to be of the bounded kind.
func (l *Limiter) Return(caller string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if bucket, ok := l.callers.look(caller, now); ok {
		bucket.ReserveN(now, -1) // no more than a full bucket counts
	}
}

// Peek returns whether a call would be allowed, without counting it.
func (l *Limiter) Peek(caller string) Decision {
	if l == nil {
		return Decision{OK: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	left := float64(l.bucket)
	if bucket, ok := l.callers.look(caller, now); ok {
		left = bucket.TokensAt(now)
	}
	return l.verdict(left >= whole, left)
}

func (l *Limiter) verdict(ok bool, left float64) Decision {
	v := Decision{OK: ok, PerMinute: l.perMinute, Remaining: max(0, int(left+1-whole)), Full: l.wait(float64(l.bucket) - left)}
	if !ok {
		v.Retry = l.wait(1 - left)
	}
	return v
}

func (l *Limiter) full() *rate.Limiter { return rate.NewLimiter(l.pace(), l.bucket) }

// whole is what counts as one call: fractions that add up to it may fall short by a rounding.
const whole = 1 - 1e-6

func (l *Limiter) pace() rate.Limit { return rate.Limit(float64(l.perMinute) / 60) }

// wait is how long so many calls take to come back, in whole seconds, as Retry-After has it.
func (l *Limiter) wait(calls float64) time.Duration {
	return time.Duration(math.Ceil((calls-(1-whole))/float64(l.pace()))) * time.Second
}
