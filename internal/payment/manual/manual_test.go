package manual

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
)

// TestByHand: what a person has to do is Unsupported, and nothing that comes in is believed.
func TestByHand(t *testing.T) {
	t.Parallel()
	p, id, until := Provider{}, uuid.New(), time.Unix(1795219200, 0)
	session, err := p.Open(t.Context(), provider.Order{PaymentID: id, ExpiresAt: until})
	if want := (provider.Session{Ref: id.String(), ExpiresAt: until}); err != nil || session != want {
		t.Errorf("%+v, %v", session, err)
	}
	c := provider.Charge{PaymentID: id, Ref: session.Ref, Currency: "EUR"}
	if seen, err := p.Fetch(t.Context(), c); err != nil || seen.State != "" {
		t.Errorf("%+v, %v", seen, err)
	}
	if seen, err := p.End(t.Context(), c, "k"); err != nil || seen.State != payment.Expired {
		t.Errorf("%+v, %v", seen, err)
	}
	_, capture := p.Capture(t.Context(), c, 1, "k")
	_, void := p.Void(t.Context(), c, "k")
	_, refund := p.Refund(t.Context(), provider.RefundOrder{Charge: c, Amount: 1})
	for _, err := range []error{capture, void, refund} {
		if e, ok := err.(*provider.Error); !ok || e.Code != provider.Unsupported || e.Detail != ByHand || !e.Final() { //nolint:errorlint // as it is
			t.Error(err)
		}
	}
	if _, err := p.Verify(http.Header{}, []byte(`{}`), until); provider.CodeOf(err) != provider.Forged {
		t.Error(err)
	}
	if p.Can() != (provider.Abilities{}) {
		t.Error(p.Can())
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"": true, strings.Repeat("ä", 2000): true, strings.Repeat("ä", 2001): false} {
		problems := fault.Problems{}
		if (Config{Instructions: text}).Check("config", problems); ok != (len(problems) == 0) {
			t.Error(len(text), problems)
		}
	}
}
