package postgres

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/internal/fault"
)

// maxSearched is how far the rows are counted that a search finds: a total is of little use to a search.
const maxSearched = 1000

// MaxListed is how far a list counts, and how far its pages reach: page × limit. A reader of more follows the list with a cursor.
const MaxListed = 10_000

// Page is a part of a list: the page of that number, counted from 1, in the list's order. With After or Since it is the next Limit rows
// in the order in which they last changed, and Number has no meaning.
type Page struct {
	Number int
	Limit  int
	After  *Cursor
	Since  *time.Time // only rows that have changed since; some that changed up to five minutes before may come along
}

func (p Page) offset() int { return (p.Number - 1) * p.Limit }

// seen is how many rows there are at least, when a page has so many.
func (p Page) seen(rows int) int {
	if rows == 0 {
		return 0
	}
	return p.offset() + rows
}

// Follows reports whether the page is one of those of a reader that follows the list.
func (p Page) Follows() bool { return p.After != nil || p.Since != nil }

// Found is what is known of a list beside the rows of one page. Of a page that follows there are More and Next only.
type Found struct {
	Total int  // at most MaxListed, or maxSearched
	Exact bool // false: there are more
	More  bool
	Next  Cursor // where the next page begins; the page's own cursor when it is empty
}

// listing is a kind of rows that an app has lists of. Its texts are written by this package: what callers send travels in arguments.
type listing[T any] struct {
	columns  string // of one row, as scan reads them
	table    string // the listed table,
	alias    string // and its name in all texts
	joined   string // what else the conditions need, as JOIN …; mostly nothing
	beside   string // what else the columns need, as JOIN …
	where    string // which rows belong to the list
	order    string // without a direction; the id comes behind it, with the same one
	desc     bool
	nearest  string // a distance that orders as order and desc do, for an index that returns the nearest rows first; mostly ""
	most     int    // how far rows are counted; 0 = MaxListed
	patience int    // milliseconds that the last resort of a search may take; 0 = as bounds say
	search   *textSearch
	changed  string // the column with the time of the last change, "" when a list cannot be followed
	scan     pgx.RowToFunc[*T]
}

// mostOf is how far the rows are counted that terms find, for listing.most.
func mostOf(terms []Term) int {
	if len(terms) > 0 {
		return maxSearched
	}
	return MaxListed
}

// listRows returns one page of rows, and what is known of the others, of one moment. Invalid when a search takes longer than it may.
func listRows[T any](ctx context.Context, db *store, l listing[T], page Page, args namedArgs) ([]*T, Found, error) {
	if page.Follows() {
		return l.follow(ctx, db, page, args)
	}
	args["limit"], args["offset"], args["most"] = page.Limit, page.offset(), cmp.Or(l.most, MaxListed)+1
	if l.search == nil {
		return l.list(ctx, db, page, args)
	}
	probes, err := db.probes(ctx, l.search, page, args)
	if err != nil {
		return nil, Found{}, err
	}
	for _, probe := range probes {
		rows, found, done, err := l.look(ctx, db, probe, page, args)
		if err != nil || done {
			return rows, found, err
		}
	}
	l.patience = cmp.Or(l.patience, db.bounds.lastPatience)
	rows, found, err := l.list(ctx, db, page, args)
	if timedOut(err) {
		err = errTooBroad
	}
	return rows, found, err
}

// errTooBroad is a search that many rows fit, of which few are at hand in the order of the list.
var errTooBroad = fault.Problems{"search": {tooBroad}}.Err()

const tooBroad = "finds too much to be put in order: add characters, a state, a resource, or a start and an end"

// list reads a page, and counts the list, by the plan that Postgres finds best. It makes one round trip.
func (l listing[T]) list(ctx context.Context, db *store, page Page, args namedArgs) (rows []*T, found Found, err error) {
	inner := ` FROM ` + l.table + ` ` + l.alias + l.joined + ` WHERE ` + l.where
	q := `SELECT ` + l.columns + l.pageOf(inner) + l.ordered("page.place", "page.id")
	counted := ""
	if l.nearest != "" { // rows are counted in any order: this one has its index
		counted = ` ORDER BY ` + l.nearest
	}
	var total int
	err = db.readOnly(ctx, func(batch *pgx.Batch) {
		queuePatience(batch, l.patience)
		batch.Queue(q, args).Query(func(r pgx.Rows) (err error) {
			rows, err = pgx.CollectRows(r, l.scan)
			return err
		})
		batch.Queue(`SELECT count(*) FROM (SELECT`+inner+counted+` LIMIT @most) counted`, args).
			QueryRow(func(row pgx.Row) error { return row.Scan(&total) })
	})
	most := cmp.Or(l.most, MaxListed)
	return rows, Found{Total: max(min(total, most), page.seen(len(rows))), Exact: total <= most}, err
}

// queuePatience bounds how long the statements after it may take, in milliseconds, until the end of the transaction; 0 bounds nothing.
func queuePatience(batch *pgx.Batch, patience int) {
	if patience > 0 { // of a search
		batch.Queue(`SELECT set_config('statement_timeout', @patience, true)`, namedArgs{"patience": strconv.Itoa(patience)})
	}
}

// pageOf is the FROM of the rows of one page of inner, which is a FROM itself.
func (l listing[T]) pageOf(inner string) string {
	id := l.alias + `.id`
	if l.nearest != "" { // of rows at the same place, some may have a lower id than those that come first
		inner = ` FROM (SELECT ` + id + `, ` + l.order + inner + ` ORDER BY ` + l.nearest + `
			FETCH FIRST (@offset::bigint + @limit::bigint) ROWS WITH TIES) ` + l.alias
	}
	return ` FROM (SELECT ` + id + ` AS id, ` + l.order + ` AS place` + inner + l.ordered(l.order, id) + `
			LIMIT @limit OFFSET @offset) page
		JOIN ` + l.table + ` ` + l.alias + ` ON ` + id + ` = page.id` + l.beside
}

// ordered is an ORDER BY in the list's direction.
func (l listing[T]) ordered(place, id string) string {
	direction := " ASC"
	if l.desc {
		direction = " DESC"
	}
	return ` ORDER BY ` + place + direction + `, ` + id + direction
}

// follow returns the next rows in the order of changes. A row comes in the order of the transaction that last changed it, and not
// before all older transactions of the server have ended: none slips in behind a reader. A row that changes moves to the end.
func (l listing[T]) follow(ctx context.Context, db *store, page Page, args namedArgs) (rows []*T, found Found, err error) {
	if l.changed == "" {
		return nil, Found{}, fault.Problems{"cursor": {"is not offered by this list"}}.Err()
	}
	from, err := l.start(ctx, db, page, args)
	if err != nil {
		return nil, Found{}, err
	}
	args["written"], args["id"], args["since"], args["limit"] = from.written, from.ID, from.Changed, page.Limit+1
	key := fmt.Sprintf(`%[1]s.changed_by, %[1]s.id`, l.alias)
	read, err := l.readBy(ctx, db, from, args)
	if err != nil {
		return nil, Found{}, err
	}
	inner := ` FROM ` + read + ` ` + l.alias + l.joined + ` WHERE ` + l.where + `
		AND (` + key + `) > (@written::text::xid8, @id) AND ` + l.alias + `.changed_by < pg_snapshot_xmin(pg_current_snapshot())`
	if from.ID == uuid.Nil && !from.Changed.IsZero() {
		inner += ` AND ` + l.changed + ` >= @since`
	}
	q := `SELECT ` + l.columns + `, page.changed_by::text, page.id, page.changed FROM (
			SELECT ` + key + `, ` + l.changed + ` AS changed` + inner + ` ORDER BY ` + key + ` LIMIT @limit) page
		JOIN ` + l.table + ` ` + l.alias + ` ON ` + l.alias + `.id = page.id` + l.beside + ` ORDER BY page.changed_by, page.id`
	var places []Cursor
	err = db.readOnly(ctx, func(batch *pgx.Batch) {
		batch.Queue(q, args).Query(func(r pgx.Rows) (err error) {
			var at Cursor
			rows, err = pgx.CollectRows(withColumns{r, []any{&at.written, &at.ID, &at.Changed}}, func(row pgx.CollectableRow) (*T, error) {
				one, err := l.scan(row)
				places = append(places, at)
				return one, err
			})
			return err
		})
	})
	if err != nil {
		return nil, Found{}, err
	}
	found.More = len(rows) > page.Limit
	rows = rows[:min(len(rows), page.Limit)]
	if found.Next = from; len(rows) > 0 {
		found.Next = places[len(rows)-1]
	}
	return rows, found, nil
}

// fewChanged is how many rows are read and sorted rather than looked for in the order of changes.
const fewChanged = 2000

// readBy is the table that a page which follows is read from. Where few rows have changed since a moment, it is those: rows of one
// transaction, as those from before there was an order of changes, may be many.
func (l listing[T]) readBy(ctx context.Context, db *store, from Cursor, args namedArgs) (string, error) {
	if from.ID != uuid.Nil || from.Changed.IsZero() {
		return l.table, nil
	}
	young := ` FROM ` + l.table + ` WHERE app_id = @app AND ` + l.changedColumn() + ` >= @since`
	args["few"] = fewChanged + 1
	var n int
	err := db.pool.QueryRow(ctx, `SELECT count(*) FROM (SELECT`+young+` LIMIT @few) counted`, args).Scan(&n)
	if err != nil || n > fewChanged {
		return l.table, err
	}
	return `(SELECT *` + young + ` OFFSET 0)`, nil //nolint:unqueryvet // of the listed table; OFFSET 0 keeps the planner from another order
}

// start finds where a page that follows begins. A cursor of a server whose transactions had higher numbers, from which this record was
// restored, is no place here: its reader goes on from before the time of the row it had last.
func (l listing[T]) start(ctx context.Context, db *store, page Page, args namedArgs) (Cursor, error) {
	since := page.Since
	if c := page.After; c != nil {
		const known = `SELECT @written::text::xid8 < pg_snapshot_xmax(pg_current_snapshot())`
		var here bool
		err := db.pool.QueryRow(ctx, known, namedArgs{"written": c.written}).Scan(&here)
		if err != nil || here {
			return *c, err
		}
		since = &c.Changed
	}
	found := Cursor{written: "0", Changed: since.Add(-slack)}
	q := `SELECT changed_by::text FROM ` + l.table + ` WHERE app_id = @app AND ` + l.changedColumn() + ` < @before
		ORDER BY ` + l.changedColumn() + ` DESC LIMIT 1`
	err := db.pool.QueryRow(ctx, q, namedArgs{"app": args["app"], "before": found.Changed.Add(-slack)}).Scan(&found.written)
	return found, ignore(err, pgx.ErrNoRows)
}

func (l listing[T]) changedColumn() string { return l.changed[len(l.alias)+1:] }

// readOnly runs the statements of one batch on one snapshot, in one round trip. Each gets a plan of its own: with other values another
// index is the right one. A table is read from end to end only when it has no index that helps. One list takes one core: to start a
// parallel worker takes as long as the lists that one would help.
func (db *store) readOnly(ctx context.Context, queue func(*pgx.Batch)) error {
	batch := &pgx.Batch{}
	batch.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY`)
	batch.Queue(`SET LOCAL plan_cache_mode = force_custom_plan`)
	batch.Queue(`SET LOCAL enable_seqscan = off`)
	batch.Queue(`SET LOCAL max_parallel_workers_per_gather = 0`)
	queue(batch)
	batch.Queue(commit)
	return db.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		err := conn.SendBatch(ctx, batch).Close()
		if err != nil && conn.Conn().PgConn().TxStatus() != 'I' {
			_, _ = conn.Exec(ctx, `ROLLBACK`) // a connection that cannot is closed when it is released
		}
		return err
	})
}

// withColumns are rows with more columns than their reader scans: the last ones go to targets of their own.
type withColumns struct {
	pgx.Rows
	last []any
}

// RawValues has what the reader counts as columns.
func (w withColumns) RawValues() [][]byte {
	all := w.Rows.RawValues()
	return all[:len(all)-len(w.last)]
}

// Scan reads the last columns into their targets, too.
func (w withColumns) Scan(targets ...any) error { return w.Rows.Scan(append(targets, w.last...)...) }

// structs reads rows into structs by the order of columns.
func structs[T any](row pgx.CollectableRow) (*T, error) { return pgx.RowToAddrOfStructByPos[T](row) }
