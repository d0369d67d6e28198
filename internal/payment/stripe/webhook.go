package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/payment/provider"
	"holdfast/internal/strictjson"
)

const (
	headerSignature = "Stripe-Signature"
	tolerance       = 300 * time.Second // of a signature's time, before and after the present
	maxSignatures   = 16
)

// Events are the types of events that say something about payments: those that an endpoint at Stripe is to send.
var Events = []string{
	"checkout.session.completed", "checkout.session.expired",
	"checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
	"payment_intent.amount_capturable_updated", "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
	"refund.created", "refund.updated", "refund.failed",
	"charge.dispute.created", "charge.dispute.closed",
}

// event is a webhook's body. Of its object only ids are read, which every version of the API has.
type event struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Account  string `json:"account"` // that it is about; empty for the endpoint's own
	LiveMode bool   `json:"livemode"`
	Data     struct {
		Object struct {
			ID            string                `json:"id"`
			Object        string                `json:"object"`
			Reference     string                `json:"client_reference_id"`
			PaymentIntent *expandable[struct{}] `json:"payment_intent"`
			Metadata      map[string]string     `json:"metadata"`
		} `json:"object"`
	} `json:"data"`
}

// Verify checks a webhook's signature and time. An event of another account, or of the other mode, says nothing: an endpoint for connected
// accounts gets those of all of them, and of both modes. One of a type that is not in Events has a notice that names no payment.
func (p *Provider) Verify(header http.Header, body []byte, at time.Time) ([]provider.Notice, error) {
	if !p.signed(header.Values(headerSignature), body, at) {
		return nil, &provider.Error{Code: provider.Forged}
	}
	var e event
	if strictjson.Decode(body, &e) != nil || e.ID == "" || e.Type == "" {
		return nil, &provider.Error{Code: provider.Malformed}
	}
	account := ""
	if p.direct() {
		account = p.config.Account
	}
	if e.Account != account || e.LiveMode != p.config.Live() {
		return nil, nil
	}
	notice := provider.Notice{EventID: e.ID, Type: e.Type}
	if slices.Contains(Events, e.Type) {
		notice.PaymentID, notice.Ref = e.names()
	}
	return []provider.Notice{notice}, nil
}

// names returns what the event is about: our id, and Stripe's name of the session or of the intent.
func (e *event) names() (id uuid.UUID, ref string) {
	o := &e.Data.Object
	for _, text := range []string{o.Metadata[metaPayment], o.Reference} {
		if found, err := uuid.Parse(text); err == nil {
			id = found
			break
		}
	}
	switch {
	case o.Object == "checkout.session" || o.Object == "payment_intent":
		ref = o.ID
	case o.PaymentIntent != nil:
		ref = o.PaymentIntent.ID
	}
	if !isToken(ref) {
		ref = ""
	}
	return id, ref
}

// signed reports whether one of the signatures is that of one of the secrets, and its time is not far from the present. All are compared,
// each in constant time.
func (p *Provider) signed(headers []string, body []byte, at time.Time) bool {
	if len(headers) != 1 {
		return false
	}
	stamp, signatures := split(headers[0])
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || at.Sub(time.Unix(unix, 0)).Abs() > tolerance {
		return false
	}
	good := false
	for _, secret := range p.config.WebhookSecrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp + "."))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, have := range signatures {
			good = hmac.Equal(want, have) || good
		}
	}
	return good
}

// split reads "t=…,v1=…,v1=…"; other schemes are left out. With no time, or two, the time is empty.
func split(header string) (stamp string, signatures [][]byte) {
	times := 0
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			times++
			stamp = value
		case "v1":
			if raw, err := hex.DecodeString(value); err == nil && len(signatures) < maxSignatures {
				signatures = append(signatures, raw)
			}
		}
	}
	if times != 1 {
		return "", nil
	}
	return stamp, signatures
}
