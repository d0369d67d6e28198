package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
	"holdfast/internal/payment"
)

// lockPayment locks the booking of a payment, if there is one still, and then the payment. NotFound when there is no such payment.
func lockPayment(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*booking.Booking, *payment.Payment, []*payment.Refund, error) {
	const find = `SELECT booking_id FROM payments WHERE id = @id`
	const load = `SELECT ` + bookingColumns + bookingFrom + ` WHERE b.id = @booking FOR UPDATE OF b`
	const lock = `SELECT ` + paymentColumns + ` FROM payments p WHERE p.id = @id FOR UPDATE OF p`
	const refunds = `SELECT ` + refundColumns + ` FROM refunds f WHERE f.payment_id = @id ORDER BY f.created_at, f.id FOR UPDATE OF f`
	var of uuid.UUID
	if err := tx.QueryRow(ctx, find, namedArgs{"id": id}).Scan(&of); err != nil {
		return nil, nil, nil, orNotFound(err, "The payment")
	}
	for {
		b, err := scanBooking(tx.QueryRow(ctx, load, namedArgs{"booking": of}))
		if errors.Is(err, pgx.ErrNoRows) {
			b, err = nil, nil
		}
		if err != nil {
			return nil, nil, nil, err
		}
		p, err := scanPayment(tx.QueryRow(ctx, lock, namedArgs{"id": id}))
		if err != nil {
			return nil, nil, nil, orNotFound(err, "The payment")
		}
		if p.BookingID != of { // it went over to the booking that has taken this one's place
			of = p.BookingID
			continue
		}
		rows, err := tx.Query(ctx, refunds, namedArgs{"id": id})
		if err != nil {
			return nil, nil, nil, err
		}
		list, err := collectRefunds(rows)
		return b, p, list, err
	}
}

// Settled is a payment after its provider was asked, and what is to be done now.
type Settled struct {
	*PaymentWithRefunds

	Signal  *uuid.UUID  // the action that is to be handed to the booking's workflow; nil for none
	Waiting bool        // its action is not decided yet
	Woken   []uuid.UUID // endpoints that were asleep
}

// Settle puts on record what a provider says of a payment, and what follows from it: the action by which it moves its booking, or that its
// money goes back. It is one transaction, and a repeat changes nothing more. Without anything seen it looks only at what follows. It locks,
// until the end of the transaction and in this order, the booking's row, the payment, its refunds, and the gates of the endpoints that get
// its events (shared).
func (db *Payments) Settle(ctx context.Context, id uuid.UUID, seen *payment.Seen) (out Settled, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		out = Settled{}
		b, p, refunds, err := lockPayment(ctx, tx, id)
		if err != nil {
			return err
		}
		s := settling{tx: tx, db: db, booking: b, payment: p, was: *p, refunds: refunds, batch: &pgx.Batch{}, out: &out}
		if seen != nil {
			s.takeOver(*seen)
		}
		if err := s.follow(ctx); err != nil {
			return err
		}
		s.write()
		out.PaymentWithRefunds = &PaymentWithRefunds{Payment: s.payment, Refunds: s.refunds}
		return tx.SendBatch(ctx, s.batch).Close()
	})
	return out, err
}

// settling is one transaction of Settle.
type settling struct {
	tx      pgx.Tx
	db      *Payments
	booking *booking.Booking // nil when it was erased
	payment *payment.Payment
	was     payment.Payment
	refunds []*payment.Refund
	batch   *pgx.Batch
	out     *Settled
	fetched bool
	events  []paymentEvent
}

// takeOver merges what the provider says of the payment and its refunds.
func (s *settling) takeOver(seen payment.Seen) {
	s.fetched = true
	s.payment.Merge(seen)
	for _, one := range seen.Refunds {
		for _, r := range s.refunds {
			was := r.State
			if (one.Ref == r.Ref && r.Ref != "" || one.Key == r.Key()) && r.Merge(one) {
				s.writeRefund(r)
				if was == payment.RefundSucceeded && r.State == payment.RefundFailed {
					s.payment.Refunded = max(s.payment.Refunded-r.Amount, 0)
				}
			}
		}
	}
}

// follow looks at what has become of the payment's action, decides, and queues the decision.
func (s *settling) follow(ctx context.Context) error {
	situation, err := s.situation(ctx)
	if err != nil {
		return err
	}
	decided := payment.Decide(situation)
	s.out.Waiting = situation.Pending || decided.Wait
	switch {
	case decided.Honour:
		s.payment.Honoured = true
	case decided.Play != "":
		s.play(decided.Play)
	case decided.Void != "":
		s.payment.LettingGo, s.payment.Late = true, s.payment.Late || decided.Void == payment.Late
	case decided.Refund != "":
		s.giveBack(decided.Refund)
	}
	return s.giveBackParts(ctx)
}

// giveBackParts queues refunds of the parts whose bookings had left before the money arrived. While the payer waits itself, that is not
// decided.
func (s *settling) giveBackParts(ctx context.Context) error {
	const q = `SELECT ` + partColumns + ` FROM payment_parts WHERE payment_id = @id AND NOT taken ORDER BY booking_id`
	b := s.booking
	if !s.payment.Honoured || s.payment.Captured == 0 || s.payment.Disputed || b != nil && (!isPaidSeat(b) || awaitsMoney(b, b.State)) {
		return nil
	}
	rows, err := s.tx.Query(ctx, q, namedArgs{"id": s.payment.ID})
	if err != nil {
		return err
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p payment.Part, err error) {
		err = row.Scan(intoPart(&p)...)
		return p, err
	})
	for _, part := range parts {
		s.refund(s.payment.PartRefundID(part.BookingID), payment.Late, part.Amount, &part.BookingID)
	}
	return err
}

// situation reads what the booking makes of the payment. Of an action that is not on record any more, its booking was erased.
func (s *settling) situation(ctx context.Context) (payment.Situation, error) {
	const q = `
		SELECT holdfast_now(@app), COALESCE((SELECT status FROM actions WHERE id = @action), ''),
			COALESCE((SELECT to_state FROM transitions WHERE action_id = @action), ''),
			EXISTS (SELECT FROM payments o WHERE o.booking_id = @booking AND o.id <> @id AND o.kind = @kind AND o.honoured)`
	of := payment.Situation{Payment: s.payment, Refunds: s.refunds}
	var now time.Time
	var status booking.Status
	var to string
	err := s.tx.QueryRow(ctx, q, namedArgs{
		"app": s.payment.AppID, "action": s.payment.ActionID, "booking": s.payment.BookingID, "id": s.payment.ID, "kind": s.payment.Kind,
	}).Scan(&now, &status, &to, &of.Paid)
	if err != nil || s.booking == nil {
		return of, err
	}
	switch status {
	case booking.Pending:
		of.Pending = true
	case booking.Applied:
		of.Applied, of.Elsewhere = true, s.isElsewhere(to)
	case booking.Refused:
		s.payment.ActionID = nil
		s.payment.Refusals++
	}
	if b := s.booking; b.Payment != nil {
		of.Late = b.Payment.Policy.LateRule()
	}
	of.Open = s.booking.OpenTo(graphs.ActorPayment, now)
	return of, nil
}

// isElsewhere reports whether a state is where a payment's action leads when what it takes cannot be had.
func (s *settling) isElsewhere(state string) bool {
	graph, err := s.booking.LoadGraph()
	if err != nil {
		return false
	}
	for i := range graph.States {
		for _, a := range graph.States[i].Actions {
			if a.MayPlay(graphs.ActorPayment) && a.Otherwise() != "" && a.Otherwise() == state {
				return true
			}
		}
	}
	return false
}

// play queues the action by which the payment moves its booking. Its id is the same on every repeat, and another one after a refusal.
func (s *settling) play(name string) {
	const q = `
		INSERT INTO actions (id, app_id, booking_id, name, actor, channel, inputs)
		VALUES (@id, @app, @booking, @name, @actor, @channel, @inputs) ON CONFLICT (id) DO NOTHING`
	id := s.payment.NextActionID()
	s.payment.ActionID, s.out.Signal, s.out.Waiting = &id, &id, true
	s.payment.Late = s.payment.Late || name == payment.PayLate
	s.batch.Queue(q, namedArgs{
		"id": id, "app": s.payment.AppID, "booking": s.payment.BookingID, "name": name, "actor": graphs.ActorPayment,
		"channel": booking.ChannelPayment, "inputs": asJSON(map[string]map[string]string{name: {"payment_id": s.payment.Name()}}),
	})
}

// giveBack queues a refund of what is left.
func (s *settling) giveBack(why payment.Reason) {
	s.payment.Late = s.payment.Late || why == payment.Late
	r := s.refund(s.payment.RefundID(why), why, s.payment.Left(s.refunds), nil)
	if r != nil && why == payment.Late {
		s.publish(r, outbox.PaymentLateRefundedEvent)
	}
}

// refund queues a refund, of what is left at most; nil when it is there, or nothing is left.
func (s *settling) refund(id uuid.UUID, why payment.Reason, amount int64, part *uuid.UUID) *payment.Refund {
	amount = min(amount, s.payment.Left(s.refunds))
	if amount == 0 || slices.ContainsFunc(s.refunds, func(r *payment.Refund) bool { return r.ID == id }) {
		return nil
	}
	r := &payment.Refund{
		ID: id, PaymentID: s.payment.ID, AppID: s.payment.AppID, BookingID: s.payment.BookingID, Currency: s.payment.Currency,
		Amount: amount, Reason: why, State: payment.RefundPending, PartOf: part,
	}
	s.refunds = append(s.refunds, r)
	insertRefund(s.batch, r)
	s.publish(r, outbox.RefundCreatedEvent)
	return r
}

// write queues what has changed of the payment, and the event of its new state.
func (s *settling) write() {
	const q = `
		UPDATE payments SET state = @state, expires_at = @expires, capture_before = @capture_before, authorized = @authorized,
			captured = @captured, refunded = @refunded, disputed = @disputed, late = @late, failure_code = @code, failure_text = @text,
			action_id = @action, refusals = @refusals, honoured = @honoured, letting_go = @letting_go, updated_at = now(),
			fetched_at = CASE WHEN @fetched THEN now() ELSE fetched_at END
		WHERE id = @id`
	p := s.payment
	p.Refunded = max(p.Refunded, payment.Returned(s.refunds))
	if *p != s.was || s.fetched {
		s.batch.Queue(q, namedArgs{
			"id": p.ID, "state": p.State, "expires": p.ExpiresAt, "capture_before": nullTime(p.CaptureBefore), "authorized": p.Authorized,
			"captured": p.Captured, "refunded": p.Refunded, "disputed": p.Disputed, "late": p.Late, "code": p.FailureCode,
			"text": p.FailureText, "action": p.ActionID, "refusals": p.Refusals, "honoured": p.Honoured, "letting_go": p.LettingGo,
			"fetched": s.fetched,
		})
	}
	if p.State != s.was.State && p.State != payment.Created { // before what follows from it
		s.events = append([]paymentEvent{{p, nil, stateEvents[p.State]}}, s.events...)
	}
	if p.Disputed && !s.was.Disputed {
		s.publish(nil, outbox.PaymentDisputedEvent)
	}
	publishPayments(s.batch, s.booking, s.events, s.db.process, &s.out.Woken)
}

// publish notes an event of the payment, or of a refund of it.
func (s *settling) publish(r *payment.Refund, kind string) {
	s.events = append(s.events, paymentEvent{s.payment, r, kind})
}

// writeRefund queues what the provider has made of a refund, and the event of it.
func (s *settling) writeRefund(r *payment.Refund) {
	const q = `
		UPDATE refunds SET state = @state, ref = @ref, error_code = @code, error_message = @text, updated_at = now(),
			ended_at = CASE WHEN @state = 'pending' THEN NULL ELSE now() END,
			next_at = CASE WHEN @state = 'pending' THEN next_at END
		WHERE id = @id`
	s.batch.Queue(q, namedArgs{"id": r.ID, "state": r.State, "ref": r.Ref, "code": r.ErrorCode, "text": r.ErrorText})
	if r.State != payment.RefundPending {
		s.publish(r, refundEvents[r.State])
	}
}

// insertRefund queues a refund that is to be made, and fills in its times.
func insertRefund(batch *pgx.Batch, r *payment.Refund) {
	const q = `
		INSERT INTO refunds (id, payment_id, app_id, booking_id, currency, amount, reason, note, part_of)
		VALUES (@id, @payment, @app, @booking, @currency, @amount, @reason, @note, @part) ON CONFLICT (id) DO NOTHING
		RETURNING created_at, updated_at, next_at`
	batch.Queue(q, namedArgs{
		"id": r.ID, "payment": r.PaymentID, "app": r.AppID, "booking": r.BookingID, "currency": r.Currency, "amount": r.Amount,
		"reason": r.Reason, "note": r.Note, "part": r.PartOf,
	}).QueryRow(func(row pgx.Row) error { return unlessNone(row.Scan(&r.CreatedAt, &r.UpdatedAt, &r.NextAt)) })
	batch.Queue(`UPDATE payments SET next_at = now(), updated_at = now() WHERE id = @payment`, namedArgs{"payment": r.PaymentID})
}
