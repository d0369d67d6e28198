package activities

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/payload"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/webhook"
)

// cronofyTimeout is how long receivers of Cronofy's notifications may take.
const cronofyTimeout = 5 * time.Second

// target is an endpoint with its secrets opened.
type target struct {
	outbox.Endpoint
	pace          float32
	probing       bool
	perMinute     int      // mails, at most; 0 = no limit
	secrets       []string // the newest first
	timekitSecret string
	clientSecrets []string
	headers       map[string]string
	testApp       bool // what it is sent is about nothing real
}

// writesMessages reports whether events become messages to people here, each a delivery of its own.
func (t *target) writesMessages() bool {
	return t.Purpose == outbox.ForMail || t.Format == outbox.FormatSMS
}

func (a *Activities) open(found *postgres.DrainTarget) (*target, error) {
	t := &target{Endpoint: found.Endpoint, pace: found.Pace, probing: found.Probing, perMinute: found.PerMinute, testApp: found.TestApp}
	if t.Purpose == outbox.ForMail { // it signs nothing
		return t, nil
	}
	for _, sealed := range append([][]byte{found.Endpoint.Secret}, found.OldSecrets...) {
		secret, err := a.Vault.Open(sealed, tenant.EndpointSecret(t.ID))
		if err != nil {
			return nil, err
		}
		t.secrets = append(t.secrets, string(secret))
	}
	appSecret, err := a.Vault.Open(found.AppSecret, tenant.AppSecret(t.AppID))
	if err != nil {
		return nil, err
	}
	t.timekitSecret = string(appSecret)
	for i, sealed := range found.ClientSecrets {
		secret, err := a.Vault.Open(sealed, tenant.ClientSecretSeal(found.ClientSecretIDs[i]))
		if err != nil {
			return nil, err
		}
		t.clientSecrets = append(t.clientSecrets, string(secret))
	}
	return t, a.Vault.OpenJSON(t.Headers, tenant.EndpointHeaders(t.ID), &t.headers)
}

func (t *target) request(d outbox.ClaimedDelivery, started time.Time, body []byte) webhook.Request {
	r := webhook.Request{
		URL: t.URL, Method: t.Method, ID: d.Event.Name(), At: started, Body: body, Secrets: t.secrets,
		Headers: t.headers, Test: d.Event.Test || t.testApp,
	}
	switch t.Format {
	case outbox.FormatTimekit:
		r.TimekitSecret = t.timekitSecret
	case outbox.FormatCronofy:
		r.ClientSecrets, r.Timeout = t.clientSecrets, cronofyTimeout
		r.ContentType = "application/json; charset=utf-8"
	default:
	}
	return r
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

// body renders a change. A fault that panics is this delivery's alone.
func (a *Activities) body(t *target, c *outbox.Event) (body []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fault.Errorf(fault.Internal, "rendering panicked")
		}
	}()
	b, err := booking.OfEvent(c)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "the booking of change %s cannot be read", c.ID)
	}
	links := payload.Links{Base: a.Links.BaseURL}
	if b != nil && !c.Test {
		if links.Actions, err = a.Links.Customer(b); err != nil {
			return nil, err
		}
	}
	shown := *c
	shown.Test = c.Test || t.testApp
	return payload.BodyOf(t.Format, &shown, b, links)
}

// verdict says what becomes of a delivery. A test is tried once, and has no consequences: a receiver that does not want it is
// not gone, and what waits for it is not to be dropped.
func verdict(d outbox.ClaimedDelivery, r webhook.Result) postgres.DeliveryUpdate {
	v := postgres.DeliveryUpdate{Test: d.Event.Test, Overloaded: r.Overloaded()}
	switch {
	case r.Verdict == webhook.Done:
		v.Status = postgres.Delivered
		return v
	case d.Event.Test:
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

func (t *target) record(d outbox.ClaimedDelivery, started time.Time, r webhook.Result) outbox.Attempt {
	return outbox.Attempt{
		DeliveryID: d.ID, Number: d.Attempt, StartedAt: started, Duration: r.Duration, Status: r.Status,
		ErrorCode: r.ErrorCode, URL: t.URL, Method: t.Method, Format: t.Format,
		RequestHeaders: headersOf(r.RequestHeaders), ResponseHeaders: headersOf(r.ResponseHeaders), ResponseBody: r.ResponseBody,
	}
}

// headersOf is a JSON object, an empty one when nothing was sent or came.
func headersOf(h http.Header) json.RawMessage {
	if h == nil {
		return json.RawMessage("{}")
	}
	text, _ := json.Marshal(h) // strings only
	return text
}
