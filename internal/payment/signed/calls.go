package signed

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/strictjson"
	"holdfast/internal/webhook"
)

// call is the body of a call. Which fields it has beside the first ones depends on the call.
type call struct {
	Call      string    `json:"call"`          // open, fetch, end, capture, void or refund
	Key       string    `json:"key,omitempty"` // the same on every repeat; fetch has none, it changes nothing
	PaymentID uuid.UUID `json:"payment_id"`
	Ref       string    `json:"ref,omitempty"` // the provider's name of the payment; open has none
	Currency  string    `json:"currency"`
	Amount    int64     `json:"amount,omitempty"` // minor units; of open, capture and refund

	BookingID *uuid.UUID `json:"booking_id,omitempty"`
	Capture   string     `json:"capture,omitempty"`
	Text      string     `json:"text,omitempty"`
	ExpiresAt string     `json:"expires_at,omitempty"` // RFC 3339, UTC
	ReturnURL string     `json:"return_url,omitempty"`
	CancelURL string     `json:"cancel_url,omitempty"`

	RefundID *uuid.UUID `json:"refund_id,omitempty"`
	Reason   string     `json:"reason,omitempty"`
}

// opened is the answer to open.
type opened struct {
	Ref       string    `json:"ref"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

const (
	callTimeout = 20 * time.Second
	maxRef      = 255
)

// Open makes the page where the customer pays.
func (p *Provider) Open(ctx context.Context, o provider.Order) (provider.Session, error) {
	var a opened
	err := p.ask(ctx, call{
		Call: "open", Key: o.Key, PaymentID: o.PaymentID, BookingID: &o.BookingID, Currency: o.Currency, Amount: o.Amount,
		Capture: string(o.Capture), Text: o.Text, ExpiresAt: o.ExpiresAt.UTC().Format(time.RFC3339),
		ReturnURL: o.ReturnURL, CancelURL: o.CancelURL,
	}, &a)
	if err != nil {
		return provider.Session{}, err
	}
	address, _, _ := strings.Cut(a.URL, "#") // the page may have a fragment; an address that is called may not
	if !isRef(a.Ref) || webhook.CheckURL(address, p.allowed) != nil || strings.ContainsFunc(a.URL, isNoURLText) {
		return provider.Session{}, malformed("url")
	}
	if a.ExpiresAt.IsZero() {
		a.ExpiresAt = o.ExpiresAt
	}
	return provider.Session{Ref: a.Ref, URL: a.URL, ExpiresAt: a.ExpiresAt.UTC()}, nil
}

// Fetch asks how a payment is.
func (p *Provider) Fetch(ctx context.Context, c provider.Charge) (payment.Seen, error) {
	return p.look(ctx, c, call{Call: "fetch"})
}

// End closes the page.
func (p *Provider) End(ctx context.Context, c provider.Charge, key string) (payment.Seen, error) {
	return p.look(ctx, c, call{Call: "end", Key: key})
}

// Capture takes an amount of what is authorized.
func (p *Provider) Capture(ctx context.Context, c provider.Charge, amount int64, key string) (payment.Seen, error) {
	if !p.config.Authorize {
		return payment.Seen{}, &provider.Error{Code: provider.Unsupported}
	}
	return p.look(ctx, c, call{Call: "capture", Key: key, Amount: amount})
}

// Void lets go what is authorized.
func (p *Provider) Void(ctx context.Context, c provider.Charge, key string) (payment.Seen, error) {
	if !p.config.Authorize {
		return payment.Seen{}, &provider.Error{Code: provider.Unsupported}
	}
	return p.look(ctx, c, call{Call: "void", Key: key})
}

// Refund gives an amount back.
func (p *Provider) Refund(ctx context.Context, r provider.RefundOrder) (payment.SeenRefund, error) {
	var a refund
	err := p.ask(ctx, call{
		Call: "refund", Key: r.Key, PaymentID: r.PaymentID, Ref: r.Ref, Currency: r.Currency, Amount: r.Amount,
		RefundID: &r.RefundID, Reason: string(r.Reason),
	}, &a)
	if err != nil {
		return payment.SeenRefund{}, err
	}
	a.RefundID = r.RefundID
	return a.seen()
}

// look makes a call that is answered with how the payment is.
func (p *Provider) look(ctx context.Context, c provider.Charge, asked call) (payment.Seen, error) {
	asked.PaymentID, asked.Ref, asked.Currency = c.PaymentID, c.Ref, c.Currency
	var a status
	if err := p.ask(ctx, asked, &a); err != nil {
		return payment.Seen{}, err
	}
	return a.seen()
}

// ask makes one call and reads the answer.
func (p *Provider) ask(ctx context.Context, asked call, into any) error {
	body, err := json.Marshal(asked)
	if err != nil {
		return malformed("call")
	}
	result := p.sender.Send(ctx, webhook.Request{
		URL: p.config.URL, ID: asked.id(), At: p.now(), Body: body, Secrets: p.config.Secrets, MayTake: callTimeout,
	})
	if result.Status != http.StatusOK {
		return failed(result)
	}
	rules := strictjson.Rules{Unknown: strictjson.RefuseMisspelt, Deep: true}
	if rules.Decode(result.ResponseBody, into) != nil { // one that is longer than is read, too: it is cut
		return malformed("json")
	}
	return nil
}

// id names the call: by its key, so that a repeat has the same name; a fetch by itself.
func (c call) id() string {
	if c.Key == "" {
		return c.Call + "_" + uuid.NewString()
	}
	return strings.ReplaceAll(c.Key, ":", "_")
}

// failed sorts what is no answer. A code of the provider's own is in the body's error.
func failed(r webhook.Result) error {
	e := &provider.Error{Code: provider.Refused, Wait: r.RetryAfter}
	var said struct {
		Error string `json:"error"`
	}
	if strictjson.Decode(r.ResponseBody, &said) == nil {
		e.Detail = plain(said.Error)
	}
	if e.Detail == "" {
		e.Detail = webhook.ShownCode(r.ErrorCode)
	}
	switch {
	case r.Status == 0:
		e.Code = provider.Unreachable
	case r.Status == http.StatusUnauthorized, r.Status == http.StatusForbidden:
		e.Code = provider.Credentials
	case r.Status == http.StatusNotFound:
		e.Code = provider.NotFound
	case r.Status == http.StatusConflict, r.Status == http.StatusTooManyRequests, r.Status >= 500:
		e.Code = provider.Busy
	case r.Status < 400: // a redirect, or a success without an answer
		e.Code = provider.Malformed
	}
	return e
}

func malformed(detail string) error { return &provider.Error{Code: provider.Malformed, Detail: detail} }

// plain returns a code of the provider's, or nothing when it is none: it is shown and stored.
func plain(code string) string {
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }) {
		return ""
	}
	return code
}

func isNoURLText(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r) }

// isRef reports whether a text can name a payment: printable ASCII without spaces, 1 to 255 characters.
func isRef(s string) bool {
	return s != "" && len(s) <= maxRef && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
