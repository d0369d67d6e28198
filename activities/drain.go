package activities

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"holdfast/internal/booking"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

// A batch is sent by a few at a time and must be over within its lease even when every receiver takes the whole
// time-out: 16 / 4 × 10 s < 60 s.
const (
	drainBatch  = 16
	drainAtOnce = 4
	drainLease  = time.Minute
	drainBudget = 30 * time.Second // then the workflow gets its say again
	drainBeat   = 3 * time.Second  // a third of the heartbeat time-out, and a bit
)

// Drain sends what is due to an endpoint until nothing is, and says when the next delivery will be. Of one booking only
// one delivery is on its way at a time, the oldest first.
func (a *Activities) Drain(ctx context.Context, in booking.Drain) (booking.Drained, error) {
	defer stayAlive(ctx)()
	out, err := a.drain(ctx, in)
	if booking.CodeOf(err) == booking.NotFound {
		return booking.Drained{Sent: out.Sent, Gone: true}, nil
	}
	if err != nil {
		return out, retryable(err)
	}
	return out, nil
}

// stayAlive beats until it is told to stop, so that the server notices a lost worker long before the time-out of a
// batch of slow receivers.
func stayAlive(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		beat := time.NewTicker(drainBeat)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return stop
}

func (a *Activities) drain(ctx context.Context, in booking.Drain) (out booking.Drained, err error) {
	target, err := a.target(ctx, in)
	if err != nil {
		return out, err
	}
	for until := time.Now().Add(drainBudget); time.Now().Before(until); {
		due, err := a.DB.Claim(ctx, in.EndpointID, drainBatch, drainLease)
		if err != nil {
			return out, err
		}
		if len(due) == 0 {
			out.Next, err = a.DB.FallAsleep(ctx, in.EndpointID)
			if err != nil || out.Next.IsZero() || out.Next.After(time.Now()) {
				return out, err
			}
			continue
		}
		if err := a.sendAll(ctx, target, due); err != nil {
			return out, err
		}
		out.Sent += len(due)
	}
	out.Next = time.Now()
	return out, nil
}

// target is an endpoint with its secrets opened.
type target struct {
	booking.Endpoint
	secret        string
	timekitSecret string
	gone          atomic.Bool // a receiver has answered 410
}

func (a *Activities) target(ctx context.Context, in booking.Drain) (*target, error) {
	found, err := a.DB.DrainTarget(ctx, in.EndpointID)
	if err != nil {
		return nil, err
	}
	secret, err := a.Vault.Open(found.Endpoint.Secret, booking.EndpointSecret(found.Endpoint.ID))
	if err != nil {
		return nil, err
	}
	appSecret, err := a.Vault.Open(found.AppSecret, booking.AppSecret(found.Endpoint.AppID))
	if err != nil {
		return nil, err
	}
	return &target{Endpoint: found.Endpoint, secret: string(secret), timekitSecret: string(appSecret)}, nil
}

func (a *Activities) sendAll(ctx context.Context, t *target, due []booking.Delivery) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(drainAtOnce)
	for _, d := range due {
		group.Go(func() error { return a.send(ctx, t, d) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if t.gone.Load() {
		return booking.Errorf(booking.NotFound, "the receiver is gone")
	}
	return nil
}

// send makes one attempt and puts it on record. What the receiver does is never an error; not being able to record it
// is, and then the delivery falls due again with the same webhook-id.
func (a *Activities) send(ctx context.Context, t *target, d booking.Delivery) error {
	body, err := a.body(d)
	if err != nil {
		return err
	}
	started := time.Now()
	result := a.Sender.Send(ctx, webhook.Request{
		URL: t.URL, Method: t.Method, ID: "evt_" + d.EventID.String(), At: started, Body: body,
		Secrets: []string{t.secret}, TimekitSecret: t.timekitSecret,
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	t.expect(&result)
	a.Metrics.Attempt(string(result.Verdict), result.Duration)
	verdict := a.verdict(d, result)
	if verdict.Disable {
		t.gone.Store(true)
	}
	return a.DB.FinishAttempt(ctx, t.ID, record(d, started, result), verdict)
}

// expect holds an answer against the one status that counts, where the endpoint names one.
func (t *target) expect(r *webhook.Result) {
	switch {
	case t.Expected == 0 || r.Status == 0 || r.Verdict == webhook.Gone:
	case r.Status == t.Expected:
		r.Verdict, r.ErrorCode = webhook.Done, ""
	case r.Verdict == webhook.Done:
		r.Verdict, r.ErrorCode = webhook.Retry, webhook.CodeUnexpected
	}
}

func (a *Activities) body(d booking.Delivery) ([]byte, error) {
	var b booking.Booking
	if err := json.Unmarshal(d.Snapshot, &b); err != nil {
		return nil, err
	}
	links, err := a.Links.Customer(&b)
	if err != nil {
		return nil, err
	}
	return timekit.WebhookBody(&b, links)
}

func (a *Activities) verdict(d booking.Delivery, r webhook.Result) postgres.Verdict {
	switch r.Verdict {
	case webhook.Done:
		return postgres.Verdict{Status: postgres.Delivered}
	case webhook.Gone:
		return postgres.Verdict{Status: postgres.Cancelled, Disable: true}
	case webhook.Retry:
	}
	next, more := webhook.Next(d.Attempt, r, time.Now(), rand.Float64)
	if !more {
		return postgres.Verdict{Status: postgres.Exhausted}
	}
	return postgres.Verdict{Status: postgres.Waiting, Next: next}
}

func record(d booking.Delivery, started time.Time, r webhook.Result) booking.Attempt {
	request, _ := json.Marshal(r.RequestHeaders)
	response, _ := json.Marshal(r.ResponseHeaders)
	return booking.Attempt{
		DeliveryID: d.ID, Number: d.Attempt, StartedAt: started, Duration: r.Duration, Status: r.Status,
		ErrorCode: r.ErrorCode, RequestHeaders: request, ResponseHeaders: response, ResponseBody: r.ResponseBody,
	}
}
