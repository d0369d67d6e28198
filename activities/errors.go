package activities

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/internal/fault"
)

// retryable keeps what Temporal stores of a failure free of data: the details of Postgres contain values, and
// failures are kept in histories. Every fault of a commit is worth a retry: its refusals are outcomes.
func retryable(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return errors.New("postgres: " + pg.Code + " " + pg.ConstraintName)
	}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return errors.New(string(known.Code))
	}
	return err
}
