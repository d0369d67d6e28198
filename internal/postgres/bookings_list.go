package postgres

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// Filter chooses bookings of an app. Terms are joined by AND.
type Filter struct {
	Terms []Term
	Words []string   // each stands somewhere in the texts of a booking; see words
	Start *time.Time // only bookings that end after it
	End   *time.Time // only bookings that start before it
	Order string     // a key of orders; "" = created_at
	Desc  bool

	Bookable bool // only sessions that have a seat and take bookings now
}

// bookingKeys are what bookings can be searched by, beside customer.<field> and meta.<key>. Graphs and states are compared by value: see
// resolve.
var bookingKeys = map[string]searchKey{
	"id": byID("b.id %s"), "resource.id": byID("b.resource_id %s"), "calendar.id": byID("b.calendar_id %s"),
	"project.id": byID("b.project_id %s"), "owner_booking.id": byID("b.owner_booking_id %s"),
}

var wholeID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

var customerKeys = map[string]string{
	"name": "lower(p.name)", "email": "lower(p.email)", "phone": "lower(p.phone)", "voip": "lower(p.voip)",
	"timezone": "lower(p.timezone)",
}

var orders = map[string]string{
	"": "b.created_at", "created_at": "b.created_at", "updated_at": "b.updated_at", "completed": "b.completed",
	"graph": "b.graph", "state": "b.state", "event.start": "b.start_at", "event.end": "b.end_at",
}

// ListBookings returns one page of an app's bookings, and what is known of the others. Invalid names the key or order that is not
// known. When no booking has all words, those are returned whose words are similar.
func (db *Bookings) ListBookings(
	ctx context.Context, appID uuid.UUID, filter Filter, page Page,
) (all []*booking.Booking, found Found, err error) {
	order, ok := orders[filter.Order]
	if !ok {
		return nil, Found{}, fault.Problems{"orderBy": {"is not a column bookings can be sorted by"}}.Err()
	}
	s := bookingSearch{args: namedArgs{"app": appID}}
	if err := s.read(ctx, db.store, filter); err != nil {
		return nil, Found{}, err
	}
	kind := listing[booking.Booking]{
		columns: bookingColumns, table: "bookings", alias: "b", beside: bookingBeside,
		order: order, desc: filter.Desc, changed: "b.updated_at",
		scan: func(row pgx.CollectableRow) (*booking.Booking, error) { return scanBooking(row) },
	}
	kind.where = s.where(false)
	if s.texts || len(s.conditions) > 1 {
		kind.most = MaxSearched
	}
	all, found, err = listRows(ctx, db.store, kind, page, s.args)
	if err != nil || found.Total > 0 || page.Follows() || !s.similar() {
		return all, found, err
	}
	kind.where = s.where(true)
	kind.patience = similarPatience
	all, found, err = listRows(ctx, db.store, kind, page, s.args)
	if timedOut(err) { // nothing is found, which is true of what was typed
		return nil, Found{Exact: true}, nil
	}
	return all, found, err
}

// bookingSearch is a filter as conditions on bookings b.
type bookingSearch struct {
	args       namedArgs
	conditions []string
	words      []word
	texts      bool // it looks into texts
}

func (s *bookingSearch) add(condition string, args ...any) {
	s.conditions = append(s.conditions, fmt.Sprintf(condition, args...))
}

// where joins the conditions; similar lets words have typing errors.
func (s *bookingSearch) where(similar bool) string {
	all := append([]string{"b.app_id = @app"}, s.conditions...)
	for _, w := range s.words {
		all = append(all, w.condition(similar))
	}
	return strings.Join(all, " AND ")
}

func (s *bookingSearch) read(ctx context.Context, db *store, f Filter) error {
	for i, term := range f.Terms {
		if err := s.term(ctx, db, fmt.Sprintf("term%d", i), term); err != nil {
			return err
		}
	}
	s.window(f.Start, f.End)
	if f.Bookable {
		s.add(`EXISTS (SELECT FROM sessions s WHERE s.booking_id = b.id AND s.open AND s.taken < s.max_seats
			AND b.start_at > now() AND COALESCE(s.book_from <= now(), true) AND COALESCE(s.book_until >= now(), true))`)
	}
	return s.readWords(ctx, db, f.Words)
}

// window is true of bookings that overlap a stretch of time, with the index of their ranges.
func (s *bookingSearch) window(start, end *time.Time) {
	if start == nil && end == nil {
		return
	}
	if start != nil && end != nil && !start.Before(*end) {
		s.add("b.end_at > @after AND b.start_at < @before")
	} else {
		s.add("tstzrange(b.start_at, b.end_at) && tstzrange(@after, @before)")
	}
	s.args["after"], s.args["before"] = start, end
}

func (s *bookingSearch) term(ctx context.Context, db *store, arg string, t Term) error {
	field, ofCustomer := strings.CutPrefix(t.Key, "customer.")
	key, ofMeta := strings.CutPrefix(t.Key, "meta.")
	known, ok := bookingKeys[t.Key]
	named := t.Key == "graph" || t.Key == "state" || t.Key == "completed"
	if err := t.check(ok || named || ofCustomer || ofMeta, "bookings"); err != nil {
		return err
	}
	switch {
	case ok:
		compared, err := t.compared(known.id, arg, s.args)
		s.add(known.condition, compared)
		return err
	case t.Key == "completed":
		s.args[arg] = slices.DeleteFunc([]bool{true, false}, func(value bool) bool { return !t.matches(strconv.FormatBool(value)) })
		s.add("b.completed = ANY(@%s::boolean[])", arg)
		return nil
	case named:
		values, err := s.resolve(ctx, db, t)
		s.args[arg] = values
		s.add("b.%s = ANY(@%s::text[])", t.Key, arg)
		return err
	case ofCustomer:
		s.texts = true
		s.customer(arg, field, t)
	case ofMeta:
		s.texts = true
		s.args[arg], s.args[arg+"key"] = likePattern(t.Value), key
		s.add(matching, "lower(b.meta->>@"+arg+"key)", arg)
		if texts := s.within(arg, "x.meta", key, t.Value); texts != "" {
			s.add("EXISTS (SELECT FROM booking_texts x WHERE x.booking_id = b.id%s)", texts)
		}
	}
	return nil
}

// customer is true of bookings with a customer who has a value.
func (s *bookingSearch) customer(arg, field string, t Term) {
	s.args[arg] = likePattern(t.Value)
	column, texts := customerKeys[field], ""
	if column == "" {
		s.args[arg+"key"] = field
		column, texts = "lower(p.meta->>@"+arg+"key)", cmp.Or(s.within(arg, "lower(p.meta::text)", field, t.Value), " ")
	}
	condition := column + " LIKE lower(@" + arg + "::text)"
	if texts != "" {
		condition = fmt.Sprintf(matching, column, arg) + texts
	}
	s.add("EXISTS (SELECT FROM customers p WHERE p.booking_id = b.id AND %s)", condition)
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
	return fmt.Sprintf(" AND %s LIKE lower(@%spart::text)", text, arg)
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
