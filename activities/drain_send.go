package activities

import (
	"context"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/webhook"
)

// limit is how many attempts per second the endpoint allows.
func (t *target) limit() rate.Limit {
	if t.perMinute > 0 {
		return rate.Limit(t.perMinute) / 60
	}
	if t.PerSecond > 0 {
		return rate.Limit(t.PerSecond)
	}
	return rate.Inf
}

// atOnce is how many requests may be on their way together: one while it is not known whether the receiver is back.
func (t *target) atOnce() int {
	if t.probing {
		return 1
	}
	return max(1, min(t.InFlight, int(t.pace)))
}

// ahead is how many deliveries may be claimed and not on record yet.
func (t *target) ahead() int {
	ahead := max(drainLeast, drainAhead*t.atOnce())
	if t.PerSecond > 0 {
		ahead = min(ahead, drainPaced*t.PerSecond)
	}
	if t.perMinute > 0 {
		ahead = min(ahead, max(1, drainPaced*t.perMinute/60))
	}
	if t.probing {
		ahead = 1
	}
	return ahead
}

// resting reports whether nothing but tests is to be sent now, and what the workflow is to do then: end, or wait until the
// breaker lets a probe through. No commit needs to wake it before.
func (t *target) resting() (bool, outbox.DrainResult) {
	switch {
	case t.Status != outbox.EndpointActive:
		return true, outbox.DrainResult{Gone: true}
	case t.Health.OpenUntil != nil:
		return true, outbox.DrainResult{Next: *t.Health.OpenUntil}
	}
	return false, outbox.DrainResult{}
}

// counts reports whether an attempt of a delivery counts for the endpoint's rate: not that of an event that becomes messages.
func (t *target) counts(d *outbox.ClaimedDelivery) bool {
	return !t.writesMessages() || d.Recipient != ""
}

// nextClaim is what to claim now, if anything. While messages wait for the endpoint's rate, events are claimed to become messages: a later
// message may make one needless that waits.
func (d *drain) nextClaim() (c postgres.Claim, ok bool) {
	c = postgres.Claim{Limit: drainFirst, Lease: postgres.ClaimLease, Ordered: true, TestsOnly: d.resting}
	if d.target == nil {
		return c, !d.dry
	}
	ahead := d.target.ahead()
	c.Limit, c.Ordered = ahead-len(d.waiting)-d.flying-d.unrecorded, d.target.Ordered
	if c.Limit >= (ahead+1)/2 {
		return c, !d.dry
	}
	c.Limit, c.EventsOnly = drainLeast, true
	isEvent := func(one claimed) bool { return one.Recipient == "" }
	return c, !d.dryEvents && d.turn != nil && d.target.writesMessages() && !slices.ContainsFunc(d.waiting, isEvent)
}

// claimMore claims more deliveries that are due, while requests are under way. The sender of a test waits for its answer,
// whatever its state.
func (d *drain) claimMore(ctx context.Context) {
	if d.claiming || d.ending() {
		return
	}
	c, ok := d.nextClaim()
	if !ok {
		return
	}
	d.claiming = true
	judged := d.judged
	go func() {
		free := d.a.connection()
		found, due, reserved, err := d.a.DB.ClaimReservedDeliveries(ctx, d.id, c)
		free()
		at := time.Now()
		d.events <- func() {
			if d.dryEvents = len(due) < c.Limit; !c.EventsOnly {
				d.dry = d.dryEvents
			}
			d.onClaimed(found, due, at, reserved, err)
			if resting := d.resting; judged != d.judged { // a record is newer than what the claim has seen
				d.resting = resting || d.rested
			}
		}
	}()
}

func (d *drain) onClaimed(found *postgres.DrainTarget, due []outbox.ClaimedDelivery, at time.Time, reserved bool, err error) {
	d.claiming = false
	if err == nil {
		err = d.aim(found)
	}
	if err != nil {
		d.err = err
	}
	if !reserved && err == nil {
		d.elsewhere = true
	}
	if len(due) > 0 {
		d.look = lookFirst
	}
	for _, one := range due {
		d.waiting = append(d.waiting, claimed{one, at})
	}
}

// sendMore begins as many requests as may be on their way. When the endpoint's failures have opened its breaker, or the drain has to
// end, what waits goes back unsent.
func (d *drain) sendMore(ctx context.Context) {
	var back []outbox.ClaimedDelivery
	var kept []claimed
	ending := d.ending()
	for len(d.waiting) > 0 {
		next := d.waiting[0]
		if ending || d.resting && !next.Event.Test || time.Since(next.at) > claimAge {
			back = append(back, next.ClaimedDelivery)
		} else if atOnce := d.target.atOnce(); d.flying >= atOnce || d.flying+d.unrecorded >= max(unrecordedLeast, atOnce+unrecordedMore) {
			break
		} else if d.target.counts(&next.ClaimedDelivery) && !d.mayAttempt() {
			kept = append(kept, next) // events behind it go on
		} else {
			d.begin(ctx, next.ClaimedDelivery)
		}
		d.waiting = d.waiting[1:]
	}
	if len(kept) > 0 {
		d.waiting = append(kept, d.waiting...)
	}
	if len(back) > 0 {
		if err := d.a.DB.ReleaseDeliveries(ctx, back...); err != nil { // they fall due once the claim has run out
			d.a.Log.Warn("could not give webhooks back", "endpoint", d.id, "count", len(back), "error", retryable(err))
		}
	}
}

// begin makes an attempt beside the others.
func (d *drain) begin(ctx context.Context, next outbox.ClaimedDelivery) {
	d.flying++
	t := d.target
	go func() {
		finished := d.a.attempt(ctx, t, next)
		finished.Target = t.UpdatedAt
		d.events <- func() { d.landed(ctx, finished) }
	}()
}

// landed takes in a request that has ended. A failed one keeps its place until it is on record, since that may open the breaker.
func (d *drain) landed(ctx context.Context, f postgres.Finished) {
	d.sent++
	d.unrecorded++
	if f.Verdict.Status == postgres.Delivered {
		d.flying--
	}
	d.ended = append(d.ended, f)
	d.recordMore(ctx)
}

// recordMore puts on record, together, what has ended while the last record was being written.
func (d *drain) recordMore(ctx context.Context) {
	if d.recording || len(d.ended) == 0 {
		return
	}
	all := d.ended
	d.ended, d.recording = nil, true
	go func() {
		out := d.a.record(ctx, d.halting, d.id, all)
		d.events <- func() {
			d.recording = false
			d.unrecorded -= len(all)
			health := false
			for _, f := range all {
				if f.Verdict.Status != postgres.Delivered {
					d.flying--
				}
				d.left = d.left || f.Verdict.Left || f.Verdict.Status == postgres.Waiting
				health = health || !f.Verdict.Test && !f.Verdict.Unsent
			}
			if health {
				d.resting, d.rested = out.Resting, out.Resting
				d.judged++
			}
			if d.flying > 0 || len(d.ended) > 0 {
				d.dry = false // what came behind these may be due now
			}
			d.recordMore(ctx)
		}
	}()
}

// connection waits for one of the connections to Postgres that drains may use together: the other half is for bookings.
func (a *Activities) connection() (free func()) {
	a.drains.once.Do(func() {
		a.drains.conns = make(chan struct{}, max(2, int(a.DB.Stats().MaxConns())/2))
	})
	a.drains.conns <- struct{}{}
	return func() { <-a.drains.conns }
}

// attempt makes one attempt. What cannot be rendered is an attempt as well: it goes on record and follows the schedule.
func (a *Activities) attempt(ctx context.Context, t *target, d outbox.ClaimedDelivery) postgres.Finished {
	started := time.Now()
	if t.Purpose == outbox.ForMail {
		return mailer{a, t}.attempt(ctx, d, started)
	}
	if t.Format == outbox.FormatSMS || d.Recipient != "" {
		return messenger{mailer{a, t}}.attempt(ctx, d, started)
	}
	result := webhook.Result{Verdict: webhook.Retry, ErrorCode: webhook.CodeRender}
	body, err := a.body(t, &d.Event)
	if err == nil {
		result = a.Sender.Send(ctx, t.request(d, started, body))
		t.expect(&result)
		if webhook.IsUnreachable(result.ErrorCode) { // its owner does not see which of them
			a.Log.Info("a webhook's target cannot be reached", "delivery", d.ID, "code", result.ErrorCode)
		}
	} else {
		a.Log.Error("a webhook cannot be rendered", "delivery", d.ID, "format", t.Format, "code", fault.CodeOf(err))
	}
	a.Metrics.Attempt(string(result.Verdict), result.Duration)
	v := verdict(d, result)
	v.Unsent = err != nil
	return postgres.Finished{Attempt: t.record(d, started, result), Verdict: v}
}
