package postgres

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
)

// matching renders the terms of a search as conditions, each with AND before it. keys are what can be searched by, with
// the condition of each: a %s stands for the pattern. Names and values only ever travel as arguments.
func matching(search []Term, keys map[string]string, args namedArgs) (string, error) {
	conditions := strings.Builder{}
	for i, term := range search {
		condition, known := keys[term.Key]
		switch {
		case !utf8.ValidString(term.Key+term.Value) || strings.ContainsRune(term.Key+term.Value, 0):
			return "", fault.Problems{"search": {"must be UTF-8 text without null characters"}}.Err()
		case !known:
			return "", fault.Problems{"search": {fmt.Sprintf("%q is not a key these can be searched by", term.Key)}}.Err()
		}
		name := fmt.Sprintf("term%d", i)
		args[name] = likePattern(term.Value)
		conditions.WriteString(" AND " + fmt.Sprintf(condition, "@"+name))
	}
	return conditions.String(), nil
}

// listing is a kind of things that an app has lists of.
type listing struct {
	columns, table, order string            // table with its alias, which all three know
	keys                  map[string]string // as of matching
}

// listed returns one page of an app's things that a search finds, and how many there are. args are those of the columns.
func listed[T any](ctx context.Context, db *store, l listing, search []Term, page Page, args namedArgs) ([]*T, int, error) {
	found, err := matching(search, l.keys, args)
	if err != nil {
		return nil, 0, err
	}
	args["limit"], args["offset"] = page.Limit, page.offset()
	from := ` FROM ` + l.table + ` WHERE app_id = @app` + found
	rows, err := db.pool.Query(ctx, `SELECT `+l.columns+from+` ORDER BY `+l.order+` LIMIT @limit OFFSET @offset`, args)
	if err != nil {
		return nil, 0, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[T])
	if err != nil {
		return nil, 0, err
	}
	var total int
	err = db.pool.QueryRow(ctx, `SELECT count(*)`+from, args).Scan(&total)
	return all, total, err
}
