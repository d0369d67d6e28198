package postgres

import (
	"time"

	"holdfast/internal/booking"
)

// When failures have consequences.
const (
	openAfter  = 10 // failures in a row open the breaker,
	openSome   = 20 // or so many attempts within healthSpan
	openShare  = 0.7
	openFirst  = time.Minute // for so long, and twice as long each time it opens again, until
	openLast   = 15 * time.Minute
	healthSpan = 5 * time.Minute
	warnAfter  = 24 * time.Hour     // without a success, and at least
	warnMore   = 5                  // failures
	pauseAfter = 5 * 24 * time.Hour // without a success, and at least
	pauseMore  = 12                 // failures: one delivery's whole schedule
	maxPace    = booking.MaxInFlight
)

// pulse is how an endpoint has been doing.
type pulse struct {
	status       booking.EndpointStatus
	reason       booking.PauseReason
	purpose      booking.Purpose
	inFlight     int
	failingSince *time.Time // the first failure since the last success
	failures     int        // since then
	warned       bool
	pace         float32 // requests at a time that its receiver can bear
	windowAt     time.Time
	sent, failed int // since windowAt
	opened       int // how often the breaker has opened since the last success
	openUntil    time.Time
	succeededAt  *time.Time
}

// succeed takes a success in, as the statement succeeded does.
func (p *pulse) succeed(now time.Time) {
	p.succeededAt, p.failingSince, p.failures, p.warned, p.opened = &now, nil, 0, false, 0
	p.openUntil = time.Unix(0, 0)
	p.pace = min(maxPace, p.pace+0.05)
	p.sent++
}

// fail takes a failure in and names the change that the world is to be told of, "" for none.
func (p *pulse) fail(now time.Time, overloaded bool) (tell string) {
	if p.failingSince == nil {
		p.failingSince = &now
	}
	p.failures++
	if overloaded {
		p.pace = max(1, min(p.pace, float32(p.inFlight))/2)
	}
	if now.Sub(p.windowAt) > healthSpan {
		p.windowAt, p.sent, p.failed = now, 0, 0
	}
	p.sent++
	p.failed++
	p.trip(now)
	return p.despair(now)
}

// trip opens the breaker. What was on its way when it opened does not open it again.
func (p *pulse) trip(now time.Time) {
	tooMany := p.failures >= openAfter || p.sent >= openSome && float64(p.failed) >= openShare*float64(p.sent)
	if !tooMany || now.Before(p.openUntil) {
		return
	}
	p.openUntil = now.Add(min(openLast, openFirst<<min(p.opened, 10)))
	p.opened++
	p.windowAt = time.Unix(0, 0)
}

// despair warns, and then pauses. Targets of reminders are not paused: nobody could resume them.
func (p *pulse) despair(now time.Time) (tell string) {
	failing := now.Sub(*p.failingSince)
	switch {
	case p.status == booking.EndpointActive && p.purpose == booking.ForSubscription && failing > pauseAfter && p.failures >= pauseMore:
		p.status, p.reason = booking.EndpointPaused, booking.PausedFailing
		return booking.EndpointPausedEvent
	case failing > warnAfter && p.failures >= warnMore && !p.warned:
		p.warned = true
		return booking.EndpointFailingEvent
	}
	return ""
}
