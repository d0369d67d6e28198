package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// Page is a stretch of a list; Number counts from 1.
type Page struct {
	Number int
	Limit  int
}

func (p Page) offset() int { return (p.Number - 1) * p.Limit }

// Filter chooses bookings of an app. Terms are joined by AND; each value may start or end with "*" and is compared
// without regard to case.
type Filter struct {
	Terms []Term
	Words []string   // each stands somewhere in what people know of a booking; see wordCondition
	Start *time.Time // only bookings that end after it
	End   *time.Time // only bookings that start before it
	Order string     // a key of orders; "" = created_at
	Desc  bool

	Bookable bool // only sessions that have a seat and take bookings now
}

// Term is one "key:value" of a search.
type Term struct{ Key, Value string }

// searchKeys are the columns a search may name; customer.<field> and meta.<key> are open ended.
var searchKeys = map[string]string{
	"id": "b.id::text", "graph": "b.graph", "state": "b.state", "completed": "b.completed::text",
	"resource.id": "b.resource_id::text", "calendar.id": "b.calendar_id::text", "project.id": "b.project_id::text",
	"owner_booking.id": "b.owner_booking_id::text",
}

// idColumns are the columns of ids: a whole id is compared as one, which has an index.
var idColumns = map[string]string{
	"id": "b.id", "resource.id": "b.resource_id", "calendar.id": "b.calendar_id", "project.id": "b.project_id",
	"owner_booking.id": "b.owner_booking_id",
}

var wholeID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

var customerKeys = map[string]string{
	"name": "p.name", "email": "p.email", "phone": "p.phone", "voip": "p.voip", "timezone": "p.timezone",
}

var orders = map[string]string{
	"": "b.created_at", "created_at": "b.created_at", "updated_at": "b.updated_at", "completed": "b.completed",
	"graph": "b.graph", "state": "b.state", "event.start": "b.start_at", "event.end": "b.end_at",
}

// ListBookings returns one page of an app's bookings and how many there are. Invalid names the key or order that is not
// known.
func (db *Bookings) ListBookings(ctx context.Context, appID uuid.UUID, filter Filter, page Page) ([]*booking.Booking, int, error) {
	args := namedArgs{"app": appID, "limit": page.Limit, "offset": page.offset()}
	where, err := filter.where(args)
	if err != nil {
		return nil, 0, err
	}
	order, ok := orders[filter.Order]
	if !ok {
		return nil, 0, fault.Problems{"orderBy": {"is not a column bookings can be sorted by"}}.Err()
	}
	direction := "ASC"
	if filter.Desc {
		direction = "DESC"
	}
	q := fmt.Sprintf(`SELECT %s %s WHERE %s ORDER BY %s %s, b.id %s LIMIT @limit OFFSET @offset`,
		bookingColumns, bookingFrom, where, order, direction, direction)
	var list []*booking.Booking
	var total int
	batch := &pgx.Batch{}
	batch.Queue(q, args).Query(func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*booking.Booking, error) { return scanBooking(row) })
		return err
	})
	batch.Queue(`SELECT count(*) FROM bookings b WHERE `+where, args).QueryRow(func(row pgx.Row) error { return row.Scan(&total) })
	return list, total, db.pool.SendBatch(ctx, batch).Close()
}

func (f Filter) where(args namedArgs) (string, error) {
	conditions := []string{"b.app_id = @app"}
	for i, term := range f.Terms {
		condition, err := term.condition(fmt.Sprintf("term%d", i), args)
		if err != nil {
			return "", err
		}
		conditions = append(conditions, condition)
	}
	for i, word := range f.Words {
		conditions = append(conditions, wordCondition(word, fmt.Sprintf("word%d", i), args))
	}
	if f.Start != nil {
		args["after"] = *f.Start
		conditions = append(conditions, "b.end_at > @after")
	}
	if f.End != nil {
		args["before"] = *f.End
		conditions = append(conditions, "b.start_at < @before")
	}
	if f.Bookable {
		conditions = append(conditions, `EXISTS (SELECT FROM sessions s WHERE s.booking_id = b.id AND s.open AND s.taken < s.max_seats
			AND b.start_at > now() AND COALESCE(s.book_from <= now(), true) AND COALESCE(s.book_until >= now(), true))`)
	}
	return strings.Join(conditions, " AND "), nil
}

// condition renders a term; names and values only ever travel as arguments.
func (t Term) condition(arg string, args namedArgs) (string, error) {
	for _, text := range []string{t.Key, t.Value} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return "", fault.Problems{"search": {"must be UTF-8 text without null characters"}}.Err()
		}
	}
	args[arg] = likePattern(t.Value)
	if column, ok := idColumns[t.Key]; ok && wholeID.MatchString(t.Value) {
		args[arg] = t.Value
		return fmt.Sprintf("%s = @%s::uuid", column, arg), nil // by the index
	}
	if column, ok := searchKeys[t.Key]; ok {
		return fmt.Sprintf("%s ILIKE @%s", column, arg), nil
	}
	if field, ok := strings.CutPrefix(t.Key, "customer."); ok {
		column, known := customerKeys[field]
		if !known {
			args[arg+"key"] = field
			column = fmt.Sprintf("p.meta->>@%skey", arg)
		}
		return fmt.Sprintf("EXISTS (SELECT FROM customers p WHERE p.booking_id = b.id AND %s ILIKE @%s)", column, arg), nil
	}
	if key, ok := strings.CutPrefix(t.Key, "meta."); ok {
		args[arg+"key"] = key
		return fmt.Sprintf("b.meta->>@%skey ILIKE @%s", arg, arg), nil
	}
	return "", fault.Problems{"search": {fmt.Sprintf("%q is not a key bookings can be searched by", t.Key)}}.Err()
}

// likePattern turns "*" at either end into "%" and takes everything else literally.
func likePattern(value string) string {
	before, after := strings.HasPrefix(value, "*"), strings.HasSuffix(value, "*") && len(value) > 1
	value = strings.TrimPrefix(value, "*")
	if after {
		value = strings.TrimSuffix(value, "*")
	}
	value = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(value)
	if before {
		value = "%" + value
	}
	if after {
		value += "%"
	}
	return value
}
