package postgres

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// namedArgs are the values of a statement's @names. A name of the statement that has no value is an error, where
// pgx.NamedArgs would send NULL; values that the statement does not use are fine, since statements share maps.
type namedArgs map[string]any

// RewriteQuery implements pgx.QueryRewriter.
func (a namedArgs) RewriteQuery(ctx context.Context, conn *pgx.Conn, sql string, args []any) (string, []any, error) {
	n, err := numberedStatements.of(ctx, conn, sql, a)
	if err != nil {
		return "", nil, err
	}
	values := make([]any, len(n.names))
	for i, name := range n.names {
		value, given := a[name]
		if !given {
			_, _, err := pgx.StrictNamedArgs(a).RewriteQuery(ctx, conn, sql, args) // says which
			return "", nil, fmt.Errorf("a statement's argument has no value: %w", err)
		}
		values[i] = value
	}
	return n.text, values, nil
}

// numbered is a statement with $1, $2 and so on for its @names.
type numbered struct {
	text  string
	names []string // by number, from 1; "" where the first caller had no value
}

// numberedTexts remembers statements that were numbered before: pgx reads a text sign by sign, and those of bookings are long.
type numberedTexts struct {
	known sync.Map // *numbered by the statement's text
	count atomic.Int64
	most  int64 // of them; a text beyond is read each time
}

var numberedStatements = numberedTexts{most: 2000}

// of returns a numbered statement. It keeps those whose names all have values.
func (t *numberedTexts) of(ctx context.Context, conn *pgx.Conn, sql string, a namedArgs) (*numbered, error) {
	if known, ok := t.known.Load(sql); ok {
		return known.(*numbered), nil //nolint:forcetypeassert // nothing else is in it
	}
	self := make(pgx.NamedArgs, len(a)) // each name as its own value
	for name := range a {
		self[name] = name
	}
	text, found, err := self.RewriteQuery(ctx, conn, sql, nil)
	if err != nil {
		return nil, err
	}
	n, whole := &numbered{text, make([]string, len(found))}, true
	for i, name := range found {
		n.names[i], _ = name.(string)
		whole = whole && name != nil
	}
	if whole && t.count.Add(1) <= t.most {
		t.known.Store(sql, n)
	}
	return n, nil
}
