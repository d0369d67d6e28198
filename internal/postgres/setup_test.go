package postgres_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

func TestMain(m *testing.M) {
	postgres.Clone, postgres.Filled = pgtest.Clone, pgtest.Filled
	os.Exit(pgtest.Run(m))
}

// bundle is a record of its own with one app and one resource, and a second connection that looks at the tables.
type bundle struct {
	*postgres.DB
	t        testing.TB
	ctx      context.Context
	url      string
	look     *pgxpool.Pool
	app      *tenant.App
	resource *catalogue.Resource
	calendar *catalogue.Calendar
	outcomes *postgres.Outcomes // announces what this process decides
}

func setup(t testing.TB) *bundle {
	t.Helper()
	db, url := pgtest.New(t)
	look, err := pgxpool.New(t.Context(), url)
	check(t, err)
	t.Cleanup(look.Close)
	b := &bundle{DB: db, t: t, ctx: t.Context(), url: url, look: look}
	b.outcomes = postgres.NewOutcomes(db, slog.New(slog.DiscardHandler))
	b.app = b.newApp("acme")
	b.resource, b.calendar = b.newResource(b.app)
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must is for calls whose failure is not the subject of the test.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func newID() uuid.UUID { return must(uuid.NewV7()) }

// monday is the day most bookings of the tests fall on.
var monday = time.Date(2026, 12, 7, 0, 0, 0, 0, time.UTC)

func (b *bundle) newApp(slug string) *tenant.App {
	b.t.Helper()
	app := &tenant.App{ID: newID(), Name: slug, Slug: slug, WebhookSecret: []byte("sealed secret of " + slug)}
	app.Settings = tenant.AppSettings{ActionLinks: tenant.ConfirmPage, RedirectHosts: []string{"example.com"}}
	check(b.t, b.CreateApp(b.ctx, app, newKeyOf(app)))
	return app
}

func (b *bundle) newResource(app *tenant.App) (*catalogue.Resource, *catalogue.Calendar) {
	b.t.Helper()
	r := &catalogue.Resource{ID: newID(), AppID: app.ID, Name: "Dr. Grau", Email: "grau@example.com", Timezone: "Europe/Berlin", Meta: json.RawMessage(`{"room": 4}`)}
	check(b.t, b.CreateResource(b.ctx, r, newID()))
	c, err := b.Calendar(b.ctx, r.ID, nil)
	check(b.t, err)
	return r, c
}

// at is a booking of the bundle's resource, from one hour of monday to another, not yet on record.
func (b *bundle) at(graph string, from, to float64) *booking.Booking {
	b.t.Helper()
	g := graphOf(b.t, graph)
	return &booking.Booking{
		ID: newID(), AppID: b.app.ID, EventID: newID(), Graph: g.Name, GraphVersion: g.Version, State: g.Initial,
		Start: monday.Add(time.Duration(from * float64(time.Hour))), End: monday.Add(time.Duration(to * float64(time.Hour))),
		What: "Check-up", Where: "Room 4", Description: "the first visit", Participants: []string{"grau@example.com"},
		Meta: json.RawMessage(`{"ticket": "T-1"}`), Resource: *b.resource, Calendar: *b.calendar,
		Customers: []booking.Customer{{
			ID: newID(), Name: "Zadie Quill", Email: "zadie.quill@example.org", Phone: "+49 170 5550123", Voip: "zadie-on-voip",
			Timezone: "Europe/London", Meta: json.RawMessage(`{"allergy": "zinc-canary"}`),
		}},
	}
}

func graphOf(t testing.TB, name string) *graphs.Graph {
	t.Helper()
	g, ok := graphs.Named(name, nil)
	if !ok {
		t.Fatalf("no graph %s", name)
	}
	return g
}

// action is a request to move by the API, not yet on record.
func action(v *booking.Booking, name string) *booking.Action {
	return &booking.Action{
		ID: newID(), AppID: v.AppID, BookingID: v.ID, Name: name, Actor: graphs.ActorAPI, Channel: booking.ChannelAPI,
		Status: booking.Pending,
	}
}

// create puts a booking and its first action on record.
func (b *bundle) create(v *booking.Booking) *booking.Action {
	b.t.Helper()
	first := action(v, must(v.LoadGraph()).Start)
	first.Inputs = json.RawMessage(`{"create": {"message": "input-canary"}}`)
	known, err := b.CreateBooking(b.ctx, v, first, graphs.Move{})
	check(b.t, err)
	return known
}

// moveOf is what the first action of a booking does.
func moveOf(t testing.TB, v *booking.Booking) graphs.Move {
	t.Helper()
	g := must(v.LoadGraph())
	return must(g.Next(g.Initial, g.Start, graphs.ActorAPI))
}

// try puts a booking and its first action on record as the API does: with a claim of what it takes.
func (b *bundle) try(v *booking.Booking) (*booking.Action, error) {
	return b.CreateBooking(b.ctx, v, action(v, must(v.LoadGraph()).Start), moveOf(b.t, v))
}

// accepted is try for when it has to work.
func (b *bundle) accepted(v *booking.Booking) *booking.Action {
	b.t.Helper()
	a, err := b.try(v)
	check(b.t, err)
	return a
}

// ask puts an action on record as the API does, with a claim of what it takes from where v stands.
func (b *bundle) ask(v *booking.Booking, name string) (*booking.Action, error) {
	a := action(v, name)
	return b.InsertMove(b.ctx, v, a, commit(v, a).Move, "")
}

// commit is what a workflow that knows the record as v would send for an action. Next says what it does.
func commit(v *booking.Booking, a *booking.Action) booking.CommitInput {
	g := must(v.LoadGraph())
	in := booking.CommitInput{BookingID: v.ID, Seq: v.Seq, ActionID: a.ID, Actor: a.Actor}
	move, err := g.Next(v.State, a.Name, a.Actor)
	if err != nil {
		in.Refusal = &booking.Refusal{Code: fault.ActionNotAvailable, Message: err.Error()}
	}
	in.Move = move
	return in
}

// book creates a booking and plays its first action.
func (b *bundle) book(v *booking.Booking) (*booking.Booking, booking.Outcome) {
	b.t.Helper()
	return b.committed(v, b.create(v))
}

// committed commits an action, and holds what is announced of it against the record.
func (b *bundle) committed(v *booking.Booking, a *booking.Action) (*booking.Booking, booking.Outcome) {
	b.t.Helper()
	b.exec(`UPDATE actions SET awaited = true WHERE id = $1`, a.ID)
	announced, done := b.outcomes.Expect(a.ID)
	defer done()
	out, err := b.Commit(b.ctx, commit(v, a))
	check(b.t, err)
	v = b.known(v)
	var end booking.Announcement
	select {
	case end = <-announced:
	default:
	}
	switch {
	case (end.Moved != nil) != (out.Result == booking.ResultApplied):
		b.t.Errorf("%s: %s, announced as %+v", a.Name, out.Result, end)
	case end.Moved != nil:
		wantEqual(b.t, "the booking as announced", wholeText(end.Moved), wholeText(v))
	}
	return v, out
}

// wholeText is all that a booking on record says.
func wholeText(v *booking.Booking) string {
	reminders := append([]booking.Reminder{}, v.Reminders...)
	beside, err := json.Marshal([]any{v.Requires, reminders, v.Assigned, v.Counts, v.Clock})
	if err != nil {
		panic(err)
	}
	return string(must(json.Marshal(v))) + string(beside)
}

// booked is book for when it has to work.
func (b *bundle) booked(v *booking.Booking) *booking.Booking {
	b.t.Helper()
	v, out := b.book(v)
	if out.Result != booking.ResultApplied {
		b.t.Fatalf("booking: %+v", out)
	}
	return v
}

// known is the booking as the record has it, nil when it has none.
func (b *bundle) known(v *booking.Booking) *booking.Booking {
	b.t.Helper()
	found, err := b.Booking(b.ctx, v.AppID, v.ID)
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	check(b.t, err)
	return found
}

// play requests an action by the API and commits it from where the record stands.
func (b *bundle) play(v *booking.Booking, name string) (*booking.Booking, booking.Outcome) {
	b.t.Helper()
	v = b.known(v)
	a, err := b.InsertAction(b.ctx, action(v, name), "")
	check(b.t, err)
	return b.committed(v, a)
}

// played is play for when it has to work.
func (b *bundle) played(v *booking.Booking, names ...string) *booking.Booking {
	b.t.Helper()
	for _, name := range names {
		var out booking.Outcome
		if v, out = b.play(v, name); out.Result != booking.ResultApplied {
			b.t.Fatalf("%s: %+v", name, out)
		}
	}
	return v
}

// count runs a query that returns one number.
func (b *bundle) count(sql string, args ...any) int {
	b.t.Helper()
	return first[int](b, sql, args...)
}

func first[T any](b *bundle, sql string, args ...any) T {
	b.t.Helper()
	all := column[T](b, sql, args...)
	if len(all) != 1 {
		b.t.Fatalf("%d rows of %s", len(all), sql)
	}
	return all[0]
}

func column[T any](b *bundle, sql string, args ...any) []T {
	b.t.Helper()
	rows, err := b.look.Query(b.ctx, sql, args...)
	check(b.t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[T])
	check(b.t, err)
	return all
}

func (b *bundle) exec(sql string, args ...any) {
	b.t.Helper()
	_, err := b.look.Exec(b.ctx, sql, args...)
	check(b.t, err)
}

// wantCount asserts on a query that returns one number.
func (b *bundle) wantCount(want int, sql string, args ...any) {
	b.t.Helper()
	if got := b.count(sql, args...); got != want {
		b.t.Errorf("got %d, want %d: %s", got, want, sql)
	}
}

func wantCode(t testing.TB, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Errorf("code %q (%v), want %q", got, err, want)
	}
}

func wantEqual[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func wantSame[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// overlaps counts pairs of exclusive stretches of one resource that overlap and have different holders: the promise of the product
// is that it is 0. A new booking's claim may overlap what it is to succeed, and a buffer lies around its own time. All-day events are each in
// a layer of their own, and may overlap.
const overlaps = `
	SELECT count(*) FROM occupancies a JOIN occupancies b
	ON a.resource_id = b.resource_id AND a.id < b.id AND a.during && b.during AND a.layer && b.layer WHERE a.exclusive AND b.exclusive
	AND a.holder_id <> b.holder_id`

// stray counts claims that no pending action needs, and sessions whose counter is wrong.
const stray = `
	SELECT (SELECT count(*) FROM occupancies o WHERE o.claimed AND NOT EXISTS (
		SELECT FROM actions a WHERE a.booking_id = COALESCE(o.claimant, o.booking_id) AND a.status = 'pending' AND a.claims))
	+ (SELECT count(*) FROM seats s WHERE s.claimed AND NOT EXISTS (
		SELECT FROM actions a WHERE a.booking_id = s.booking_id AND a.status = 'pending' AND a.claims))
	+ (SELECT count(*) FROM sessions s WHERE s.taken <> (SELECT count(*) FROM seats e WHERE e.session_id = s.booking_id))`

// wantNoDeadlock asserts that no transaction was rolled back in favour of another. Callers do not see that: they try again.
func (b *bundle) wantNoDeadlock() {
	b.t.Helper()
	b.wantCount(0, `SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`)
}

// sound asserts what holds of every record at any time.
func (b *bundle) sound() {
	b.t.Helper()
	b.wantCount(0, overlaps)
	b.wantCount(0, `SELECT count(*) FROM bookings b WHERE seq <> (SELECT count(*) FROM transitions t WHERE t.booking_id = b.id)
		OR seq <> (SELECT COALESCE(max(seq), 0) FROM transitions t WHERE t.booking_id = b.id)
		OR seq <> (SELECT count(*) FROM events e WHERE e.booking_id = b.id AND e.reminder IS NULL)
		OR seq <> (SELECT COALESCE(max(seq), 0) FROM events e WHERE e.booking_id = b.id)`)
	b.wantCount(0, `SELECT count(*) FROM actions a JOIN bookings b ON b.id = a.booking_id WHERE status = 'applied'
		AND NOT EXISTS (SELECT FROM transitions t WHERE t.action_id = a.id AND t.seq = a.seq)`)
	b.wantCount(0, `SELECT count(*) FROM transitions t JOIN transitions n ON n.booking_id = t.booking_id AND n.seq = t.seq + 1
		WHERE n.from_state <> t.to_state`)
	for _, g := range graphs.Published() {
		for _, s := range g.States {
			if s.Holds == graphs.HoldsKept {
				continue
			}
			holds := 0
			if s.Holds == graphs.HoldsSlot {
				holds = 1
			}
			b.wantCount(0, `SELECT count(*) FROM bookings b WHERE graph = $1 AND graph_version = $2 AND state = $3
				AND $4 * GREATEST(1, (SELECT count(*) FROM booking_resources y WHERE y.booking_id = b.id)) <> (SELECT count(*) FROM occupancies o WHERE o.booking_id = b.id AND NOT o.claimed AND upper_inf(o.layer))`, g.Name, g.Version, s.Name, holds)
		}
	}
	b.wantCount(0, stray)
}

// takesSlot is a move that needs its time to be free.
var takesSlot = graphs.Move{Takes: true, Holds: graphs.HoldsSlot}
