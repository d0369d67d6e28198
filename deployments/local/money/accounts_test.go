package money_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
)

// sealed is an account whose settings cannot be opened any more.
type sealed struct{}

func (sealed) Of(*payment.Account) (provider.Provider, error) {
	return nil, &provider.Error{Code: provider.Credentials}
}

// TestAnAccountCannotBeOpened: a booking whose payment cannot be opened gives its time back, and money that is there waits until the account
// can be opened again.
func TestAnAccountCannotBeOpened(t *testing.T) {
	t.Parallel()
	h := build(t)
	t.Run("before the payment is opened", func(t *testing.T) {
		s := h.begin(t)
		s.acts.Providers = sealed{}
		s.rest()
		s.is("unpaid")
		if len(s.payments()) != 0 {
			t.Errorf("a payment is on record: %+v", s.payments()[0].Payment)
		}
		if code := value[string](s, `SELECT error_code FROM effects WHERE booking_id = $1 AND kind = 'open_payment'`, s.booking.ID); code !=
			string(provider.Credentials) {
			t.Errorf("the effect has failed with %q", code)
		}
	})
	t.Run("while money is there", func(t *testing.T) {
		s := h.begin(t)
		s.rest()
		s.press("pay")
		s.acts.Providers = sealed{}
		out, err := s.acts.WatchPayment(t.Context(), payment.Input{PaymentID: s.payments()[0].ID})
		check(t, err)
		if out.Code != string(provider.Credentials) || out.Next.IsZero() || time.Until(out.Next) > 15*time.Minute {
			t.Errorf("the look came to %+v", out)
		}
		s.is("tentative")
		s.acts.Providers = s.life
		s.rest()
		s.is("paid")
		s.acts.Providers = sealed{}
		s.play("cancel", graphs.ActorAPI)
		s.rest()
		s.money(payment.Captured, 4500, 0)
		s.acts.Providers = s.life
		s.rest()
		s.money(payment.Captured, 4500, 4500)
	})
}

// TestAFeeStays: what is given back as a booking ends is never a fee, also where that was paid last.
func TestAFeeStays(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := build(t).begin(t, func(terms *payment.Terms) {
		terms.Policy.NoShow, terms.ConsentedAt = &payment.NoShow{Fee: 2000, Consent: "Who does not come pays."}, &now
	})
	s.rest()
	s.press("pay")
	s.rest()
	s.is("paid")
	does := graphs.Effect{Kind: graphs.OpenPaymentEffect, Of: graphs.OfNoShowFee}
	_, err := s.db.AddEffect(t.Context(), s.known(s.booking), uuid.Must(uuid.NewV7()), does)
	check(t, err)
	s.rest()
	s.pays(payment.Fee)
	s.rest()
	s.play("cancel", graphs.ActorAPI)
	s.rest()
	all := s.payments()
	if len(all) != 2 || all[0].Refunded != 4500 || all[1].Kind != payment.Fee || all[1].Captured != 2000 || all[1].Refunded != 0 {
		t.Errorf("%+v and %+v", all[0].Payment, all[len(all)-1].Payment)
	}
	s.keeps(2000)
}
