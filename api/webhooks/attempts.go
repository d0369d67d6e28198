package webhooks

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
	"holdfast/internal/payload"
	"holdfast/internal/timekit"
	"holdfast/internal/webhook"
)

// keptResponse is how much of an answer's body is on record.
const keptResponse = 16 << 10

// showDelivery answers with a delivery, its attempts and its change.
func (h *deliveryHandlers) showDelivery(k *edge.Call, status int, id uuid.UUID) error {
	sent, change, err := h.outbox.Delivery(k, k.App.ID, id)
	if err != nil {
		return err
	}
	made, err := h.outbox.Attempts(k, id)
	if err != nil {
		return err
	}
	attempts := []timekit.Object{}
	for i := range made {
		attempt, err := h.attemptView(k, &made[i], change)
		if err != nil {
			return err
		}
		attempts = append(attempts, attempt)
	}
	view := deliveryView(k, sent)
	view["attempts"] = attempts
	if view["event"], err = changeView(k, change); err != nil {
		return err
	}
	k.Header("Cache-Control", "no-store")
	return k.Answer(status, view)
}

// attemptView shows one request and its answer. The body is written anew, as it was sent but for the links.
func (h *deliveryHandlers) attemptView(k *edge.Call, a *outbox.Attempt, c *outbox.Event) (timekit.Object, error) {
	body, err := h.sentBody(a, c)
	if err != nil {
		return nil, err
	}
	return timekit.Object{
		"number": a.Number, "started_at": k.Clock.Show(a.StartedAt, time.UTC), "duration_ms": a.Duration.Milliseconds(),
		"status": a.Status, "error": webhook.ShownCode(a.ErrorCode),
		"request": timekit.Object{
			"method": strings.ToLower(a.Method), "url": a.URL, "format": a.Format, "headers": shownHeaders(a.RequestHeaders), "body": body,
		},
		"response": timekit.Object{
			"headers": shownHeaders(a.ResponseHeaders), "body": withoutTokens(string(a.ResponseBody)),
			"truncated": len(a.ResponseBody) >= keptResponse,
		},
	}, nil
}

func (h *deliveryHandlers) sentBody(a *outbox.Attempt, c *outbox.Event) (string, error) {
	if strings.EqualFold(a.Method, http.MethodGet) || a.Format == outbox.FormatSMS { // numbers and texts are not kept
		return "", nil
	}
	links, err := h.hiddenLinks(c)
	if err != nil {
		return "", err
	}
	body, err := payload.Body(a.Format, c, payload.Links{Base: strings.TrimSuffix(h.links.BaseURL, "/"), Actions: links})
	return string(body), err
}

// hiddenLinks are the customer's action links of a change, without what makes them work.
func (h *deliveryHandlers) hiddenLinks(c *outbox.Event) (map[string]string, error) {
	b, err := booking.OfEvent(c)
	if err != nil || b == nil || c.Test {
		return nil, err
	}
	links, err := h.links.Customer(b)
	for action := range links {
		links[action] = webhook.Hidden
	}
	return links, err
}

var token = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)

// withoutTokens is a receiver's text with broken UTF-8 mended. Some receivers repeat what they got, with its links.
func withoutTokens(text string) string {
	return token.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), webhook.Hidden)
}

func shownHeaders(raw json.RawMessage) map[string][]string {
	shown := map[string][]string{}
	_ = json.Unmarshal(raw, &shown) // it was written as one
	for _, values := range shown {
		for i, value := range values {
			values[i] = withoutTokens(value)
		}
	}
	return shown
}
