package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Codes of Postgres' errors that are asked for by name.
const (
	codeSerialization    = "40001"
	codeDeadlock         = "40P01"
	codeStatementTimeout = "57014"
	codeLockTimeout      = "55P03"
)

// txTries is how often a transaction is tried that Postgres has rolled back in favour of another one.
const txTries = 3

// inTx runs a transaction. After a deadlock or a serialization failure it is rolled back and tried again, twice, and meanwhile
// others have written. So do begins from scratch each time: it clears its results before it returns for whatever reason, and
// changes nothing that it reads. TestSecondTries holds every caller to that.
func (db *store) inTx(ctx context.Context, do func(pgx.Tx) error) error {
	return db.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		return retried(ctx, func() error { return pgx.BeginFunc(ctx, conn, do) })
	})
}

// statements are what a transaction's steps run on: a connection, or a transaction.
type statements interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// The first and the last statement of a transaction. In the first and the last batch of inShortTx they cost no round trip.
const (
	begin  = `BEGIN`
	commit = `COMMIT`
)

// planByKey makes the transaction's statements keep the plan that a connection has made for them, and find rows by index. Each finds
// its rows by key, whatever the values and however large the tables. Left alone, Postgres compares estimates of the plans' cost: it
// plans some statements anew every time, for half a millisecond each; and of a table that was empty when a connection first met
// it, it reads all rows until the table is analysed.
const planByKey = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`

// inShortTx is inTx for a transaction whose first batch begins it. Its last batch commits it, or else that is done here.
func (db *store) inShortTx(ctx context.Context, do func(statements) error) error {
	return db.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		return retried(ctx, func() error {
			err := do(conn)
			switch {
			case conn.Conn().PgConn().TxStatus() == 'I': // it has ended
			case err != nil:
				_, _ = conn.Exec(ctx, `ROLLBACK`) // a connection that cannot is closed when it is released
			default:
				_, err = conn.Exec(ctx, commit)
			}
			return err
		})
	})
}

// atOnce runs a transaction that is one batch without BEGIN and COMMIT. The server ends it with the batch: nobody waits for this
// process while it holds locks. An error of a callback does not undo it; a statement has to fail for that. queue is asked
// again for each try.
func (db *store) atOnce(ctx context.Context, queue func(*pgx.Batch)) error {
	return mapConstraint(retried(ctx, func() error {
		batch := &pgx.Batch{}
		batch.Queue(planByKey)
		queue(batch)
		return db.pool.SendBatch(ctx, batch).Close()
	}))
}

// retried tries what Postgres has rolled back in favour of another transaction, with a short random pause in between, so
// that the two do not meet again at once.
func retried(ctx context.Context, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		if n == txTries || !rolledBack(err) {
			return err
		}
		pause := time.NewTimer(time.Duration(n) * (5*time.Millisecond + rand.N(20*time.Millisecond))) //nolint:gosec // no secret
		select {
		case <-ctx.Done():
			pause.Stop()
			return err
		case <-pause.C:
		}
	}
}

// rolledBack is true of a deadlock and of a serialization failure: the same transaction can succeed when it is tried again.
func rolledBack(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == codeSerialization || pg.Code == codeDeadlock)
}

// timedOut is true of a statement that took too long and of a lock that was waited for too long.
func timedOut(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == codeStatementTimeout || pg.Code == codeLockTimeout)
}
