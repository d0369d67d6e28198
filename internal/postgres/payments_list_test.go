package postgres_test

import (
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/payment"
	"holdfast/internal/postgres"
)

// TestPaymentEvents: a payment has its own events and those of its refunds in order, also those of the booking that its own was moved from.
func TestPaymentEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, p := b.paying(9)
	_, other := b.paying(11)
	b.settle(other, arrived(other))
	b.settle(p, arrived(p))
	next := b.booked(b.at("instant", 13, 14))
	b.exec(`UPDATE bookings SET rescheduled_from = $2 WHERE id = $1`, next.ID, first.ID)
	b.exec(`UPDATE payments SET booking_id = $2 WHERE id = $1`, p.ID, next.ID)
	_, _, err := b.AskRefund(b.ctx, &payment.Refund{ID: newID(), PaymentID: p.ID, Amount: 500, Reason: payment.ByOwner}, true)
	check(t, err)
	types := func(limit int) (all []string) {
		t.Helper()
		events, err := b.PaymentEvents(b.ctx, b.payment(p), limit)
		check(t, err)
		for _, e := range events {
			all = append(all, e.Type)
		}
		return all
	}
	wantSame(t, "events", types(10), []string{"payment.open", "payment.captured", "refund.created"})
	wantSame(t, "the first", types(1), []string{"payment.open"})
	foreign := *b.payment(p)
	foreign.AppID = b.newApp("thief").ID
	events, err := b.PaymentEvents(b.ctx, &foreign, 10)
	check(t, err)
	wantEqual(t, "another app's", len(events), 0)
}

// TestPaymentsByNeed: what somebody has to look at is found, of the app alone.
func TestPaymentsByNeed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, p := b.paying(9)
	thief := b.newApp("thief").ID
	b.exec(`UPDATE payments SET disputed = true WHERE id = $1`, p.ID)
	for need, want := range map[string]int{"": 1, "any": 1, "dispute": 1, "late": 0, "failed_refund": 0} {
		for _, c := range []struct {
			app  uuid.UUID
			want int
		}{{b.app.ID, want}, {thief, 0}} {
			list, _, err := b.ListPayments(b.ctx, c.app, postgres.PaymentFilter{Needs: need}, postgres.Page{Number: 1, Limit: 10})
			check(t, err)
			wantEqual(t, "needs "+need, len(list), c.want)
		}
	}
}
