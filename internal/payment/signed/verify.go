package signed

import (
	"crypto/hmac"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/payment/provider"
	"holdfast/internal/strictjson"
	"holdfast/internal/webhook"
)

const (
	tolerance = 300 * time.Second // of a webhook's time, before and after the present
	maxID     = 255
	maxType   = 100
)

// changed is the body of a webhook.
type changed struct {
	Type      string    `json:"type"`
	PaymentID uuid.UUID `json:"payment_id"`
	Ref       string    `json:"ref"`
}

// Verify checks a webhook's signature and time.
func (p *Provider) Verify(header http.Header, body []byte, at time.Time) ([]provider.Notice, error) {
	id := header.Get("Webhook-Id")
	if len(id) > maxID || !p.authentic(id, header, body, at) {
		return nil, &provider.Error{Code: provider.Forged}
	}
	var c changed
	rules := strictjson.Rules{Unknown: strictjson.RefuseMisspelt}
	if rules.Decode(body, &c) != nil || !c.complete() {
		return nil, malformed("webhook")
	}
	return []provider.Notice{{EventID: id, Type: c.Type, PaymentID: c.PaymentID, Ref: c.Ref}}, nil
}

// complete reports whether it says what has happened, and to which payment.
func (c changed) complete() bool {
	return c.Type != "" && len(c.Type) <= maxType && (c.Ref == "" || isRef(c.Ref)) && (c.Ref != "" || c.PaymentID != uuid.Nil)
}

// authentic reports whether one of the signatures is that of one of the secrets, and its time is not far from the present. All are
// compared, each in constant time.
func (p *Provider) authentic(id string, header http.Header, body []byte, at time.Time) bool {
	stamp := header.Get("Webhook-Timestamp")
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || at.Sub(time.Unix(unix, 0)).Abs() > tolerance {
		return false
	}
	good := false
	for _, secret := range p.config.WebhookSecrets {
		want, err := webhook.Sign(id, time.Unix(unix, 0), body, secret)
		if err != nil {
			return false // the id is none that can be signed
		}
		for have := range strings.FieldsSeq(header.Get("Webhook-Signature")) {
			good = hmac.Equal([]byte(want), []byte(have)) || good
		}
	}
	return good
}
