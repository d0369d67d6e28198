package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/payment"
)

// paymentColumns are those of a payment p, in the order of scanPayment.
const paymentColumns = `
	p.id, p.app_id, p.booking_id, p.account_id, p.provider, p.code, p.kind, p.capture, p.currency, p.amount, p.state, p.ref, p.checkout_url,
	p.opened_as, p.expires_at, p.capture_before, p.authorized, p.captured, p.refunded, p.disputed, p.late, p.failure_code, p.failure_text,
	p.action_id, p.refusals, p.honoured, p.letting_go, p.fetched_at, p.created_at, p.updated_at`

// scanPayment reads a payment; more are columns behind those of paymentColumns.
func scanPayment(row pgx.Row, more ...any) (*payment.Payment, error) {
	var p payment.Payment
	var captureBefore, fetched *time.Time
	err := row.Scan(append([]any{
		&p.ID, &p.AppID, &p.BookingID, &p.AccountID, &p.Provider, &p.Code, &p.Kind, &p.Capture, &p.Currency, &p.Amount, &p.State,
		&p.Ref, &p.CheckoutURL, &p.OpenedAs, &p.ExpiresAt, &captureBefore, &p.Authorized, &p.Captured, &p.Refunded, &p.Disputed, &p.Late,
		&p.FailureCode, &p.FailureText, &p.ActionID, &p.Refusals, &p.Honoured, &p.LettingGo, &fetched, &p.CreatedAt, &p.UpdatedAt,
	}, more...)...)
	if captureBefore != nil {
		p.CaptureBefore = *captureBefore
	}
	if fetched != nil {
		p.FetchedAt = *fetched
	}
	return &p, err
}

// refundColumns are those of a refund f, in the order of scanRefund.
const refundColumns = `
	f.id, f.payment_id, f.app_id, f.booking_id, f.amount, f.currency, f.reason, f.state, f.ref, f.round, f.attempts, f.next_at, f.error_code,
	f.error_message, f.note, f.created_at, f.updated_at, f.ended_at, f.part_of`

func scanRefund(row pgx.Row) (*payment.Refund, error) {
	var r payment.Refund
	err := row.Scan(&r.ID, &r.PaymentID, &r.AppID, &r.BookingID, &r.Amount, &r.Currency, &r.Reason, &r.State, &r.Ref, &r.Round, &r.Attempts,
		&r.NextAt, &r.ErrorCode, &r.ErrorText, &r.Note, &r.CreatedAt, &r.UpdatedAt, &r.EndedAt, &r.PartOf)
	return &r, err
}

func collectRefunds(rows pgx.Rows) ([]*payment.Refund, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*payment.Refund, error) { return scanRefund(row) })
}

// PaymentWithRefunds is a payment with all its refunds.
type PaymentWithRefunds = payment.WithRefunds

// Payment returns an app's payment; NotFound when it has none of that id.
func (db *Payments) Payment(ctx context.Context, appID, id uuid.UUID) (*PaymentWithRefunds, error) {
	const q = `SELECT ` + paymentColumns + ` FROM payments p WHERE p.id = @id AND p.app_id = @app`
	return db.withRefunds(ctx, db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}))
}

// PaymentByCode returns the payment whose page has that code, of whichever app; NotFound when none has.
func (db *Payments) PaymentByCode(ctx context.Context, code string) (*PaymentWithRefunds, error) {
	const q = `SELECT ` + paymentColumns + ` FROM payments p WHERE p.code = @code`
	return db.withRefunds(ctx, db.pool.QueryRow(ctx, q, namedArgs{"code": code}))
}

// WatchedPayment returns a payment whose app the caller does not have: it is of a workflow.
func (db *Payments) WatchedPayment(ctx context.Context, id uuid.UUID) (*PaymentWithRefunds, error) {
	const q = `SELECT ` + paymentColumns + ` FROM payments p WHERE p.id = @id`
	return db.withRefunds(ctx, db.pool.QueryRow(ctx, q, namedArgs{"id": id}))
}

func (db *Payments) withRefunds(ctx context.Context, row pgx.Row) (*PaymentWithRefunds, error) {
	p, err := scanPayment(row)
	if err != nil {
		return nil, orNotFound(err, "The payment")
	}
	all, err := db.detailed(ctx, []*payment.Payment{p})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// PaymentFilter narrows a list of payments. Zero values say nothing.
type PaymentFilter struct {
	Booking *uuid.UUID
	State   payment.State
	// Needs says what about it a person may have to look at: failed_refund, dispute, late (whatever has become of it), or any: the first
	// two, and late money that was neither taken nor is going back.
	Needs string
}

// paymentNeeds are what payments p are listed by.
var paymentNeeds = func() map[string]string {
	const refund = `p.id = ANY(ARRAY(SELECT f.payment_id FROM refunds f WHERE f.app_id = @app AND f.state = 'failed'))`
	const open = `p.late AND NOT p.honoured AND NOT EXISTS (SELECT FROM refunds f WHERE f.payment_id = p.id)`
	return map[string]string{
		"failed_refund": refund, "dispute": `p.disputed`, "late": `p.late`, "any": `(p.disputed OR ` + open + ` OR ` + refund + `)`,
	}
}()

// where says which payments of an app are meant. A booking, a state and each need have an index.
func (f PaymentFilter) where(appID uuid.UUID) (where string, args namedArgs) {
	where, args = "p.app_id = @app", namedArgs{"app": appID}
	if f.Booking != nil {
		where, args["booking"] = where+" AND p.booking_id = @booking", *f.Booking
	}
	if f.State != "" {
		where, args["state"] = where+" AND p.state = @state", f.State
	}
	if need := paymentNeeds[f.Needs]; need != "" {
		where += " AND " + need
	}
	return where, args
}

// ListPayments returns a page of an app's payments with their refunds, the newest first.
func (db *Payments) ListPayments(
	ctx context.Context, appID uuid.UUID, f PaymentFilter, page Page,
) (all []*PaymentWithRefunds, found Found, err error) {
	where, args := f.where(appID)
	rows, found, err := listRows(ctx, db.store, listing[payment.Payment]{
		columns: paymentColumns, table: "payments", alias: "p", where: where, order: "p.created_at", desc: true, changed: "p.updated_at",
		scan: func(row pgx.CollectableRow) (*payment.Payment, error) { return scanPayment(row) },
	}, page, args)
	if err != nil || len(rows) == 0 {
		return nil, found, err
	}
	all, err = db.detailed(ctx, rows)
	return all, found, err
}

// PaymentsOf returns the payments of bookings with their refunds and parts, by booking, the oldest first: their own, and those of other
// bookings that pay for them. An erased booking keeps its payments.
func (db *Payments) PaymentsOf(ctx context.Context, appID uuid.UUID, bookings []uuid.UUID) (map[uuid.UUID][]*PaymentWithRefunds, error) {
	const q = `
		WITH about (booking, id) AS (
			SELECT o.booking_id, o.id FROM payments o WHERE o.booking_id = ANY(@bookings)
			UNION SELECT t.booking_id, t.payment_id FROM payment_parts t WHERE t.booking_id = ANY(@bookings))
		SELECT ` + paymentColumns + `, a.booking FROM about a JOIN payments p ON p.id = a.id WHERE p.app_id = @app
		ORDER BY p.created_at, p.id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"bookings": bookings, "app": appID})
	if err != nil {
		return nil, err
	}
	var about []uuid.UUID
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*payment.Payment, error) {
		var booking uuid.UUID
		p, err := scanPayment(row, &booking)
		about = append(about, booking)
		return p, err
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	full, err := db.detailed(ctx, list)
	if err != nil {
		return nil, err
	}
	all := map[uuid.UUID][]*PaymentWithRefunds{}
	for i, p := range full {
		all[about[i]] = append(all[about[i]], p)
	}
	return all, nil
}

// detailed returns payments with their refunds, the oldest first, and their parts, by booking.
func (db *Payments) detailed(ctx context.Context, list []*payment.Payment) ([]*PaymentWithRefunds, error) {
	const refunds = `SELECT ` + refundColumns + ` FROM refunds f WHERE f.payment_id = ANY(@payments) ORDER BY f.created_at, f.id`
	const parts = `SELECT payment_id, ` + partColumns + ` FROM payment_parts WHERE payment_id = ANY(@payments) ORDER BY booking_id`
	ids, all := make([]uuid.UUID, len(list)), make([]*PaymentWithRefunds, len(list))
	by := map[uuid.UUID][]*PaymentWithRefunds{}
	for i, p := range list {
		ids[i], all[i] = p.ID, &PaymentWithRefunds{Payment: p}
		by[p.ID] = append(by[p.ID], all[i])
	}
	batch, args := &pgx.Batch{}, namedArgs{"payments": ids}
	batch.Queue(refunds, args).Query(func(rows pgx.Rows) error {
		found, err := collectRefunds(rows)
		for _, r := range found {
			for _, p := range by[r.PaymentID] {
				p.Refunds = append(p.Refunds, r)
			}
		}
		return err
	})
	batch.Queue(parts, args).Query(func(rows pgx.Rows) error {
		var id uuid.UUID
		var part payment.Part
		_, err := pgx.ForEachRow(rows, append([]any{&id}, intoPart(&part)...), func() error {
			for _, p := range by[id] {
				p.Parts = append(p.Parts, part)
			}
			return nil
		})
		return err
	})
	return all, db.pool.SendBatch(ctx, batch).Close()
}

// partColumns are those of a part of a payment, in the order of intoPart.
const partColumns = `booking_id, amount, taken`

func intoPart(p *payment.Part) []any { return []any{&p.BookingID, &p.Amount, &p.Taken} }

// PaymentsToWatch returns payments that were due to be looked at longer than a while ago: the process that should have done so may have
// ended before it could.
func (db *Payments) PaymentsToWatch(ctx context.Context, while time.Duration, limit int) ([]uuid.UUID, error) {
	const q = `
		SELECT p.id FROM payments p WHERE p.next_at < now() - make_interval(secs => @while) ORDER BY p.next_at LIMIT @limit`
	rows, err := db.pool.Query(ctx, q, namedArgs{"while": while.Seconds(), "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}
