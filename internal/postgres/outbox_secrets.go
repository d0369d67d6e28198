package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/outbox"
)

// RotateSecret gives an endpoint a new sealed secret. The one before goes on signing for the grace period, with those that are being
// rotated out already, MaxSecrets at most; without a grace period nothing but the new one signs from now on. A repeat of the same
// operation changes nothing: the endpoint it returns has the secret of the first. NotFound when the app has no such endpoint. It locks the
// endpoint's row until the end of its transaction.
func (db *Outbox) RotateSecret(
	ctx context.Context, appID, id, operation uuid.UUID, sealed []byte, grace time.Duration,
) (e *outbox.Endpoint, err error) {
	const lock = `
		SELECT rotated_by IS NOT DISTINCT FROM @operation FROM webhook_endpoints
		WHERE id = @endpoint AND app_id = @app AND purpose = 'subscription' FOR NO KEY UPDATE`
	args := namedArgs{
		"endpoint": id, "app": appID, "operation": operation, "secret": sealed, "grace": grace, "most": outbox.MaxSecrets - 1,
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		var done bool
		if err := tx.QueryRow(ctx, lock, args).Scan(&done); err != nil {
			return orNotFound(err, "The webhook")
		}
		if !done {
			if err := rotate(ctx, tx, args); err != nil {
				return err
			}
		}
		e, err = endpoint(tx.Query(ctx, `SELECT `+viewed+` FROM webhook_endpoints w WHERE w.id = @endpoint`, args))
		return err
	})
	return e, err
}

func rotate(ctx context.Context, tx pgx.Tx, args namedArgs) error {
	batch := &pgx.Batch{}
	batch.Queue(`
		INSERT INTO webhook_old_secrets (endpoint_id, sealed, until)
		SELECT id, secret, clock_timestamp() + @grace::interval FROM webhook_endpoints WHERE id = @endpoint`, args)
	batch.Queue(`
		DELETE FROM webhook_old_secrets o WHERE endpoint_id = @endpoint AND (until <= clock_timestamp() OR @grace::interval = '0'
			OR until NOT IN (SELECT until FROM webhook_old_secrets WHERE endpoint_id = @endpoint ORDER BY until DESC LIMIT @most))`, args)
	batch.Queue(`UPDATE webhook_endpoints SET secret = @secret, rotated_by = @operation, updated_at = now() WHERE id = @endpoint`, args)
	return tx.SendBatch(ctx, batch).Close()
}
