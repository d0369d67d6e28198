// Package breaker judges how a receiver of webhooks is doing by the attempts that were made: when to stop sending for a while,
// how much to send at a time, when to warn, and when to pause. It is pure: it reads no clock and stores nothing.
package breaker

import "time"

// When failures have consequences.
const (
	openAfter   = 10 // failures in a row open the breaker,
	openWindow  = 20 // or so many attempts within the window
	openShare   = 0.7
	openFirst   = time.Minute // for so long, and twice as long each time it opens again, up to
	openLast    = 15 * time.Minute
	relayRest   = 4 * time.Minute // of a mail server, instead
	window      = 5 * time.Minute
	warnAfter   = 24 * time.Hour     // without a success, and at least
	warnFailed  = 5                  // failures
	pauseAfter  = 5 * 24 * time.Hour // without a success, and at least
	pauseFailed = 12                 // failures: one delivery's whole schedule
)

// MaxPace is the highest pace: how many requests at a time any receiver gets at most.
const MaxPace = 32

// Health is how a receiver has been doing.
type Health struct {
	InFlight     int        // requests at a time that its owner allows
	MayPause     bool       // it is active, and could be resumed
	FailingSince *time.Time // the first failure since the last success
	Failures     int        // since then
	Warned       bool
	Pace         float32 // requests at a time that the receiver can bear, 1 to MaxPace
	WindowAt     time.Time
	Sent, Failed int // since WindowAt
	Opened       int // how often the breaker has opened since the last success
	OpenUntil    time.Time
	SucceededAt  *time.Time
}

// Notice is what a failure leads to, beside an open breaker.
type Notice int

// The notices.
const (
	None  Notice = iota
	Warn         // the owner has to learn that the receiver fails
	Pause        // nothing is to be sent until it is resumed
)

// Succeed counts a success. It closes the breaker and raises the pace by a twentieth of a request.
func (h *Health) Succeed(now time.Time) {
	h.SucceededAt, h.FailingSince, h.Failures, h.Warned, h.Opened = &now, nil, 0, false, 0
	h.OpenUntil = time.Unix(0, 0)
	h.Pace = min(MaxPace, h.Pace+0.05)
	h.Sent++
}

// Fail counts a failure, which may open the breaker. An overloaded receiver's pace is halved.
func (h *Health) Fail(now time.Time, overloaded bool) Notice {
	if h.FailingSince == nil {
		h.FailingSince = &now
	}
	h.Failures++
	if overloaded {
		h.Pace = max(1, min(h.Pace, float32(h.InFlight))/2)
	}
	if now.Sub(h.WindowAt) > window {
		h.WindowAt, h.Sent, h.Failed = now, 0, 0
	}
	h.Sent++
	h.Failed++
	h.maybeOpen(now)
	return h.notice(now)
}

// FailRelay counts a failure of a mail server. down says that it lets nobody send by these settings: then nothing is sent for a while, and
// one mail after that tries it. A mail server rests for minutes only, however often it fails, so that it is found soon once it is mended.
// It warns once until the next success, and never pauses.
func (h *Health) FailRelay(now time.Time, down bool) Notice {
	warned := h.Warned
	h.Fail(now, false)
	if until := now.Add(relayRest); down || h.OpenUntil.After(until) {
		h.OpenUntil, h.Opened = until, max(1, h.Opened)
	}
	if h.Warned = warned || h.Opened > 0; h.Warned && !warned {
		return Warn
	}
	return None
}

// maybeOpen opens the breaker. A request that was under way when it opened does not open it again.
func (h *Health) maybeOpen(now time.Time) {
	tooMany := h.Failures >= openAfter || h.Sent >= openWindow && float64(h.Failed) >= openShare*float64(h.Sent)
	if !tooMany || now.Before(h.OpenUntil) {
		return
	}
	h.OpenUntil = now.Add(min(openLast, openFirst<<min(h.Opened, 10)))
	h.Opened++
	h.WindowAt = time.Unix(0, 0)
}

// notice warns once after a day without a success, and pauses after five.
func (h *Health) notice(now time.Time) Notice {
	failing := now.Sub(*h.FailingSince)
	switch {
	case h.MayPause && failing > pauseAfter && h.Failures >= pauseFailed:
		h.MayPause = false
		return Pause
	case failing > warnAfter && h.Failures >= warnFailed && !h.Warned:
		h.Warned = true
		return Warn
	}
	return None
}
