package postgres

import (
	"cmp"
	"context"

	"github.com/jackc/pgx/v5"
)

// textSearch is a search in texts. Postgres estimates badly how often a text occurs, and a plan that is right for a rare one takes
// seconds with a frequent one. So a search takes a few bounded looks, one after the other, until one has all rows of the page: a
// frequent text fills the page from the first rows of the list, a rare one is found by its index. What none of them answers is read
// by the plan that Postgres finds best.
type textSearch struct {
	among   string // which rows the list is walked over: conditions with a short way to them in the list's order
	row     string // which of those the search finds; each row is looked at by itself
	index   string // a SELECT of the ids, as id, of all rows that may be found, by an index; "" when no index has them
	similar bool   // texts may have typing errors
}

// look is one bounded attempt to answer a search.
type look struct {
	walk    int  // rows that are compared in the list's order; 0 = the index is asked
	hits    int  // rows that the index may find
	generic bool // the plan does not depend on what is searched for
}

// bounds are how far looks reach. A row that is walked over costs about 3 µs, one that the index finds about 5; with typing errors a
// row costs about 25.
type bounds struct {
	walk, farWalk, hits, farHits int
	similarWalk, similarHits     int
	patience                     int // milliseconds that the last resort may take for typing errors; 0 = as long as any statement
}

var defaultBounds = bounds{walk: 1500, farWalk: 15_000, hits: 5000, farHits: 50_000, similarWalk: 400, similarHits: 1000, patience: 400}

// looksAt returns the looks for a search, by what Postgres estimates of its text: whether it is rare, and how many rows must be walked
// over to fill a page.
func (db *store) looksAt(ctx context.Context, s *textSearch, page Page, args namedArgs) ([]look, error) {
	b := db.bounds
	if s.similar { // there is no cheap estimate
		return []look{{walk: b.similarWalk, generic: true}, {hits: b.similarHits, generic: true}, {walk: 4 * b.similarWalk, generic: true}}, nil
	}
	near, far := look{walk: b.walk, generic: true}, look{walk: b.farWalk, generic: true}
	index, all := look{hits: b.hits}, look{hits: b.farHits}
	if s.index == "" {
		return []look{near, far}, nil
	}
	rows, of, err := db.estimate(ctx, s.index, args)
	switch {
	case err != nil:
		return nil, err
	case of <= 0:
		return []look{near, index, far, all}, nil
	case rows <= float64(b.hits):
		return []look{index, far, all}, nil
	}
	enough := 2 * float64(page.offset()+page.Limit+1) * of / rows
	near.walk = int(min(max(enough, float64(b.walk)), float64(b.farWalk)))
	return []look{near, all}, nil
}

// estimate returns how many rows Postgres believes a SELECT to have, and how many bookings there are. It runs neither.
func (db *store) estimate(ctx context.Context, q string, args namedArgs) (rows, of float64, err error) {
	var plan []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	err = db.readOnly(ctx, func(batch *pgx.Batch) {
		batch.Queue(`EXPLAIN (FORMAT JSON) `+q, args).QueryRow(func(row pgx.Row) error { return row.Scan(&plan) })
		batch.Queue(`SELECT reltuples FROM pg_class WHERE oid = 'bookings'::regclass`).QueryRow(func(row pgx.Row) error { return row.Scan(&of) })
	})
	if err != nil || len(plan) == 0 {
		return 0, 0, err
	}
	return plan[0].Plan.Rows, of, nil
}

// look takes one look at a search. It is done when it has seen the whole list, or everything that the index finds, or when a walk
// has filled the page: in the order of the list, no row that it has not seen comes before those.
func (l listing[T]) look(
	ctx context.Context, db *store, look look, page Page, args namedArgs,
) (rows []*T, found Found, done bool, err error) {
	bound := cmp.Or(look.walk, look.hits+1)
	args["bound"] = bound
	with, inner, counted := l.walked()
	if look.walk == 0 {
		with, inner, counted = l.indexed()
	}
	q := with + `SELECT ` + l.columns + `, page.found, (` + counted + `)` + l.pageOf(inner, `, count(*) OVER () AS found`) +
		l.ordered("page.place", "page.id")
	var read, hits int
	err = db.readOnly(ctx, func(batch *pgx.Batch) {
		if look.generic {
			batch.Queue(`SET LOCAL plan_cache_mode = force_generic_plan`)
		}
		batch.Queue(q, args).Query(func(r pgx.Rows) (err error) {
			rows, err = pgx.CollectRows(withColumns{r, []any{&hits, &read}}, l.scan)
			return err
		})
	})
	if err == nil && len(rows) == 0 {
		err = db.readOnly(ctx, func(batch *pgx.Batch) {
			batch.Queue(with+counted, args).QueryRow(func(row pgx.Row) error { return row.Scan(&read) })
		})
	}
	whole := read < bound
	most := cmp.Or(l.most, MaxListed)
	found = Found{Total: min(hits, most), Exact: whole && hits <= most}
	full := look.walk > 0 && hits > page.offset()+page.Limit
	return rows, found, full || whole && (len(rows) > 0 || page.Number == 1), err
}

// walked is the FROM of what a search finds among the first rows of the list, and a SELECT of their number.
func (l listing[T]) walked() (with, inner, counted string) {
	first := ` FROM ` + l.table + ` ` + l.alias + ` WHERE ` + l.search.among + l.ordered(l.order, l.alias+`.id`) + ` LIMIT @bound`
	inner = ` FROM (SELECT *` + first + `) ` + l.alias + ` WHERE ` + l.search.row //nolint:unqueryvet // what the conditions name
	return "", inner, `SELECT count(*) FROM (SELECT` + first + `) first`
}

// indexed is the FROM of what a search finds among the rows that its index names, and a SELECT of the number of those. Both read them
// from the same WITH.
func (l listing[T]) indexed() (with, inner, counted string) {
	return `WITH named AS MATERIALIZED (` + l.search.index + ` LIMIT @bound) `,
		` FROM ` + l.table + ` ` + l.alias + ` WHERE ` + l.search.among + ` AND ` + l.search.row + `
			AND ` + l.alias + `.id IN (SELECT named.id FROM named)`,
		`SELECT count(*) FROM named`
}
