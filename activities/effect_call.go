package activities

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/effect"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/payload"
	"holdfast/internal/strictjson"
	"holdfast/internal/webhook"
)

// Codes of calls that were not made, or had no answer. The others are those of webhooks.
const (
	codeNoEndpoint       = "unknown_endpoint"
	codeEndpointPaused   = "endpoint_paused"
	codeEndpointDisabled = "endpoint_disabled"
	codeBadAnswer        = "bad_answer"
)

// maxAnswer is the longest answer of a call, in bytes.
const maxAnswer = 1024

// call asks an endpoint of the app, by a signed request. 2xx is an answer: {"ok": true}, {"ok": false}, or no body, which is yes. Every
// attempt has the effect's id as its webhook-id. Redirects are not followed, and no answer says anything about the endpoint's health.
func (p performer) call(ctx context.Context, e *effect.Effect) (attempted, error) {
	found, err := p.DB.NamedTarget(ctx, e.AppID, e.Does.Endpoint)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return attempted{code: codeNoEndpoint, message: "The app has no webhook of this name."}, nil
	case err != nil:
		return attempted{}, err
	case found.Endpoint.Status == outbox.EndpointPaused:
		return attempted{code: codeEndpointPaused, message: "The webhook is paused."}, nil
	case found.Endpoint.Status == outbox.EndpointDisabled:
		return attempted{code: codeEndpointDisabled, message: "The webhook is disabled."}, nil
	}
	event, err := p.DB.TransitionEvent(ctx, e.BookingID, e.Seq)
	if fault.CodeOf(err) == fault.NotFound {
		return attempted{code: codeNoEvent, message: "The event of the transition is not kept any more.", final: true}, nil
	}
	if err != nil {
		return attempted{}, err
	}
	t, err := p.open(found)
	if err != nil {
		return attempted{}, err
	}
	body, err := p.callBody(event, e)
	if err != nil {
		p.Log.Error("a call cannot be rendered", "effect", e.ID, "code", fault.CodeOf(err))
		return attempted{code: webhook.CodeRender, message: "There was nothing to send, by a fault of this service."}, nil
	}
	sent := p.Sender.Send(ctx, webhook.Request{
		Test: t.testApp,
		URL:  t.URL, Method: t.Method, ID: e.ID.String(), At: time.Now(), Body: body, Secrets: t.secrets, Headers: t.headers,
		MayTake: time.Duration(e.Does.Timeout),
	})
	p.Metrics.Attempt(string(sent.Verdict), sent.Duration)
	return answered(sent), nil
}

// callBody renders the body of a call. A fault that panics is this call's alone.
func (p performer) callBody(event *outbox.Event, e *effect.Effect) (body []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fault.Errorf(fault.Internal, "rendering panicked")
		}
	}()
	b, err := booking.OfEvent(event)
	if err != nil {
		return nil, err
	}
	links := payload.Links{Base: p.Links.BaseURL}
	if links.Actions, err = p.Links.Customer(b); err != nil {
		return nil, err
	}
	return payload.CallBody(event, b, links, payload.Called{ID: e.ID, Kind: e.Does.Kind, Attempt: e.Attempts})
}

// answered reads the answer of an endpoint.
func answered(sent webhook.Result) attempted {
	out := attempted{sent: sent, code: sent.ErrorCode}
	switch {
	case sent.Verdict != webhook.Done:
		out.message = notAnswered(sent)
		return out
	case len(bytes.TrimSpace(sent.ResponseBody)) == 0:
		out.answer = true
		return out
	}
	var answer struct {
		OK *bool `json:"ok"`
	}
	err := strictjson.Rules{Unknown: strictjson.RefuseAll}.Decode(sent.ResponseBody, &answer)
	if len(sent.ResponseBody) > maxAnswer || err != nil || answer.OK == nil {
		out.code, out.message = codeBadAnswer, `The endpoint's answer is not {"ok": true} or {"ok": false}.`
		return out
	}
	out.answer = *answer.OK
	return out
}

// notAnswered says for people why there is no answer.
func notAnswered(sent webhook.Result) string {
	switch {
	case sent.Status != 0:
		return fmt.Sprintf("The endpoint answered %d.", sent.Status)
	case webhook.IsUnreachable(sent.ErrorCode):
		return "The endpoint cannot be reached."
	}
	return "There was no answer: " + strings.ReplaceAll(sent.ErrorCode, "_", " ") + "."
}
