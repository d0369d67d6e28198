package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
)

// Term is one "key:value" of a search. A value may start or end with "*" and is compared without regard to case.
type Term struct{ Key, Value string }

// searchKey is something that rows can be searched by: a condition, with a %s for the comparison. An id is compared as one, which has an
// index, whole or by its beginning.
type searchKey struct {
	condition string
	id        bool
}

func byID(condition string) searchKey   { return searchKey{condition, true} }
func byText(condition string) searchKey { return searchKey{condition, false} }

// search renders terms as conditions, each with AND before it. Names and values only ever travel as arguments.
func search(terms []Term, keys map[string]searchKey, args namedArgs) (string, error) {
	conditions := strings.Builder{}
	for i, term := range terms {
		key, known := keys[term.Key]
		if err := term.check(known, "these"); err != nil {
			return "", err
		}
		compared, err := term.compared(key.id, fmt.Sprintf("term%d", i), args)
		if err != nil {
			return "", err
		}
		conditions.WriteString(" AND " + fmt.Sprintf(key.condition, compared))
	}
	return conditions.String(), nil
}

// check refuses what is no text, and a key that is not known. what names the rows.
func (t Term) check(known bool, what string) error {
	switch {
	case !utf8.ValidString(t.Key+t.Value) || strings.ContainsRune(t.Key+t.Value, 0):
		return fault.Problems{"search": {"must be UTF-8 text without null characters"}}.Err()
	case !known:
		return fault.Problems{"search": {fmt.Sprintf("%q is not a key %s can be searched by", t.Key, what)}}.Err()
	}
	return nil
}

// compared is the comparison with a term's value: of an id, or of a text that is in lower case.
func (t Term) compared(id bool, arg string, args namedArgs) (string, error) {
	if !id {
		args[arg] = likePattern(t.Value)
		return "LIKE lower(@" + arg + "::text)", nil
	}
	first, last, err := idRange(t.Value)
	if err != nil {
		return "", err
	}
	switch {
	case first == "":
		return "= ANY('{}'::uuid[])", nil
	case first == last:
		args[arg] = first
		return "= @" + arg + "::uuid", nil
	}
	args[arg], args[arg+"last"] = first, last
	return "BETWEEN @" + arg + "::uuid AND @" + arg + "last::uuid", nil
}

// idRange is the first and the last id that a pattern stands for; "" for none. Invalid for a pattern without a beginning: no index
// has the ends of ids.
func idRange(pattern string) (first, last string, err error) {
	prefix, open := strings.CutSuffix(pattern, "*")
	switch {
	case strings.Trim(pattern, "*") == "" && pattern != "":
		prefix = ""
	case strings.HasPrefix(prefix, "*"):
		return "", "", fault.Problems{"search": {"must name an id whole or by its beginning, as 0190c3a1*"}}.Err()
	case len(prefix) > len(lowestID) || !open && len(prefix) < len(lowestID):
		return "", "", nil
	}
	first, last = prefix+lowestID[len(prefix):], prefix+highestID[len(prefix):]
	if !wholeID.MatchString(first) {
		return "", "", nil
	}
	return first, last, nil
}

const (
	lowestID  = "00000000-0000-0000-0000-000000000000"
	highestID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
)

// likePattern turns "*" at either end into "%" and takes everything else literally.
func likePattern(value string) string {
	before, after := strings.HasPrefix(value, "*"), strings.HasSuffix(value, "*") && len(value) > 1
	value = strings.TrimPrefix(value, "*")
	if after {
		value = strings.TrimSuffix(value, "*")
	}
	value = literal(value)
	if before {
		value = "%" + value
	}
	if after {
		value += "%"
	}
	return value
}

// literal escapes what has a meaning in a pattern of LIKE.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// textSearch is a search in texts. Postgres estimates badly how often a text occurs, and a plan that is right for a rare one takes
// seconds with a frequent one. So a search takes a few bounded looks, one after the other, until one has all rows of the page: a
// frequent text fills the page from the first rows of the list, in any order, a rare one is found by its index, and one that is searched
// for beside a rare state, by the index of states. What none of them answers is read by the plan that Postgres finds best.
type textSearch struct {
	among   string // which rows the list is walked over: conditions with a short way to them
	narrow  bool   // among has more than the app
	row     string // which of those the search finds; each row is looked at by itself
	index   string // a SELECT of the ids, as id, of all rows that may be found, by an index; "" when no index has them
	rest    string // conditions: among, and those that are not about texts; "" without such
	similar bool   // texts may have typing errors
	window  bool   // index is that of a stretch of time, with no texts
}

// probe is one bounded look for what a search finds: in the list's order, or among rows that an index names.
type probe struct {
	bound   int    // rows that it looks at
	among   string // conditions on the rows to look at: the first ones in the list's order, until the page is full
	named   string // a SELECT of the ids, as id, of the rows to look at instead; they are counted as far as a list counts
	generic bool   // the plan does not depend on what is searched for
}

// bounds are how far looks reach, in rows. A row that is walked over costs about 2 µs, one that the index of texts finds about 8, one
// that the other conditions find about 3, one with typing errors about 25. A walk ends when it has filled the page.
type bounds struct {
	walk, farWalk, longWalk, hits, farHits int
	similarWalk, similarHits               int
	similarPatience                        int // milliseconds that the last resort may take for typing errors,
	lastPatience                           int // and for everything else
	lookPatience                           int // the same for one look: what it reads may have to come from the disk
}

var defaultBounds = bounds{
	walk: 1500, farWalk: 15_000, longWalk: 200_000, hits: 5000, farHits: 50_000, similarWalk: 400, similarHits: 1000,
	similarPatience: 400, lastPatience: 2500, lookPatience: 2500,
}

// walk looks at the first rows of the list. Rows of a resource may have no index in its order: Postgres may rather sort them.
func (s *textSearch) walk(rows int) probe {
	return probe{bound: rows, among: s.among, generic: !s.narrow}
}

// ask looks at the rows that the index of texts names.
func (s *textSearch) ask(rows int) probe { return probe{bound: rows + 1, named: s.index} }

// sift looks at the rows that the other conditions find.
func (s *textSearch) sift(rows int) probe { return probe{bound: rows + 1, among: s.rest} }

// probes returns the probes for a search, in their order, by what Postgres estimates of its text: whether it is rare, and how many
// rows must be walked over to fill a page.
func (db *store) probes(ctx context.Context, s *textSearch, page Page, args namedArgs) ([]probe, error) {
	b := db.bounds
	if s.similar { // there is no cheap estimate
		hits := probe{bound: b.similarHits + 1, named: s.index, generic: true}
		return []probe{s.walk(b.similarWalk), hits, s.walk(4 * b.similarWalk)}, nil
	}
	if s.index == "" {
		return []probe{s.walk(b.farWalk)}, nil
	}
	e, err := db.estimate(ctx, s, args)
	switch {
	case err != nil:
		return nil, err
	case e.of <= 0:
		return []probe{s.walk(b.walk), s.ask(b.hits), s.walk(b.farWalk), s.ask(b.farHits)}, nil
	case e.texts <= float64(b.hits):
		return []probe{s.ask(b.hits), s.walk(b.farWalk), s.ask(b.farHits)}, nil
	case s.window && e.texts > float64(b.farHits): // bookings of one time stand together in every order: a walk would find none or all
		return nil, nil
	}
	return b.frequent(s, e, float64(page.offset()+page.Limit+1)), nil
}

// hitCost is how many rows can be walked over in the time in which the index of texts finds one.
const hitCost = 4

// frequent returns the probes for a text that Postgres takes for a frequent one: the one that should be cheapest comes first. wanted
// is how many rows fill the page. A text may stand elsewhere than in the first rows of the list: so the walk goes on until it has cost
// a part of what the index would.
func (b bounds) frequent(s *textSearch, e estimates, wanted float64) []probe {
	enough := wanted * e.of / e.texts * e.list / e.rest
	asked := hitCost * min(e.texts, float64(b.farHits))
	all := []probe{s.walk(int(min(max(1.5*enough, asked/4, float64(b.walk)), float64(b.longWalk)))), s.ask(b.farHits)}
	if enough > asked {
		slices.Reverse(all)
	}
	if s.rest == "" || e.rest > float64(b.farHits) {
		return all
	}
	if e.rest < min(enough, asked) {
		return append([]probe{s.sift(b.farHits)}, all...)
	}
	return append(all, s.sift(b.farHits))
}

// estimates are how many rows Postgres believes there to be, at least one of each kind.
type estimates struct {
	of    float64 // bookings of the whole record; 0 when it was never analyzed
	texts float64 // whose texts a search may find
	list  float64 // that the list is walked over
	rest  float64 // of those, the ones that the other conditions find
}

// estimate returns how many rows a search may find. It runs none of its parts.
func (db *store) estimate(ctx context.Context, s *textSearch, args namedArgs) (e estimates, err error) {
	err = db.readOnly(ctx, func(batch *pgx.Batch) {
		queueEstimate(batch, s.index, args, &e.texts)
		e.list, e.rest = 1, 1
		if s.rest != "" || s.narrow {
			queueEstimate(batch, `SELECT FROM bookings b WHERE `+s.among, args, &e.list)
			queueEstimate(batch, `SELECT FROM bookings b WHERE `+cmp.Or(s.rest, s.among), args, &e.rest)
		}
		const of = `SELECT reltuples FROM pg_class WHERE oid = 'bookings'::regclass`
		batch.Queue(of).QueryRow(func(row pgx.Row) error { return row.Scan(&e.of) })
	})
	return e, err
}

func queueEstimate(batch *pgx.Batch, q string, args namedArgs, rows *float64) {
	batch.Queue(`EXPLAIN (FORMAT JSON) `+q, args).QueryRow(func(row pgx.Row) error {
		var plan []struct {
			Plan struct {
				Rows float64 `json:"Plan Rows"`
			}
		}
		if err := row.Scan(&plan); err != nil {
			return err
		}
		*rows = max(1, plan[0].Plan.Rows)
		return nil
	})
}

// look runs one probe of a search. It is done when it has seen the whole list, or everything that the index finds, or when a walk
// has filled the page: in the order of the list, no row that it has not seen comes before those.
func (l listing[T]) look(
	ctx context.Context, db *store, a probe, page Page, args namedArgs,
) (rows []*T, found Found, done bool, err error) {
	most := cmp.Or(l.most, MaxListed)
	enough := page.offset() + page.Limit + 1
	with, inner, counted := l.walked(a.among)
	read := `CASE WHEN page.found < @enough THEN (` + counted + `) ELSE @bound END` // a walk that has enough is not counted
	if a.named != "" {
		enough = max(enough, most+1)
		with, inner, counted = l.indexed(a.named)
		read = `(` + counted + `)`
	}
	args["bound"], args["enough"] = a.bound, enough
	q := with + `SELECT ` + l.columns + `, page.found, ` + read + l.foundOf(inner) + l.ordered("page.place", "page.id")
	var hits, seen int
	err = db.readOnly(ctx, func(batch *pgx.Batch) {
		queuePatience(batch, db.bounds.lookPatience)
		if a.generic {
			batch.Queue(`SET LOCAL plan_cache_mode = force_generic_plan`)
		}
		batch.Queue(q, args).Query(func(r pgx.Rows) (err error) {
			rows, err = pgx.CollectRows(withColumns{r, []any{&hits, &seen}}, l.scan)
			return err
		})
	})
	if err == nil && len(rows) == 0 {
		err = db.readOnly(ctx, func(batch *pgx.Batch) {
			queuePatience(batch, db.bounds.lookPatience)
			batch.Queue(with+counted, args).QueryRow(func(row pgx.Row) error { return row.Scan(&seen) })
		})
	}
	if timedOut(err) { // what is not in memory yet
		err = errTooBroad
	}
	whole := seen < a.bound
	found = Found{Total: min(hits, most), Exact: whole && hits < enough && hits <= most}
	full := a.named == "" && hits >= enough
	return rows, found, full || whole && (len(rows) > 0 || page.Number == 1), err
}

// foundOf is the FROM of the rows of one page of inner, which is a FROM in the list's order. It reads no more of it than is enough; found
// is how many rows that were.
func (l listing[T]) foundOf(inner string) string {
	id := l.alias + `.id`
	return ` FROM (SELECT hit.id, hit.place, count(*) OVER () AS found FROM (
			SELECT ` + id + ` AS id, ` + l.order + ` AS place` + inner + l.ordered(l.order, id) + ` LIMIT @enough) hit` +
		l.ordered("hit.place", "hit.id") + ` LIMIT @limit OFFSET @offset) page
		JOIN ` + l.table + ` ` + l.alias + ` ON ` + id + ` = page.id` + l.beside
}

// walked is the FROM of what a search finds among the first rows that conditions find, and a SELECT of the number of those.
func (l listing[T]) walked(among string) (with, inner, counted string) {
	first := ` FROM ` + l.table + ` ` + l.alias + ` WHERE ` + among + l.ordered(l.order, l.alias+`.id`) + ` LIMIT @bound`
	inner = ` FROM (SELECT *` + first + `) ` + l.alias + ` WHERE ` + l.search.row //nolint:unqueryvet // what the conditions name
	return "", inner, `SELECT count(*) FROM (SELECT` + first + `) first`
}

// indexed is the FROM of what a search finds among the rows that a SELECT names, and a SELECT of the number of those. Both read them
// from the same WITH. The named rows are sorted before they are looked at; LIMIT keeps Postgres from doing it the other way round. As an
// array, the ids are looked up in their own order, in two thirds of the time.
func (l listing[T]) indexed(named string) (with, inner, counted string) {
	first := l.search.among + ` AND ` + l.alias + `.id = ANY(ARRAY(SELECT named.id FROM named))`
	_, inner, _ = l.walked(first)
	return `WITH named AS MATERIALIZED (` + named + ` LIMIT @bound) `, inner, `SELECT count(*) FROM named`
}
