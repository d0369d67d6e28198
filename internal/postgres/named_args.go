package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// namedArgs are the values of a statement's @names. A name of the statement that has no value is an error, where
// pgx.NamedArgs would send NULL; values that the statement does not use are fine, since statements share maps.
type namedArgs map[string]any

// RewriteQuery implements pgx.QueryRewriter.
func (a namedArgs) RewriteQuery(ctx context.Context, conn *pgx.Conn, sql string, args []any) (string, []any, error) {
	text, values, err := pgx.NamedArgs(a).RewriteQuery(ctx, conn, sql, args)
	if err != nil || !slices.ContainsFunc(values, isNil) {
		return text, values, err
	}
	given := pgx.NamedArgs{} // the same names without nil among the values: what is nil now has no value
	for name := range a {
		given[name] = true
	}
	if _, found, err := given.RewriteQuery(ctx, conn, sql, args); err != nil || !slices.ContainsFunc(found, isNil) {
		return text, values, err
	}
	_, _, err = pgx.StrictNamedArgs(a).RewriteQuery(ctx, conn, sql, args) // says which
	return "", nil, fmt.Errorf("a statement's argument has no value: %w", err)
}

func isNil(value any) bool { return value == nil }
