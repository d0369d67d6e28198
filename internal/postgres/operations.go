package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
)

// Operation is what an Idempotency-Key stands for: an id for what it makes, and the answer once there is one.
type Operation struct {
	ID      uuid.UUID
	Status  int // 0 while there is no answer
	Headers json.RawMessage
	Body    []byte
}

// BeginOperation claims an Idempotency-Key for one request, up to the lease. KeyReused when the key stood for another request
// (fingerprint), KeyInFlight while another request with it runs. An operation whose first try died is handed out again with its old id. It
// locks the key's row until the end of its transaction.
func (db *Operations) BeginOperation(
	ctx context.Context, appID uuid.UUID, key string, fingerprint []byte, id uuid.UUID, lease time.Duration,
) (*Operation, error) {
	const insert = `
		INSERT INTO idempotency_keys (app_id, key, fingerprint, operation_id, locked_until)
		VALUES (@app, @key, @fingerprint, @id, now() + make_interval(secs => @lease))
		ON CONFLICT ON CONSTRAINT idempotency_keys_pkey DO NOTHING`
	const look = `
		SELECT fingerprint, operation_id, status, headers, body, locked_until > now()
		FROM idempotency_keys WHERE app_id = @app AND key = @key FOR UPDATE`
	const again = `
		UPDATE idempotency_keys SET locked_until = now() + make_interval(secs => @lease) WHERE app_id = @app AND key = @key`
	args := namedArgs{"app": appID, "key": key, "fingerprint": fingerprint, "id": id, "lease": lease.Seconds()}
	op := &Operation{ID: id}
	err := db.inTx(ctx, func(tx pgx.Tx) error {
		*op = Operation{ID: id}
		tag, err := tx.Exec(ctx, insert, args)
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		var known []byte
		var locked bool
		err = tx.QueryRow(ctx, look, args).Scan(&known, &op.ID, &op.Status, &op.Headers, &op.Body, &locked)
		switch {
		case errors.Is(err, pgx.ErrNoRows) || (err == nil && locked && op.Status == 0 && bytes.Equal(known, fingerprint)):
			return fault.Errorf(fault.KeyInFlight, "A request with this Idempotency-Key is still running.")
		case err != nil:
			return err
		case !bytes.Equal(known, fingerprint):
			return fault.Errorf(fault.KeyReused, "This Idempotency-Key was used for another request.")
		case op.Status != 0:
			return nil
		}
		_, err = tx.Exec(ctx, again, args)
		return err
	})
	return op, err
}

// EndOperation keeps the answer of a request; with status 0 it only lets the next try in.
func (db *Operations) EndOperation(ctx context.Context, appID uuid.UUID, key string, op Operation) error {
	const q = `
		UPDATE idempotency_keys SET status = @status, headers = @headers, body = @body, locked_until = now()
		WHERE app_id = @app AND key = @key`
	_, err := db.pool.Exec(ctx, q, namedArgs{
		"app": appID, "key": key, "status": op.Status, "headers": asJSON(op.Headers), "body": append([]byte{}, op.Body...),
	})
	return err
}
