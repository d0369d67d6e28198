package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
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

	Bare bool // without what an answer without includes does not show: see bareColumns
}

// bareColumns select of a booking what timekit.View.Bare shows, and nothing that has to be looked for or decoded beside it: scanBare reads
// them. Of a long page, the rest takes most of the time.
const bareColumns = `
	b.id, b.app_id, b.graph, b.graph_version, b.state, b.completed, b.created_at, b.updated_at,
	b.project_id, b.owner_booking_id, b.reservation_id, b.rescheduled_from, b.rescheduled_to, b.bulk_id, b.units, ` + partsOf + `,
	r.id, r.timezone`

func scanBare(row pgx.CollectableRow) (*booking.Booking, error) {
	var b booking.Booking
	ties := &b.Related
	return &b, row.Scan(&b.ID, &b.AppID, &b.Graph, &b.GraphVersion, &b.State, &b.Completed, &b.CreatedAt, &b.UpdatedAt,
		&ties.Project, &ties.OwnerBooking, &ties.Reservation, &ties.RescheduledFrom, &ties.RescheduledTo, &ties.Bulk, &b.Units, &b.Parts,
		&b.Resource.ID, &b.Resource.Timezone)
}

// bookingKeys are what bookings can be searched by, beside customer.<field> and meta.<key>. Graphs and states are compared by value: see
// resolve.
var bookingKeys = map[string]searchKey{
	"id": byID("b.id %s"), "resource.id": byID("b.resource_id %s"), "calendar.id": byID("b.calendar_id %s"),
	"project.id": byID("b.project_id %s"), "owner_booking.id": byID("b.owner_booking_id %s"),
}

var wholeID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

var customerKeys = map[string]string{
	"name": "lower(t.name)", "email": "lower(t.email)", "phone": "lower(t.phone)", "voip": "lower(t.voip)",
	"timezone": "lower(t.timezone)",
}

var orders = map[string]string{
	"": "b.created_at", "created_at": "b.created_at", "updated_at": "b.updated_at", "completed": "b.completed",
	"graph": "b.graph", "state": "b.state", "event.start": "b.start_at", "event.end": "b.end_at",
}

// createdFrom are the distances, by direction, in whose order bookings were created: no booking was before Holdfast, or is of next year.
var createdFrom = map[bool]string{
	false: "b.created_at <-> timestamptz '2020-01-01 00:00:00+00'", true: "b.created_at <-> now() + interval '3 years'",
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
	if filter.Bare {
		kind.columns, kind.beside, kind.scan = bareColumns, ` JOIN resources r ON r.id = b.resource_id`, scanBare
	}
	kind.where, kind.search = s.render(false)
	if s.windowed && !s.texts() && order == orders["created_at"] {
		kind.search, kind.nearest = nil, createdFrom[filter.Desc]
	}
	if s.texts() || len(s.among)+len(s.conditions) > 0 {
		kind.most = maxSearched
	}
	all, found, err = listRows(ctx, db.store, kind, page, s.args)
	if errors.Is(err, errTooBroad) && len(filter.Terms) == 0 {
		err = fault.Problems{"q": {tooBroad}}.Err()
	}
	if err != nil || found.Total > 0 || page.Follows() || !s.similar() {
		return all, found, err
	}
	return db.listSimilar(ctx, kind, s, page)
}

// listSimilar returns a page of the bookings that have words like those of a search.
func (db *Bookings) listSimilar(
	ctx context.Context, kind listing[booking.Booking], s bookingSearch, page Page,
) ([]*booking.Booking, Found, error) {
	kind.where, kind.search = s.render(true)
	kind.patience = db.bounds.similarPatience
	all, found, err := listRows(ctx, db.store, kind, page, s.args)
	if errors.Is(err, errTooBroad) { // nothing is found, which is true of what was typed
		return nil, Found{Exact: true}, nil
	}
	return all, found, err
}

// word is one word that bookings are searched for by.
type word struct {
	arg    string
	id     bool // it is a whole id
	mail   bool // it is the whole e-mail address of a customer
	digits bool // it may be a part of a telephone number
	named  bool // there are resources with such a name
	long   bool // it has letters, and is long enough for typing errors
	part   bool // its first characters are enough for the index
}

// soughtWords are what makes bookings have all words: in their title or place, in the name of their resource, or in the name, e-mail
// address or telephone number of a customer. Case and accents do not count. Of a telephone number the digits alone are compared.
func soughtWords(words []word, similar bool) (all []sought) {
	var inside, row []string
	for _, w := range words {
		switch {
		case w.id:
		case w.mail:
			all = append(all, sought{table: "customers", where: "lower(t.email) = lower(@" + w.arg + "typed::text)", rank: wholeValue})
		case w.named:
			all = append(all, sought{table: "booking_texts", rank: valueInside,
				where: "(" + w.inside(similar, folded) + ")", row: "(" + w.inside(similar, foldedOnce) + ")",
				or: "b.resource_id IN (SELECT unnest(@" + w.arg + "resources::uuid[]))"})
		default:
			inside, row = append(inside, "("+w.inside(similar, folded)+")"), append(row, "("+w.inside(similar, foldedOnce)+")")
		}
	}
	if len(inside) > 0 {
		where := strings.Join(inside, " AND ")
		all = append(all, sought{table: "booking_texts", where: where, row: strings.Join(row, " AND "), rank: wordsInside})
	}
	return all
}

// folded is an argument as the texts of bookings are folded: of one value, which an index is chosen by.
func folded(arg string) string { return "holdfast_fold(@" + arg + "::text)" }

// foldedOnce is the same in a plan for all values, which would fold it again for each row.
func foldedOnce(arg string) string { return "(SELECT " + folded(arg) + ")" }

// inside is true of texts t of bookings that have the word. The index is asked for a few characters, as each costs time; || keeps the
// rest from it.
func (w word) inside(similar bool, folded func(arg string) string) string {
	text := "t.words LIKE " + folded(w.arg)
	if w.part {
		text = "t.words LIKE " + folded(w.arg+"part") + " AND t.words || '' LIKE " + folded(w.arg)
	}
	if w.digits {
		text += " OR t.words LIKE @" + w.arg + "digits"
	}
	if similar && w.long {
		text += " OR " + folded(w.arg+"typed") + " <% t.words"
	}
	return text
}

// calledSo selects the first 1,000 resources with a word in their name. A rare one is found by the index of names; what many names have is
// among the first resources soon, and those are not sorted.
const calledSo = `
	WITH named AS MATERIALIZED (
		SELECT id, created_at FROM resources WHERE app_id = @app AND folded LIKE holdfast_fold(@word::text) LIMIT 3001)
	(SELECT id FROM named WHERE (SELECT count(*) FROM named) <= 3000 ORDER BY created_at, id LIMIT 1000)
	UNION ALL
	(SELECT id FROM ((` + calledAmong + ` AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1000)
		UNION ALL (` + calledAmong + ` AND deleted_at IS NOT NULL ORDER BY created_at, id LIMIT 1000)) walked
		WHERE (SELECT count(*) FROM named) > 3000 ORDER BY created_at, id LIMIT 1000)`

// calledAmong selects resources by their names, one by one.
const calledAmong = `
	SELECT id, created_at FROM resources WHERE app_id = @app AND COALESCE(folded || '' LIKE holdfast_fold(@word::text), false)`

// readWords takes in words, and looks for resources that are called so.
func (s *bookingSearch) readWords(ctx context.Context, db *store, words []string) error {
	if len(words) == 0 {
		return nil
	}
	const mail = `SELECT EXISTS (SELECT FROM customers WHERE app_id = @app AND lower(email) = lower(@typed::text))`
	s.words = make([]word, len(words))
	for i, typed := range words {
		s.readWord(&s.words[i], fmt.Sprintf("word%d", i), typed)
	}
	return db.readOnly(ctx, func(batch *pgx.Batch) {
		for i, typed := range words {
			w := &s.words[i]
			if w.id {
				continue
			}
			args := namedArgs{"app": s.args["app"], "word": s.args[w.arg], "typed": s.args[w.arg+"typed"]}
			if before, after, ok := strings.Cut(typed, "@"); ok && before != "" && after != "" {
				batch.Queue(mail, args).QueryRow(func(row pgx.Row) error { return row.Scan(&w.mail) })
			}
			batch.Queue(calledSo, args).Query(func(rows pgx.Rows) error {
				ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
				w.named, s.args[w.arg+"resources"] = len(ids) > 0, ids
				return err
			})
		}
	})
}

// readWord takes in one word, as far as it says itself what it may be.
func (s *bookingSearch) readWord(w *word, arg, typed string) {
	w.arg, w.id = arg, wholeID.MatchString(typed)
	w.long = utf8.RuneCountInString(typed) >= similarFrom && strings.ContainsFunc(typed, unicode.IsLetter)
	if w.id {
		s.args[w.arg] = typed
		s.add("b.id = @%s::uuid", w.arg)
		return
	}
	plain := strings.ReplaceAll(typed, "*", "")
	s.args[w.arg], s.args[w.arg+"typed"] = "%"+literal(plain)+"%", plain
	var digits string
	if digits, w.digits = phoneDigits(typed); w.digits {
		s.args[w.arg+"digits"] = "%" + digits + "%"
	}
	if runes := []rune(plain); len(runes) > indexedPart {
		w.part, s.args[w.arg+"part"] = true, "%"+literal(string(runes[:indexedPart]))+"%"
	}
}

// indexedPart is how many characters of a word the index is asked for.
const indexedPart = 12

// similarFrom is how many characters a word has at least that is looked for with typing errors.
const similarFrom = 4

// similar reports whether a search that finds nothing is worth another try, with typing errors.
func (s *bookingSearch) similar() bool {
	for _, w := range s.words {
		if w.long && !w.id && !w.mail {
			return true
		}
	}
	return false
}

// phoneDigits are the digits of what may be a part of a telephone number, three or more of them, as they stand in booking_texts: as
// capitals. Signs may be between them.
func phoneDigits(word string) (string, bool) {
	var digits strings.Builder
	for _, r := range word {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r - '0' + 'A')
		case !strings.ContainsRune("+-()./", r):
			return "", false
		}
	}
	return digits.String(), digits.Len() >= 3
}

// queueTexts writes what a new booking is found by.
func queueTexts(batch *pgx.Batch, args namedArgs) {
	const q = `
		INSERT INTO booking_texts (booking_id, words, meta)
		SELECT @id, concat_ws(E'\n', holdfast_fold(@what::text), holdfast_fold(@where::text), (
			SELECT string_agg(holdfast_customer_words(p), E'\n' ORDER BY p.id) FROM customers p WHERE p.booking_id = @id)),
			lower(@meta::jsonb::text) WHERE ` + begun
	batch.Queue(q, args)
}
