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

// inTx runs a transaction. After a deadlock or a serialization failure it is rolled back and tried again, twice: so do sets
// its results and never adds to them.
func (db *DB) inTx(ctx context.Context, do func(pgx.Tx) error) error {
	return db.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		return retried(ctx, func() error { return pgx.BeginFunc(ctx, conn, do) })
	})
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
