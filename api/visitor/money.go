package visitor

import (
	"context"
	"time"

	"github.com/google/uuid"

	"holdfast/api/rules"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
)

// endingOf foresees what becomes of a booking's money if an action ends it; nil where no payment was asked for.
func endingOf(ctx context.Context, db *postgres.Payments, b *booking.Booking, action string, by graphs.Actor) (*rules.Ending, error) {
	if b.Payment == nil {
		return nil, nil
	}
	all, err := db.PaymentsOf(ctx, b.AppID, []uuid.UUID{b.ID})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	e, err := rules.EndingOf(b, action, by, all[b.ID], b.Clock.Now())
	return &e, err
}

// moneyBackText says what goes back: to the customer, or to the owner about the customer; "" where nothing has come. Until when that counts is
// shown in the zone.
func moneyBackText(e *rules.Ending, toCustomer bool, zone *time.Location) string {
	if e == nil {
		return ""
	}
	sum := func(amount int64) string { return payment.Text(amount, e.Currency) }
	left := e.Paid - e.Refunded
	if left == 0 && e.Released > 0 {
		return sum(e.Released) + " are held, and let go. Nothing is charged."
	}
	if left == 0 {
		return ""
	}
	text, to := "The customer has paid "+sum(left), "to the customer"
	if toCustomer {
		text, to = "You have paid "+sum(left), "to you"
	}
	switch e.Refund {
	case left:
		text += ", and all of it goes back " + to + "."
	case 0:
		text += ", and nothing of it goes back."
	default:
		text += ". Of that " + sum(e.Refund) + " go back " + to + ", and " + sum(e.Kept()) + " are kept."
	}
	if e.ByPolicy && !e.Until.IsZero() {
		text += " That counts until " + momentText(e.Until, zone) + "."
	}
	return text
}
