package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// recorder keeps the statements of batches, and those that go out alone.
type recorder struct {
	mu   sync.Mutex
	sent []statementSent
}

type statementSent struct {
	sql  string
	args []any
}

func (r *recorder) keep(sql string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, statementSent{sql, args})
}

func (r *recorder) take() []statementSent {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (r *recorder) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	r.keep(data.SQL, data.Args)
}
func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.keep(data.SQL, data.Args)
	return ctx
}
func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// crowdedLists fills the record of one app, beside that of another: a sixth of 30,000 bookings and calendar events, and of 6,000 things of
// every other kind.
const crowdedLists = `
	SET LOCAL session_replication_role = replica;
	INSERT INTO apps (id, name, slug, webhook_secret) SELECT md5('a' || a)::uuid, 'a' || a, 'a' || a, '' FROM generate_series(1, 2) a;
	INSERT INTO resources (id, app_id, name, email, timezone)
		SELECT md5('r' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, 'Room ' || n, 'r' || n || '@example.com', 'Europe/Berlin' FROM generate_series(1, 6000) n;
	INSERT INTO calendars (id, app_id, resource_id, name)
		SELECT md5('c' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, md5('r' || n)::uuid, 'Calendar ' || n FROM generate_series(1, 6000) n;
	INSERT INTO projects (id, app_id, name, slug) SELECT md5('p' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, 'Project ' || n, 'p' || n FROM generate_series(1, 6000) n;
	INSERT INTO services (id, app_id, name) SELECT md5('s' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, 'Service ' || n FROM generate_series(1, 6000) n;
	INSERT INTO locations (id, app_id, name) SELECT md5('l' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, 'Place ' || n FROM generate_series(1, 6000) n;
	INSERT INTO resource_credentials (id, app_id, resource_id, type, hint, hash)
		SELECT md5('t' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, md5('r' || n)::uuid, 'server-token', '', md5('t' || n)::bytea FROM generate_series(1, 6000) n;
	INSERT INTO public_links (id, app_id, project_id, code, title)
		SELECT md5('y' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, md5('p' || n)::uuid, 'y' || n, 'Link ' || n FROM generate_series(1, 6000) n;
	INSERT INTO calendar_events (id, app_id, resource_id, calendar_id, start_at, end_at, what)
		SELECT md5('v' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, md5('r' || 1 + n % 400)::uuid, md5('c' || 1 + n % 400)::uuid,
			'2026-01-01'::timestamptz + n * interval '1 minute', '2026-01-01'::timestamptz + n * interval '1 minute' + interval '30 minutes', 'Lunch ' || n
		FROM generate_series(1, 30000) n;
	INSERT INTO payments (id, app_id, booking_id, account_id, provider, code, kind, capture, currency, amount, state, expires_at, created_at, updated_at)
		SELECT md5('m' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, md5('b' || n)::uuid, md5('f')::uuid, 'stripe', 'm' || n, 'full', 'now', 'EUR', 4500,
			CASE WHEN n % 1000 = 999 THEN 'failed' ELSE 'captured' END, '2026-01-01', '2025-12-01'::timestamptz + n * interval '1 minute',
			'2025-12-01'::timestamptz + n * interval '1 minute'
		FROM generate_series(1, 30000) n;
	UPDATE payments SET late = created_at < '2025-12-01'::timestamptz + interval '3 hours', disputed = state = 'failed';
	INSERT INTO refunds (id, payment_id, app_id, booking_id, currency, amount, reason, state)
		SELECT md5('g' || n)::uuid, md5('m' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, md5('b' || n)::uuid, 'EUR', 100, 'owner',
			CASE WHEN n % 1000 = 998 THEN 'failed' ELSE 'succeeded' END
		FROM generate_series(1, 30000) n;
	INSERT INTO bookings (id, app_id, resource_id, calendar_id, event_id, graph, graph_version, state, start_at, end_at, what, where_at, description,
			participants, settings, meta, created_at, updated_at, completed)
		SELECT md5('b' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, md5('r' || 1 + n % 400)::uuid, md5('c' || 1 + n % 400)::uuid, md5('e' || n)::uuid,
			CASE n % 5 WHEN 0 THEN 'confirm_decline' ELSE 'instant' END, 1, CASE WHEN n % 10 < 6 THEN 'completed' WHEN n % 1000 = 999 THEN 'error' ELSE 'confirmed' END,
			'2026-01-01'::timestamptz + n * interval '1 minute', '2026-01-01'::timestamptz + n * interval '1 minute' + interval '30 minutes',
			'Haircut ' || n, '', '', '[]', '{}', jsonb_build_object('ticket', 'T-' || n),
			'2025-12-01'::timestamptz + n * interval '1 minute', '2025-12-01'::timestamptz + n * interval '1 minute', n % 10 < 6
		FROM generate_series(1, 30000) n;
	INSERT INTO customers (id, app_id, booking_id, name, email, phone, voip, timezone, meta)
		SELECT md5('k' || n)::uuid, md5('a' || 1 + (n % 6 > 0)::int)::uuid, md5('b' || n)::uuid, 'Ann ' || translate(md5((n % 9999)::text), '0123456789', 'ghijklmnop'),
			translate(md5((n % 9999)::text), '0123456789', 'ghijklmnop') || '@example.org', '+49 170 ' || n * 7, '', 'Europe/Berlin', '{"note": "x"}'
		FROM generate_series(1, 30000) n;
	INSERT INTO booking_texts (booking_id, words, meta)
		SELECT b.id, concat_ws(E'\n', holdfast_fold(b.what), holdfast_customer_words(p)), lower(b.meta::text)
		FROM bookings b JOIN customers p ON p.booking_id = b.id`

// hotTables are those that grow with every booking or calendar event. Of the others, a page's worth may be cheapest to read from end to end.
var hotTables = []string{"bookings", "customers", "booking_texts", "calendar_events", "payments", "refunds"}

// crowdedDB returns a crowded record, what is sent to it, another connection to it, and the smaller app.
func crowdedDB(t *testing.T) (db *DB, sent *recorder, look *pgx.Conn, app uuid.UUID) {
	t.Helper()
	return filledDB(t, crowdedLists)
}

// filledDB is the same for a record that statements fill; others share what they have done, and not the changes.
func filledDB(t *testing.T, fill string, changes ...string) (db *DB, sent *recorder, look *pgx.Conn, app uuid.UUID) {
	t.Helper()
	url := Filled(t, fill)
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	sent = &recorder{}
	config.ConnConfig.Tracer = sent
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	look, err = pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = look.Close(context.WithoutCancel(t.Context())) })
	for _, change := range changes {
		for _, q := range []string{`BEGIN; ` + change + `; COMMIT`, `VACUUM ANALYZE`} {
			if _, err := look.Exec(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := look.QueryRow(t.Context(), `SELECT md5('a1')::uuid`).Scan(&app); err != nil {
		t.Fatal(err)
	}
	return newDB(pool), sent, look, app
}

// TestListsReadNoWholeTable runs every list, order and search, and asks Postgres for the plan of each of their statements: with its default
// settings and its own statistics.
func TestListsReadNoWholeTable(t *testing.T) {
	t.Parallel()
	db, sent, look, app := crowdedDB(t)
	plans := 0
	for name, ask := range everyList(db, app) {
		sent.take()
		if err := ask(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var settings []string
		for _, q := range sent.take() {
			switch {
			case strings.HasPrefix(q.sql, "BEGIN"):
				settings = nil
			case strings.HasPrefix(q.sql, "SET LOCAL"):
				settings = append(settings, q.sql)
			}
			if !strings.Contains(q.sql, "SELECT") || strings.HasPrefix(q.sql, "EXPLAIN") {
				continue
			}
			plans++
			for _, line := range explained(t, look, settings, q) {
				for _, table := range hotTables {
					if strings.Contains(line, "Seq Scan on "+table+" ") {
						t.Errorf("%s reads all of %s:\n%s", name, table, q.sql)
					}
				}
			}
		}
	}
	if plans < 200 {
		t.Errorf("%d plans only: the lists are not seen", plans)
	}
}

// explained returns the plan of a statement under the settings of its transaction.
func explained(t *testing.T, conn *pgx.Conn, settings []string, q statementSent) []string {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	plan, args := `EXPLAIN `+q.sql, append([]any{pgx.QueryExecModeDescribeExec}, q.args...)
	for _, setting := range settings {
		if _, err := tx.Exec(t.Context(), setting); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(setting, "force_generic_plan") { // which is the same for all values
			if _, err := tx.Exec(t.Context(), `DEALLOCATE ALL; PREPARE generic AS `+q.sql); err != nil {
				t.Fatal(err)
			}
			plan, args = `EXPLAIN EXECUTE generic (`+strings.TrimSuffix(strings.Repeat("NULL,", len(q.args)), ",")+`)`, []any{pgx.QueryExecModeSimpleProtocol}
		}
	}
	rows, err := tx.Query(t.Context(), plan, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%v: %s", err, q.sql)
	}
	return lines
}

// everyList asks for every list in each of its orders, with each of its searches, and by a cursor.
func everyList(db *DB, app uuid.UUID) map[string]func(context.Context) error {
	all := map[string]func(context.Context) error{}
	since := time.Now().Add(-time.Hour)
	pages := map[string]Page{
		"first": {Number: 1, Limit: 50}, "last": {Number: 200, Limit: 50}, "cursor": {After: &FirstCursor, Limit: 50}, "since": {Since: &since, Limit: 50},
	}
	id, start, end := app.String(), time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)
	bookings := map[string]Filter{
		"window": {Start: &start, End: &end}, "from": {Start: &start}, "to": {End: &start},
		"window by start": {Start: &start, End: &end, Order: "event.start"}, "window by end": {Start: &start, End: &end, Order: "event.end", Desc: true},
		"from by start": {Start: &start, Order: "event.start", Desc: true}, "to by end": {End: &start, Order: "event.end"},
		"rare words": {Words: []string{"nobodyhere"}}, "number": {Words: []string{"170-4711"}},
		"frequent words": {Words: []string{"haircut", "ann"}}, "a frequent and a rare word": {Words: []string{"haircut", "nobodyhere"}},
		"typing error": {Words: []string{"haircutt"}}, "mail": {Words: []string{"nobody@example.org"}}, "resource": {Words: []string{"room"}},
		"frequent by start":   {Words: []string{"haircut"}, Order: "event.start", Desc: true},
		"words of a resource": {Words: []string{"haircut"}, Terms: []Term{{"resource.id", id}}},
	}
	for order := range orders {
		bookings["order "+order] = Filter{Order: order}
		bookings["order desc "+order] = Filter{Order: order, Desc: true}
	}
	for key := range bookingKeys {
		bookings[key] = Filter{Terms: []Term{{key, id}}}
		bookings[key+" begins"] = Filter{Terms: []Term{{key, id[:20] + "*"}}}
	}
	for _, t := range []Term{
		{"graph", "instant"}, {"graph", "confirm*"}, {"graph_version", "1"}, {"graph_version", "2"}, {"state", "error"}, {"state", "*rr*"}, {"state", "confirmed"}, {"completed", "true"}, {"completed", "f*"},
		{"customer.name", "ann nobodyhere"}, {"customer.name", "ann g*"}, {"customer.email", "nobody@example.org"},
		{"customer.phone", "+49 170 4711"}, {"customer.voip", "nobody"}, {"customer.timezone", "Asia/*"}, {"customer.note", "yes"}, {"customer.other", "*"},
		{"meta.ticket", "T-4711"}, {"meta.ticket", "T-47*"}, {"meta.ticket", "*"}, {"meta.other", "x"}, {"customer.name", "ann*"}, {"customer.email", "*@example.org"},
		{"customer.timezone", "Europe/*"},
	} {
		bookings[t.Key+":"+t.Value] = Filter{Terms: []Term{t}}
	}
	for kind, page := range pages {
		for name, filter := range bookings {
			if strings.HasPrefix(name, "order") && page.Follows() {
				continue
			}
			all["bookings "+name+" "+kind] = func(ctx context.Context) error {
				_, _, err := db.ListBookings(ctx, app, filter, page)
				return err
			}
		}
		for name, list := range listsOf(db, app) {
			for i, terms := range append([][]Term{nil}, list.terms...) {
				all[fmt.Sprint(name, " ", kind, i)] = func(ctx context.Context) error { return list.page(ctx, terms, page) }
			}
		}
	}
	for kind, page := range pages {
		for name, filter := range map[string]PaymentFilter{"all": {}, "of a booking": {Booking: &app}, "captured": {State: "captured"}, "failed": {State: "failed"},
			"needs any": {Needs: "any"}, "needs a refund": {Needs: "failed_refund"}, "disputed": {Needs: "dispute"}, "late": {Needs: "late"},
			"captured, late": {State: "captured", Needs: "late"},
		} {
			all["payments "+name+" "+kind] = func(ctx context.Context) error {
				_, _, err := db.ListPayments(ctx, app, filter, page)
				return err
			}
		}
		for name, filter := range map[string]CalendarEventFilter{
			"window": {From: start, To: end}, "resource": {From: start, To: end, Terms: []Term{{"resource.id", id}}}, "all": {},
		} {
			if name == "all" && !page.Follows() {
				continue
			}
			all["events "+name+" "+kind] = func(ctx context.Context) error {
				_, _, err := db.CalendarEvents(ctx, app, filter, page)
				return err
			}
		}
	}
	return all
}

type searched struct {
	page  func(context.Context, []Term, Page) error
	terms [][]Term
}

func listsOf(db *DB, app uuid.UUID) map[string]searched {
	of := func(keys map[string]searchKey) (all [][]Term) {
		for key, how := range keys {
			all = append(all, []Term{{key, map[bool]string{true: app.String(), false: "nothing here"}[how.id]}})
		}
		return all
	}
	return map[string]searched{
		"public links": {func(ctx context.Context, _ []Term, p Page) error {
			_, _, err := db.PublicLinks(ctx, app, p)
			return err
		}, nil},
		"resources": {func(ctx context.Context, terms []Term, p Page) error {
			_, _, err := db.Resources(ctx, app, p, terms...)
			return err
		}, of(resourceKeys)},
		"calendars": {func(ctx context.Context, terms []Term, p Page) error {
			_, _, err := db.ListCalendars(ctx, app, terms, p)
			return err
		}, of(calendarKeys)},
		"projects": {func(ctx context.Context, terms []Term, p Page) error {
			_, _, err := db.Projects(ctx, app, terms, p)
			return err
		}, of(projectKeys)},
		"services": {func(ctx context.Context, terms []Term, p Page) error {
			_, _, err := db.Services(ctx, app, terms, p)
			return err
		}, of(serviceKeys)},
		"locations": {func(ctx context.Context, terms []Term, p Page) error {
			_, _, err := db.Locations(ctx, app, terms, nil, p)
			return err
		}, of(locationKeys)},
		"credentials": {func(ctx context.Context, terms []Term, p Page) error {
			_, _, err := db.Credentials(ctx, app, terms, p)
			return err
		}, of(credentialKeys)},
	}
}
