package activities

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/payload"
	"holdfast/internal/postgres"
	"holdfast/internal/webhook"
)

// target is an endpoint with its secrets opened, for one batch.
type target struct {
	booking.Endpoint
	sent          atomic.Int32
	failing       atomic.Bool // some of the batch has failed
	pace          float32
	probing       bool
	secrets       []string // the newest first
	timekitSecret string
	headers       map[string]string
}

func (a *Activities) target(ctx context.Context, in booking.Drain) (*target, error) {
	found, err := a.DB.DrainTarget(ctx, in.EndpointID)
	if err != nil {
		return nil, err
	}
	t := &target{Endpoint: found.Endpoint, pace: found.Pace, probing: found.Probing}
	for _, sealed := range append([][]byte{found.Endpoint.Secret}, found.OldSecrets...) {
		secret, err := a.Vault.Open(sealed, booking.EndpointSecret(t.ID))
		if err != nil {
			return nil, err
		}
		t.secrets = append(t.secrets, string(secret))
	}
	appSecret, err := a.Vault.Open(found.AppSecret, booking.AppSecret(t.AppID))
	if err != nil {
		return nil, err
	}
	t.timekitSecret = string(appSecret)
	return t, a.Vault.OpenJSON(t.Headers, booking.EndpointHeaders(t.ID), &t.headers)
}

// send makes one attempt and puts it on record. What the receiver does is never an error; not being able to record it
// is, and then the delivery falls due again with the same webhook-id.
func (a *Activities) send(ctx context.Context, t *target, d booking.Delivery) error {
	body, err := a.body(t, &d.Change)
	if err != nil {
		return err
	}
	started := time.Now()
	request := webhook.Request{
		URL: t.URL, Method: t.Method, ID: d.Change.Name(), At: started, Body: body, Secrets: t.secrets,
		Headers: t.headers, Test: d.Change.Test,
	}
	if t.Format == booking.FormatTimekit {
		request.TimekitSecret = t.timekitSecret
	}
	result := a.Sender.Send(ctx, request)
	if err := ctx.Err(); err != nil {
		return err
	}
	t.expect(&result)
	t.sent.Add(1)
	if result.Verdict != webhook.Done {
		t.failing.Store(true)
	}
	a.Metrics.Attempt(string(result.Verdict), result.Duration)
	woken, err := a.DB.FinishAttempt(ctx, t.ID, t.record(d, started, result), verdict(d, result))
	for _, endpoint := range woken {
		a.wake(ctx, endpoint)
	}
	if booking.CodeOf(err) == booking.NotFound { // deleted meanwhile
		return nil
	}
	return err
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

func (a *Activities) body(t *target, c *booking.Change) ([]byte, error) {
	b, err := c.Booking()
	if err != nil || b == nil || c.Test {
		return payload.Body(t.Format, c, nil)
	}
	links, err := a.Links.Customer(b)
	if err != nil {
		return nil, err
	}
	return payload.Body(t.Format, c, links)
}

// verdict says what becomes of a delivery. A test is tried once, and has no consequences: a receiver that does not want it is
// not gone, and what waits for it is not to be dropped.
func verdict(d booking.Delivery, r webhook.Result) postgres.Verdict {
	v := postgres.Verdict{Test: d.Change.Test, Overloaded: r.Overloaded()}
	switch {
	case r.Verdict == webhook.Done:
		v.Status = postgres.Delivered
		return v
	case d.Change.Test:
		v.Status = postgres.Exhausted
		return v
	case r.Verdict == webhook.Gone:
		v.Status, v.Disable = postgres.Cancelled, true
		return v
	}
	next, more := webhook.Next(d.Tries, r, time.Now(), rand.Float64)
	if more {
		v.Status, v.Next = postgres.Waiting, next
		return v
	}
	v.Status = postgres.Exhausted
	return v
}

func (t *target) record(d booking.Delivery, started time.Time, r webhook.Result) booking.Attempt {
	request, _ := json.Marshal(r.RequestHeaders)
	response, _ := json.Marshal(r.ResponseHeaders)
	return booking.Attempt{
		DeliveryID: d.ID, Number: d.Attempt, StartedAt: started, Duration: r.Duration, Status: r.Status,
		ErrorCode: r.ErrorCode, URL: t.URL, Method: t.Method, Format: t.Format,
		RequestHeaders: request, ResponseHeaders: response, ResponseBody: r.ResponseBody,
	}
}
