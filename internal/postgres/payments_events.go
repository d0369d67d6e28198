package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/outbox"
	"holdfast/internal/payment"
)

// stateEvents are the types of the events of the states that a payment reaches.
var stateEvents = map[payment.State]string{
	payment.Open: outbox.PaymentOpenEvent, payment.Processing: outbox.PaymentProcessingEvent,
	payment.Authorized: outbox.PaymentAuthorizedEvent,
	payment.Captured:   outbox.PaymentCapturedEvent, payment.Failed: outbox.PaymentFailedEvent, payment.Expired: outbox.PaymentExpiredEvent,
	payment.Voided: outbox.PaymentVoidedEvent,
}

// refundEvents are the types of the events of what a provider makes of a refund.
var refundEvents = map[payment.RefundState]string{
	payment.RefundSucceeded: outbox.RefundSucceededEvent, payment.RefundFailed: outbox.RefundFailedEvent,
}

// paymentEvent is an event of a payment, or of a refund of it, that is to be published.
type paymentEvent struct {
	payment *payment.Payment
	refund  *payment.Refund // nil for one of the payment
	kind    string
}

// publishPayments writes events of payments of one booking, and their deliveries. Endpoints without event types get none: they receive
// transitions. The booking is locked, if there is one still; without one the events are of the payments alone. No events queue nothing.
func publishPayments(batch *pgx.Batch, b *booking.Booking, all []paymentEvent, drainer uuid.UUID, woken *[]uuid.UUID) {
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, project_id, topics, payment, reminder)
			SELECT @id, @app, @booking::uuid, @seq, @type, @data, now(), @graph, @state, @project, @topics, @payment,
				CASE WHEN @booking::uuid IS NOT NULL THEN (SELECT COALESCE(max(p.reminder), @first - 1) + 1 FROM events p
					WHERE p.booking_id = @booking AND p.reminder >= @first) END
			RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, ` + deliveryLane + ` FROM e, webhook_endpoints w
		WHERE w.app_id = @app AND w.status <> 'disabled' AND w.purpose <> 'reminder' AND w.event_types <> '{}' AND ` + matches
	if len(all) == 0 {
		return
	}
	of, data := b, "{}"
	if b == nil {
		of = &booking.Booking{AppID: all[0].payment.AppID}
	} else {
		data = asJSON(b)
	}
	var about []publication
	for _, e := range all {
		about = append(about, publication{Booking: of, kind: e.kind, topics: outbox.Topics(e.kind, "")})
	}
	shareGates(batch, about...)
	var events []uuid.UUID
	for i, e := range all {
		id := uuid.Must(uuid.NewV7())
		events = append(events, id)
		batch.Queue(q, namedArgs{
			"id": id, "app": of.AppID, "booking": nullID(of.ID), "seq": of.Seq, "type": e.kind, "data": data, "graph": of.Graph,
			"state": of.State, "project": of.Related.Project, "topics": about[i].topics, "first": firstFailure,
			"payment": asJSON(payment.NewNotice(e.payment, e.refund)),
		})
	}
	markAwake(batch, drainer, events, woken)
}

// PaymentEvents returns up to limit events of a payment and of its refunds, the oldest first. A payment of a booking that was moved has
// also those of the bookings before it. What was erased, or is past its keeping time, is not among them.
func (db *Payments) PaymentEvents(ctx context.Context, p *payment.Payment, limit int) ([]*outbox.Event, error) {
	const q = `
		WITH RECURSIVE one (id, moved_from, n) AS (
			SELECT b.id, b.rescheduled_from, 1 FROM bookings b WHERE b.id = @booking AND b.app_id = @app
			UNION ALL SELECT b.id, b.rescheduled_from, one.n + 1 FROM one JOIN bookings b ON b.id = one.moved_from WHERE one.n < 50)
		SELECT ` + changeColumns + ` FROM one JOIN events e ON e.booking_id = one.id AND e.reminder IS NOT NULL
		WHERE e.payment->>'id' = @name AND NOT e.test ORDER BY e.at, e.reminder, e.id LIMIT @limit`
	rows, err := db.pool.Query(ctx, q, namedArgs{"booking": p.BookingID, "app": p.AppID, "name": p.Name(), "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanChange)
}
