package postgres_test

import (
	"time"

	"holdfast/internal/payment"
)

// ofMoney is the chapter of payments of TestSecondTries.
func ofMoney(c *chronicle) {
	var a *payment.Account
	c.call("CreateAccount", func() any { a = c.account("main"); return a })
	c.call("ChangeAccount", func() any { a.Default = false; return must(c.ChangeAccount(c.ctx, a)) })
	v := c.booked(c.priced(c.at("instant_payment", 80, 81), a, 4500))
	ensured := func() *payment.Payment {
		return must(c.EnsurePayment(c.ctx, &payment.Payment{
			ID: newID(), AppID: v.AppID, BookingID: v.ID, AccountID: a.ID, Provider: a.Provider, Code: newID().String(), Kind: payment.Full,
			Capture: payment.CaptureNow, Currency: "EUR", Amount: 4500, ExpiresAt: monday,
		}))
	}
	refused, p := ensured(), ensured()
	c.call("RecordFailed", func() any { return must(c.RecordFailed(c.ctx, refused.ID, "card_declined", "Refused.")) })
	c.call("RecordOpened", func() any {
		return must(c.RecordOpened(c.ctx, p.ID, "cs_1", "https://pay.example", time.Time{}, monday))
	})
	for range 2 {
		c.call("Settle", func() any { return c.settle(p, arrived(p)) })
	}
	c.call("AskRefund", func() any {
		r, woken, err := c.AskRefund(c.ctx, &payment.Refund{ID: newID(), PaymentID: p.ID, Amount: 100, Reason: payment.ByOwner}, true)
		check(c.t, err)
		return []any{r, woken}
	})
}
