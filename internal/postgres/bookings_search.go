package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// bookingSearch is a filter as conditions on bookings b.
type bookingSearch struct {
	args       namedArgs
	among      []string // of a resource or calendar, which have their bookings in an index
	conditions []string
	hinted     []string // conditions that a hint among sought says, too
	sought     []sought
	words      []word
	windowed   bool // a window is among the conditions
}

// sought is a condition on texts that stand beside bookings.
type sought struct {
	table string // with its alias t
	where string
	row   string // the same for one row at a time; "" = where
	hint  bool   // another condition says the same, without the index
	or    string // a condition on bookings b that does as well; mostly ""
	rank  int    // how many bookings it may find, compared with others
}

// The ranks of what is sought.
const (
	wholeValue = iota
	wholeMeta
	wordsInside
	valueBeginning
	valueInside
)

// rankOf is the rank of a pattern.
func rankOf(pattern string, whole int) int {
	switch {
	case strings.HasPrefix(pattern, "*"):
		return valueInside
	case strings.HasSuffix(pattern, "*"):
		return valueBeginning
	}
	return whole
}

// anywhere is the condition as it leaves Postgres to choose where to begin.
func (c sought) anywhere() string {
	return c.orOther(`EXISTS (SELECT FROM ` + c.table + ` t WHERE t.booking_id = b.id AND ` + c.where + `)`)
}

// byRow is the condition as it looks at the texts of one booking. OFFSET 0 keeps Postgres from looking at all texts.
func (c sought) byRow() string {
	of := `(SELECT * FROM ` + c.table + ` t WHERE t.booking_id = b.id OFFSET 0) t` //nolint:unqueryvet // what the condition names
	return c.orOther(`EXISTS (SELECT FROM ` + of + ` WHERE ` + cmp.Or(c.row, c.where) + `)`)
}

func (c sought) orOther(condition string) string {
	if c.or == "" {
		return condition
	}
	return `(` + c.or + ` OR ` + condition + `)`
}

// byIndex selects the ids of the bookings whose texts have it.
func (c sought) byIndex() string {
	q := `SELECT t.booking_id AS id FROM ` + c.table + ` t WHERE ` + c.where
	if c.or != "" {
		q += ` UNION ALL SELECT b.id FROM bookings b WHERE b.app_id = @app AND ` + c.or
	}
	return q
}

func (s *bookingSearch) add(condition string, args ...any) {
	s.conditions = append(s.conditions, fmt.Sprintf(condition, args...))
}

// texts reports whether the search looks into texts.
func (s *bookingSearch) texts() bool { return len(s.sought)+len(s.words) > 0 }

// render joins the conditions; similar lets words have typing errors. Without texts or a window there is no text search.
func (s *bookingSearch) render(similar bool) (where string, search *textSearch) {
	texts := append(slices.Clone(s.sought), soughtWords(s.words, similar)...)
	among := append([]string{"b.app_id = @app"}, s.among...)
	whole, rows := slices.Concat(among, s.conditions, s.hinted), slices.Concat([]string{"true"}, s.conditions, s.hinted)
	for _, c := range texts {
		whole = append(whole, c.anywhere())
		if !c.hint {
			rows = append(rows, c.byRow())
		}
	}
	where = strings.Join(whole, " AND ")
	search = &textSearch{
		among: strings.Join(among, " AND "), narrow: len(s.among) > 0, row: strings.Join(rows, " AND "), similar: similar,
	}
	switch {
	case len(texts) == 0 && !s.windowed:
		return where, nil
	case len(texts) == 0:
		search.index, search.window = `SELECT b.id FROM bookings b WHERE `+strings.Join(append(among, overlap), " AND "), true
		return where, search
	case len(s.conditions) > 0:
		search.rest = strings.Join(append(among, s.conditions...), " AND ")
	}
	search.index = slices.MinFunc(texts, func(a, b sought) int { return cmp.Compare(a.rank, b.rank) }).byIndex()
	return where, search
}

func (s *bookingSearch) read(ctx context.Context, db *store, f Filter) error {
	for i, term := range f.Terms {
		if err := s.term(ctx, db, fmt.Sprintf("term%d", i), term); err != nil {
			return err
		}
	}
	if err := s.window(ctx, db, f); err != nil {
		return err
	}
	if f.Bookable {
		s.add(`EXISTS (SELECT FROM sessions s WHERE s.booking_id = b.id AND s.open AND s.taken < s.max_seats
			AND b.start_at > ` + appNow + ` AND COALESCE(s.book_from <= ` + appNow + `, true)
			AND COALESCE(s.book_until >= ` + appNow + `, true))`)
	}
	return s.readWords(ctx, db, f.Words)
}

// appNow is the time of the app, which is read once for a statement.
const appNow = `(SELECT holdfast_now(@app))`

// A list by time looks back from its window for bookings that have begun before it: as far as these are long, where none that overlaps the
// window is longer. Each length has an index of the bookings that exceed it. The day is one on which the clocks go back, the week has 168
// hours.
const (
	shortBooking = `interval '3 hours'`
	dayBooking   = `interval '25 hours'`
	longBooking  = `interval '168 hours'`
)

// overlap is true of bookings that overlap a window, with the index of their ranges.
const overlap = "tstzrange(b.start_at, b.end_at) && tstzrange(@after, @before)"

// around is true of bookings that overlap a window of which an end may be open. An index of ends reads them from its beginning on.
const around = `b.app_id = @app AND (@after::timestamptz IS NULL OR b.end_at > @after)
	AND (@before::timestamptz IS NULL OR b.start_at < @before)`

// ends are the conditions on each end of a window by itself.
func (f Filter) ends() (all []string) {
	if f.Start != nil {
		all = append(all, "b.end_at > @after")
	}
	if f.End != nil {
		all = append(all, "b.start_at < @before")
	}
	return all
}

// window is true of bookings that overlap a stretch of time. A list by start or by end reads the stretch from the index of its order:
// nothing begins long before it that reaches into it, unless there are long bookings, which have an index of their own.
func (s *bookingSearch) window(ctx context.Context, db *store, f Filter) error {
	if f.Start == nil && f.End == nil {
		return nil
	}
	s.args["after"], s.args["before"] = f.Start, f.End
	outside := f.ends()
	if f.Start != nil && f.End != nil && !f.Start.Before(*f.End) {
		s.conditions = append(s.conditions, outside...)
		return nil
	}
	s.windowed = true
	if orders[f.Order] != "b.start_at" && orders[f.Order] != "b.end_at" {
		s.add(overlap)
		if f.Start == nil || f.End == nil { // one end is compared by the index of its order
			s.conditions = append(s.conditions, outside...)
		}
		return nil
	}
	longest, err := longestAround(ctx, db, s.args)
	if err != nil || longest == "" {
		s.add(overlap)
		return err
	}
	// Without other conditions the index of the order has the page at the beginning of what it reads.
	s.windowed = len(s.conditions)+len(s.among)+len(s.sought)+len(s.hinted)+len(f.Words) > 0 || f.Bookable
	s.conditions = append(s.conditions, outside...)
	if f.Start != nil {
		s.add("b.start_at >= @after::timestamptz - %s", longest)
	}
	if f.End != nil {
		s.add("b.end_at <= @before::timestamptz + %s", longest)
	}
	return nil
}

// longestAround is the least of the lengths that no booking around the window of args exceeds; "" where there are longer ones than a week.
func longestAround(ctx context.Context, db *store, args namedArgs) (longest string, err error) {
	const exceeds = `EXISTS (SELECT FROM bookings b WHERE ` + around + ` AND b.end_at - b.start_at > `
	const q = `SELECT ` + exceeds + shortBooking + `), ` + exceeds + dayBooking + `), ` + exceeds + longBooking + `)`
	var hours, days, weeks bool
	err = db.readOnly(ctx, func(batch *pgx.Batch) {
		batch.Queue(q, args).QueryRow(func(row pgx.Row) error { return row.Scan(&hours, &days, &weeks) })
	})
	switch {
	case err != nil, weeks:
		return "", err
	case days:
		return longBooking, nil
	case hours:
		return dayBooking, nil
	}
	return shortBooking, nil
}

func (s *bookingSearch) term(ctx context.Context, db *store, arg string, t Term) error {
	field, ofCustomer := strings.CutPrefix(t.Key, "customer.")
	key, ofMeta := strings.CutPrefix(t.Key, "meta.")
	known, ok := bookingKeys[t.Key]
	named := t.Key == "graph" || t.Key == "graph_version" || t.Key == "state" || t.Key == "completed"
	if err := t.check(ok || named || ofCustomer || ofMeta, "bookings"); err != nil {
		return err
	}
	switch {
	case ok:
		return s.byKey(ctx, db, arg, known, t)
	case t.Key == "completed":
		s.args[arg] = slices.DeleteFunc([]bool{true, false}, func(value bool) bool { return !t.matches(strconv.FormatBool(value)) })
		s.add("b.completed = ANY(@%s::boolean[])", arg)
		return nil
	case t.Key == "graph_version":
		s.version(arg, t.Value)
		return nil
	case named:
		values, err := s.resolve(ctx, db, t)
		s.args[arg] = values
		s.add("b.%s = ANY(@%s::text[])", t.Key, arg)
		return err
	case ofCustomer:
		s.customer(arg, field, t)
	case ofMeta:
		s.args[arg], s.args[arg+"key"] = likePattern(t.Value), key
		matched := fmt.Sprintf(matching, "lower(b.meta->>@"+arg+"key)", arg)
		texts := s.within(arg, "t.meta", key, t.Value)
		if texts == "" {
			s.conditions = append(s.conditions, matched)
			break
		}
		s.hinted = append(s.hinted, matched)
		s.sought = append(s.sought, sought{table: "booking_texts", where: texts, hint: true, rank: rankOf(t.Value, wholeMeta)})
	}
	return nil
}

// version is true of bookings of a version of their graph. A whole number is compared as one, which an index serves.
func (s *bookingSearch) version(arg, value string) {
	if n, err := strconv.ParseInt(value, 10, 32); err == nil {
		s.args[arg] = n
		s.add("b.graph_version = @%s::integer", arg)
		return
	}
	s.args[arg] = likePattern(value)
	s.add("b.graph_version::text LIKE @%s::text", arg)
}

// byKey is true of bookings with an id.
func (s *bookingSearch) byKey(ctx context.Context, db *store, arg string, key searchKey, t Term) error {
	compared, err := t.compared(key.id, arg, s.args)
	switch {
	case err != nil:
		return err
	case t.Key == "resource.id":
		return s.taken(ctx, db, fmt.Sprintf(key.condition, compared), `y.resource_id `+compared)
	case t.Key == "calendar.id":
		const owner = `y.resource_id IN (SELECT c.resource_id FROM calendars c WHERE c.id %[1]s) AND y.calendar_id %[1]s`
		return s.taken(ctx, db, fmt.Sprintf(key.condition, compared), fmt.Sprintf(owner, compared))
	default:
		s.add(key.condition, compared)
	}
	return nil
}

// taken is true of bookings whose first resource fits a condition or, where there are such bookings, another one y fits its own. Looking
// for those first leaves the usual search its index.
func (s *bookingSearch) taken(ctx context.Context, db *store, condition, other string) error {
	others := `FROM booking_resources y WHERE y.nth > 0 AND ` + other
	var beside bool
	if err := db.pool.QueryRow(ctx, `SELECT EXISTS (SELECT `+others+`)`, s.args).Scan(&beside); err != nil {
		return err
	}
	if beside {
		condition = "(" + condition + " OR b.id = ANY(ARRAY(SELECT y.booking_id " + others + ")))"
	}
	s.among = append(s.among, condition)
	return nil
}

// customer is true of bookings with a customer who has a value.
func (s *bookingSearch) customer(arg, field string, t Term) {
	s.args[arg] = likePattern(t.Value)
	c := sought{table: "customers", rank: rankOf(t.Value, wholeValue)}
	if column := customerKeys[field]; column != "" {
		c.where = column + " LIKE lower(@" + arg + "::text)"
	} else {
		s.args[arg+"key"] = field
		c.where, c.rank = fmt.Sprintf(matching, "lower(t.meta->>@"+arg+"key)", arg), max(c.rank, wholeMeta)
		if texts := s.within(arg, "lower(t.meta::text)", field, t.Value); texts != "" {
			c.where += " AND " + texts
		}
	}
	s.sought = append(s.sought, c)
}

// within is true of JSON, as text in lower case, that may have a value under a key: as far as the index of its text can decide.
func (s *bookingSearch) within(arg, text, key, value string) string {
	part := strings.Trim(value, "*")
	switch {
	case plainJSON(part) && utf8.RuneCountInString(part) >= 3: // which an index of three characters has
		s.args[arg+"part"] = "%" + literal(part) + "%"
	case plainJSON(key):
		s.args[arg+"part"] = `%"` + literal(key) + `": %`
	default:
		return ""
	}
	return fmt.Sprintf("%s LIKE lower(@%spart::text)", text, arg)
}

// matching compares a value that Postgres has no statistics of. Its guess would be that hardly any matches; with COALESCE it is a half, and
// the index of the text decides.
const matching = "COALESCE(%s LIKE lower(@%s::text), false)"

// plainJSON reports whether a text stands in JSON as it is.
func plainJSON(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == '*' })
}

// matches compares a term's value with a text in lower case.
func (t Term) matches(text string) bool {
	value := strings.ToLower(t.Value)
	rest, open := strings.CutPrefix(value, "*")
	prefix, ends := rest, false
	if len(t.Value) > 1 {
		prefix, ends = strings.CutSuffix(rest, "*")
	}
	switch {
	case open && ends:
		return strings.Contains(text, prefix)
	case open:
		return strings.HasSuffix(text, rest)
	case ends:
		return strings.HasPrefix(text, prefix)
	}
	return text == value
}

// resolve returns the graphs or states of the app's bookings that a term's pattern stands for. Their values, rather than the pattern,
// let Postgres choose an index by how frequent they are. It reads one row of the index for each value that there is.
func (s *bookingSearch) resolve(ctx context.Context, db *store, t Term) ([]string, error) {
	if !strings.HasPrefix(t.Value, "*") && !strings.HasSuffix(t.Value, "*") {
		return []string{strings.ToLower(t.Value)}, nil
	}
	const graphsOf = `
		WITH RECURSIVE known AS (
			(SELECT graph AS name FROM bookings WHERE app_id = @app ORDER BY graph LIMIT 1) UNION ALL
			SELECT (SELECT b.graph FROM bookings b WHERE b.app_id = @app AND b.graph > known.name ORDER BY b.graph LIMIT 1)
			FROM known WHERE known.name IS NOT NULL)
		SELECT name FROM known WHERE name IS NOT NULL`
	const statesOf = `
		WITH RECURSIVE known AS (
			(SELECT state AS name FROM bookings WHERE app_id = @app ORDER BY state LIMIT 1) UNION ALL
			SELECT (SELECT b.state FROM bookings b WHERE b.app_id = @app AND b.state > known.name ORDER BY b.state LIMIT 1)
			FROM known WHERE known.name IS NOT NULL)
		SELECT name FROM known WHERE name IS NOT NULL`
	q := graphsOf
	if t.Key == "state" {
		q = statesOf
	}
	rows, err := db.pool.Query(ctx, q, s.args)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return slices.DeleteFunc(all, func(name string) bool { return !t.matches(name) }), err
}
