package postgres

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/contact"
	"holdfast/internal/outbox"
)

// Contacts stores which addresses get no messages.
type Contacts struct{ *store }

// Block puts a block on record. A repeat changes nothing. NotFound when there is no such app or booking. Its references lock the rows of
// the app and of the booking (shared).
func (db *Contacts) Block(ctx context.Context, b contact.Block) error {
	const q = `
		INSERT INTO contact_blocks (app_id, channel, digest, kind, booking_id, reason)
		VALUES (@app, @channel, @digest, @kind, @booking, @reason) ` + blockedAlready
	_, err := db.pool.Exec(ctx, q, namedArgs{
		"app": b.AppID, "channel": b.Channel, "digest": b.Digest, "kind": b.Kind, "booking": b.BookingID, "reason": b.Reason,
	})
	return mapConstraint(err)
}

// blockedAlready is the end of an INSERT of a block: a repeat changes nothing.
const blockedAlready = `
	ON CONFLICT (app_id, channel, digest, kind, COALESCE(booking_id, '00000000-0000-0000-0000-000000000000')) DO NOTHING`

// Unblock takes the block of a kind back: of one booking, or of the app for a nil booking. It reports whether there was one.
func (db *Contacts) Unblock(
	ctx context.Context, appID uuid.UUID, channel contact.Channel, digest []byte, kind contact.Kind, bookingID *uuid.UUID,
) (removed bool, err error) {
	const q = `
		DELETE FROM contact_blocks WHERE app_id = @app AND channel = @channel AND digest = @digest AND kind = @kind
		AND booking_id IS NOT DISTINCT FROM @booking`
	done, err := db.pool.Exec(ctx, q, namedArgs{
		"app": appID, "channel": channel, "digest": digest, "kind": kind, "booking": bookingID,
	})
	return done.RowsAffected() > 0, err
}

// Blocks returns the blocks of addresses by their digests, of all channels and kinds, the oldest first.
func (db *Contacts) Blocks(ctx context.Context, appID uuid.UUID, digests ...[]byte) ([]contact.Block, error) {
	const q = `
		SELECT app_id, channel, digest, kind, booking_id, reason, created_at FROM contact_blocks
		WHERE app_id = @app AND channel IN ('mail', 'sms') AND digest = ANY(@digests) ORDER BY created_at, kind`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID, "digests": digests})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[contact.Block])
}

// MarkDead puts on record that the address of a mail of a booking does not exist, and publishes that, once for each address: mail says
// which mail has found it, an object. It returns the endpoints that are to be woken, which it reserves for this process unless forAPI. A
// booking that was erased gets no event. It locks the booking's row, and the gates of the endpoints (shared), until the end of its
// transaction.
func (db *Contacts) MarkDead(
	ctx context.Context, b contact.Block, bookingID uuid.UUID, mail json.RawMessage, forAPI bool,
) (woken []uuid.UUID, err error) {
	const mark = `
		INSERT INTO contact_blocks (app_id, channel, digest, kind, reason) VALUES (@app, 'mail', @digest, 'dead', @reason) ` + blockedAlready
	const q = `
		WITH e AS (
			INSERT INTO events (id, app_id, booking_id, seq, type, data, at, graph, state, project_id, topics, inputs, reminder)
			SELECT @id, @app, @booking::uuid, @seq, @type, @data, now(), @graph, @state, @project, @topics, @mail,
				(SELECT COALESCE(max(p.reminder), @first - 1) + 1 FROM events p WHERE p.booking_id = @booking AND p.reminder >= @first)
			RETURNING *)
		INSERT INTO webhook_deliveries (id, endpoint_id, event_id, booking_id, seq)
		SELECT gen_random_uuid(), w.id, e.id, ` + deliveryLane + ` FROM e, webhook_endpoints w
		WHERE w.app_id = @app AND w.status <> 'disabled' AND w.purpose = 'subscription' AND w.event_types <> '{}' AND ` + matches
	drainer := db.process
	if forAPI {
		drainer = uuid.Nil
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		woken = nil
		v, err := lockForReminder(ctx, tx, bookingID)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		erased := err != nil
		done, err := tx.Exec(ctx, mark, namedArgs{"app": b.AppID, "digest": b.Digest, "reason": b.Reason})
		if err != nil || done.RowsAffected() == 0 || erased {
			return err
		}
		topics, event, batch := outbox.Topics(outbox.MailBouncedEvent, ""), uuid.Must(uuid.NewV7()), &pgx.Batch{}
		shareGates(batch, publication{Booking: v, kind: outbox.MailBouncedEvent, topics: topics})
		batch.Queue(q, namedArgs{
			"id": event, "app": b.AppID, "booking": v.ID, "seq": v.Seq, "type": outbox.MailBouncedEvent, "data": asJSON(v), "graph": v.Graph,
			"state": v.State, "project": v.Related.Project, "topics": topics, "mail": asJSON(mail), "first": firstFailure,
		})
		markAwake(batch, drainer, []uuid.UUID{event}, &woken)
		return tx.SendBatch(ctx, batch).Close()
	})
	return woken, mapConstraint(err)
}
