package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
)

// Mailers stores what apps send their mails by, and finds mails.
type Mailers struct {
	*store
	outbox *Outbox
}

// ofMailer is true of an app's mailer w.
const ofMailer = `w.app_id = @app AND w.purpose = 'mail'`

// Mailer returns the endpoint that an app's mails are sent by, nil when it has none, and the app's own mail server, nil when it has none:
// then the mails go by the operator's.
func (db *Mailers) Mailer(ctx context.Context, appID uuid.UUID) (e *outbox.Endpoint, own *tenant.Mailer, err error) {
	const q = `SELECT ` + viewed + ` FROM webhook_endpoints w WHERE ` + ofMailer
	const last = `
		SELECT a.status, a.error_code FROM webhook_endpoints w JOIN webhook_deliveries d ON d.endpoint_id = w.id AND d.status = 'pending'
		` + lastAttempt + ` WHERE ` + ofMailer + ` AND a.error_code <> '' ORDER BY d.next_at DESC LIMIT 1`
	args := namedArgs{"app": appID}
	if own, err = db.OwnMailer(ctx, appID); err != nil {
		return nil, nil, err
	}
	e, err = endpoint(db.pool.Query(ctx, q, args))
	if fault.CodeOf(err) == fault.NotFound {
		return nil, own, nil
	}
	if err == nil && e.Health.FailingSince != nil {
		err = ignore(db.pool.QueryRow(ctx, last, args).Scan(&e.Health.LastStatus, &e.Health.LastError), pgx.ErrNoRows)
	}
	return e, own, err
}

// OwnMailer returns an app's own mail server; nil when it has none.
func (db *Mailers) OwnMailer(ctx context.Context, appID uuid.UUID) (*tenant.Mailer, error) {
	const q = `
		SELECT app_id, from_address, from_name, reply_to, bounce_address, sealed, rate_per_minute, created_at, updated_at
		FROM mailers WHERE app_id = @app`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[tenant.Mailer])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // there is none, and that is no fault
	}
	return &m, err
}

// mailerIsNew gives a mailer a clean slate: whatever it was like says nothing about the mail server that it has now. What waits is due.
func mailerIsNew(batch *pgx.Batch, args namedArgs) {
	batch.Queue(`
		UPDATE webhook_endpoints w SET failing_since = NULL, failures = 0, warned = false, opened = 0, open_until = '-infinity', pace = 32,
			window_at = '-infinity', window_sent = 0, window_failed = 0, awake = status = 'active', updated_at = now()
		WHERE `+ofMailer, args)
	batch.Queue(`
		UPDATE webhook_deliveries d SET next_at = now() FROM webhook_endpoints w
		WHERE `+ofMailer+` AND d.endpoint_id = w.id AND d.status = 'pending' AND d.next_at > now() AND d.claimed_by IS NULL`, args)
}

// changeMailer runs statements on an app's mailer, and returns its id. NotFound when the app has none. The caller's docstring says that it
// locks the mailer's gate exclusively and its row.
func (db *Mailers) changeMailer(ctx context.Context, appID uuid.UUID, do func(*pgx.Batch, namedArgs)) (id uuid.UUID, err error) {
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		args := namedArgs{"app": appID}
		if err := tx.QueryRow(ctx, `SELECT w.id FROM webhook_endpoints w WHERE `+ofMailer, args).Scan(&id); err != nil {
			return orNotFound(err, "The mail server")
		}
		args["endpoint"] = id
		batch := &pgx.Batch{}
		batch.Queue(lockGate, args)
		do(batch, args)
		return tx.SendBatch(ctx, batch).Close()
	})
	return id, mapConstraint(err)
}

// SetMailer gives an app a mail server of its own, or another one, and returns the mailer, which is to be woken: what waits is due. One
// that is paused stays so. It locks the mailer's gate (exclusive) and its row until the end of its transaction.
func (db *Mailers) SetMailer(ctx context.Context, m *tenant.Mailer) (id uuid.UUID, err error) {
	const ensure = `
		INSERT INTO webhook_endpoints (id, app_id, url, method, format, purpose, ordered, event_types, secret)
		VALUES (gen_random_uuid(), @app, '', '', 'mail', 'mail', false, ` + mailedTypes + `, '')
		ON CONFLICT (app_id) WHERE purpose = 'mail' DO NOTHING`
	const set = `
		INSERT INTO mailers (app_id, from_address, from_name, reply_to, bounce_address, sealed, rate_per_minute)
		VALUES (@app, @from, @name, @reply_to, @bounces, @sealed, @rate)
		ON CONFLICT ON CONSTRAINT mailers_pkey DO UPDATE SET from_address = excluded.from_address, from_name = excluded.from_name,
			reply_to = excluded.reply_to, bounce_address = excluded.bounce_address, sealed = excluded.sealed,
			rate_per_minute = excluded.rate_per_minute, updated_at = now()`
	if _, err := db.pool.Exec(ctx, ensure, namedArgs{"app": m.AppID}); err != nil {
		return uuid.Nil, mapConstraint(err)
	}
	return db.changeMailer(ctx, m.AppID, func(batch *pgx.Batch, args namedArgs) {
		args["from"], args["name"], args["reply_to"], args["bounces"] = m.From, m.FromName, m.ReplyTo, m.BounceAddress
		args["sealed"], args["rate"] = m.Sealed, m.RatePerMinute
		batch.Queue(set, args)
		batch.Queue(`UPDATE webhook_endpoints w SET event_types = `+mailedTypes+`,
			status = CASE status WHEN 'disabled' THEN 'active' ELSE status END, reason = CASE status WHEN 'disabled' THEN '' ELSE reason END
			WHERE `+ofMailer, args)
		mailerIsNew(batch, args)
	})
}

// RemoveMailer takes an app's own mail server away. Its mails go by the operator's, if there is one; else what waits is cancelled, and no
// further mail is written. It returns the mailer, which is to be woken. NotFound when the app has no mailer. It locks the mailer's gate
// (exclusive) and its row until the end of its transaction.
func (db *Mailers) RemoveMailer(ctx context.Context, appID uuid.UUID, operators bool) (id uuid.UUID, err error) {
	return db.changeMailer(ctx, appID, func(batch *pgx.Batch, args namedArgs) {
		batch.Queue(`DELETE FROM mailers WHERE app_id = @app`, args)
		if operators {
			mailerIsNew(batch, args)
			return
		}
		batch.Queue(`UPDATE webhook_endpoints w SET status = 'disabled', reason = 'by_hand', awake = false, updated_at = now()
			WHERE `+ofMailer, args)
		batch.Queue(`UPDATE webhook_deliveries SET status = 'cancelled', finished_at = now(), claimed_by = NULL
			WHERE endpoint_id = @endpoint AND status = 'pending'`, args)
	})
}

// PauseMailer keeps an app's mails back until ResumeMailer. One that is paused already stays so. NotFound when the app has no mailer. It
// locks the mailer's gate (exclusive) and its row until the end of its transaction.
func (db *Mailers) PauseMailer(ctx context.Context, appID uuid.UUID) error {
	_, err := db.changeMailer(ctx, appID, func(batch *pgx.Batch, args namedArgs) {
		batch.Queue(`UPDATE webhook_endpoints w SET status = 'paused', reason = 'by_hand', awake = false, updated_at = now()
			WHERE `+ofMailer+` AND status = 'active'`, args)
	})
	return err
}

// ResumeMailer has an app's mails sent again: what waits is due, also after failures. It returns the mailer, which is to be woken. NotFound
// when the app has no mailer. It locks the mailer's gate (exclusive) and its row until the end of its transaction.
func (db *Mailers) ResumeMailer(ctx context.Context, appID uuid.UUID) (id uuid.UUID, err error) {
	return db.changeMailer(ctx, appID, func(batch *pgx.Batch, args namedArgs) {
		batch.Queue(`UPDATE webhook_endpoints w SET status = 'active', reason = '' WHERE `+ofMailer+` AND status = 'paused'`, args)
		mailerIsNew(batch, args)
	})
}

// mailsFrom are an app's mails d of events e. Events that mails are still to be made of are not among them, but those that it was given up
// for.
const mailsFrom = ` FROM webhook_endpoints w JOIN webhook_deliveries d ON d.endpoint_id = w.id JOIN events e ON e.id = d.event_id` +
	lastAttempt + ` WHERE ` + ofMailer + ` AND NOT e.test AND (d.recipient <> '' OR d.status = 'exhausted')`

// Mails returns up to limit mails of an app, or of one booking of it, the newest first, from before a spot on (nil = the newest), and
// whether there are more.
func (db *Mailers) Mails(
	ctx context.Context, appID uuid.UUID, filter DeliveryFilter, before *DeliveryCursor, limit int,
) (list []outbox.Delivery, more bool, err error) {
	args := namedArgs{"app": appID, "limit": limit + 1}
	return db.outbox.listDeliveries(ctx, mailsFrom+filter.and(args)+before.and(args), args, limit)
}

// Mail returns one mail of an app, or NotFound.
func (db *Mailers) Mail(ctx context.Context, appID, id uuid.UUID) (*outbox.Delivery, error) {
	const q = `SELECT ` + sendingColumns + mailsFrom + ` AND d.id = @id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID, "id": id})
	if err != nil {
		return nil, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[outbox.Delivery])
	return &s, orNotFound(err, "The mail")
}

// ResendMail makes a mail due now, whatever has become of it. It returns the mailer, which is to be woken. NotFound when the app has no
// such mail, InUse when it has no mail server. A repeat of the same operation changes nothing. It locks the mailer's gate (shared) and the
// event against deletion until the end of its transaction.
func (db *Mailers) ResendMail(ctx context.Context, appID, id, operation uuid.UUID) (mailer uuid.UUID, err error) {
	const probe = `UPDATE webhook_endpoints SET open_until = '-infinity' WHERE id = @endpoint RETURNING status`
	s, err := db.Mail(ctx, appID, id)
	if err != nil {
		return uuid.Nil, err
	}
	args := namedArgs{"endpoint": s.EndpointID, "event": s.EventID, "delivery": id, "operation": operation}
	return s.EndpointID, db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, shareGate, args); err != nil {
			return err
		}
		var status outbox.EndpointStatus
		if err := tx.QueryRow(ctx, probe, args).Scan(&status); err != nil {
			return orNotFound(err, "The mail server")
		}
		if status == outbox.EndpointDisabled {
			return fault.Errorf(fault.InUse, "The app has no mail server.")
		}
		batch := &pgx.Batch{}
		batch.Queue(`SELECT FROM events WHERE id = @event FOR KEY SHARE`, args)
		batch.Queue(again+` WHERE id = @delivery AND status <> 'pending' AND resent_by IS DISTINCT FROM @operation`, args)
		batch.Queue(`UPDATE webhook_deliveries SET next_at = now() WHERE id = @delivery AND status = 'pending' AND next_at > now()
			AND claimed_by IS NULL`, args)
		return tx.SendBatch(ctx, batch).Close()
	})
}
