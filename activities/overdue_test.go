package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// temporal notes which workflows are started and signalled. One that was not started is not found.
type temporal struct {
	client.Client // what is not written here must not be called

	mu       sync.Mutex
	away     bool
	started  []string
	together int
	most     int
}

func (c *temporal) call() error {
	c.mu.Lock()
	c.together++
	c.most = max(c.most, c.together)
	away := c.away
	c.mu.Unlock()
	<-time.After(time.Millisecond) // as long as a fast server takes
	c.mu.Lock()
	defer c.mu.Unlock()
	c.together--
	if away {
		return serviceerror.NewUnavailable("away")
	}
	return nil
}

func (c *temporal) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	err := c.call()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.started = append(c.started, o.ID)
	}
	return nil, err
}

func (c *temporal) SignalWorkflow(context.Context, string, string, string, any) error {
	if err := c.call(); err != nil {
		return err
	}
	return serviceerror.NewNotFound("no such workflow")
}

// backlog is a record with what a crash left, and the activities that work on it.
type backlog struct {
	*Activities
	temporal *temporal
	look     *pgxpool.Pool
	app      *tenant.App
}

type quiet struct{}

func (quiet) Transition(string, string)     {}
func (quiet) Attempt(string, time.Duration) {}
func (quiet) Effect(string, string)         {}
func (quiet) Mail(string)                   {}
func (quiet) Swept(string, int, error)      {}
func (quiet) Dropped(string, int)           {}

func newBacklog(t *testing.T) *backlog {
	t.Helper()
	db, url := pgtest.New(t)
	look, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(look.Close)
	app := &tenant.App{ID: newID(), Name: "Acme", Slug: "acme", WebhookSecret: []byte("sealed")}
	key := postgres.NewKey{Key: tenant.Key{ID: newID(), AppID: app.ID, Kind: tenant.ServerKey}, Hash: []byte("hash"), Sealed: []byte("sealed")}
	if err := db.CreateApp(t.Context(), app, key); err != nil {
		t.Fatal(err)
	}
	c := &temporal{}
	return &backlog{
		Activities: &Activities{
			DB: db, Dispatch: &dispatch.Dispatcher{Client: c, TaskQueue: "test"}, Log: slog.New(slog.DiscardHandler), Metrics: quiet{},
		},
		temporal: c, look: look, app: app,
	}
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// creation is a booking of a new resource, and its first action.
func (b *backlog) creation(t *testing.T) (*booking.Booking, *booking.Action, graphs.Move) {
	t.Helper()
	r := &catalogue.Resource{ID: newID(), AppID: b.app.ID, Name: "Chair", Timezone: "Europe/Berlin"}
	if err := b.DB.CreateResource(t.Context(), r, newID()); err != nil {
		t.Fatal(err)
	}
	c, err := b.DB.Calendar(t.Context(), r.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	graph, _ := graphs.Named("instant", nil)
	start := time.Date(2030, 12, 1, 9, 0, 0, 0, time.UTC)
	v := &booking.Booking{
		ID: newID(), AppID: b.app.ID, EventID: newID(), Graph: graph.Name, GraphVersion: graph.Version, State: graph.Initial,
		Start: start, End: start.Add(time.Hour), What: "Haircut", Resource: *r, Calendar: *c,
	}
	return v, b.first(v), move(t, graph, v.State, graph.Start)
}

func (b *backlog) first(v *booking.Booking) *booking.Action {
	return &booking.Action{
		ID: newID(), AppID: b.app.ID, BookingID: v.ID, Name: "confirm", Actor: graphs.ActorAPI, Channel: booking.ChannelAPI,
		Status: booking.Pending,
	}
}

func move(t *testing.T, graph *graphs.Graph, state, action string) graphs.Move {
	t.Helper()
	m, err := graph.Next(state, action, graphs.ActorAPI)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (b *backlog) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := b.look.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func (b *backlog) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	if err := b.look.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (b *backlog) overdue(t *testing.T) {
	t.Helper()
	b.exec(t, `UPDATE actions SET signalled_at = now() - interval '5 minutes' WHERE status = 'pending'`)
}

// TestSweepGoesOn: a sweep that finds more than one batch works off all of it, several at once.
func TestSweepGoesOn(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	v, first, m := b.creation(t)
	if _, err := b.DB.CreateBooking(t.Context(), v, first, m); err != nil {
		t.Fatal(err)
	}
	const many = 2*sweepLimit + 7
	b.exec(t, `INSERT INTO actions (id, app_id, booking_id, name, actor, channel)
		SELECT gen_random_uuid(), app_id, booking_id, 'cancel', actor, channel FROM actions, generate_series(2, $1)`, many)
	b.overdue(t)
	n, err := (sweeper{b.Activities}).sweepActions(t.Context())
	if err != nil || n != many || len(b.temporal.started) != many {
		t.Errorf("set going %d, started %d, %v", n, len(b.temporal.started), err)
	}
	if most := b.temporal.most; most < 2 || most > actionsParallel {
		t.Errorf("%d at once", most)
	}
	if n, err := (sweeper{b.Activities}).sweepActions(t.Context()); n != 0 || err != nil {
		t.Errorf("%d more, %v: each is handed out once", n, err)
	}
}

// TestSweepWithoutTemporal ends after one batch, instead of asking for all of them in vain.
func TestSweepWithoutTemporal(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	b.temporal.away = true
	v, first, m := b.creation(t)
	if _, err := b.DB.CreateBooking(t.Context(), v, first, m); err != nil {
		t.Fatal(err)
	}
	b.exec(t, `INSERT INTO actions (id, app_id, booking_id, name, actor, channel)
		SELECT gen_random_uuid(), app_id, booking_id, 'cancel', actor, channel FROM actions, generate_series(1, $1)`, sweepLimit+10)
	b.overdue(t)
	if n, err := (sweeper{b.Activities}).sweepActions(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n := b.count(t, `SELECT count(*) FROM actions WHERE status = 'pending' AND signalled_at < now() - interval '4 minutes'`); n != 11 {
		t.Errorf("%d were not asked for, want 11", n)
	}
}

// TestSweepRefusesWithoutAWorkflow: a creation whose time is another's is refused, and no workflow is started for it.
func TestSweepRefusesWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	winner, first, m := b.creation(t)
	if _, err := b.DB.CreateBooking(t.Context(), winner, first, m); err != nil {
		t.Fatal(err)
	}
	loser := *winner
	loser.ID, loser.EventID = newID(), newID()
	late := b.first(&loser)
	if _, err := b.DB.CreateBooking(t.Context(), &loser, late, graphs.Move{}); err != nil { // as a version without claims leaves it
		t.Fatal(err)
	}
	in := booking.CommitInput{BookingID: winner.ID, ActionID: first.ID, Actor: graphs.ActorAPI, Move: m}
	if out, err := b.DB.Commit(t.Context(), in); err != nil || out.Result != booking.ResultApplied {
		t.Fatal(out, err)
	}
	b.overdue(t)
	if n, err := (sweeper{b.Activities}).sweepActions(t.Context()); n != 1 || err != nil {
		t.Errorf("set going %d, %v", n, err)
	}
	if len(b.temporal.started) > 0 || b.temporal.most > 0 {
		t.Errorf("workflows %v", b.temporal.started)
	}
	a, err := b.DB.Action(t.Context(), late.ID)
	if err != nil || a.Status != booking.Refused || a.Code != fault.SlotTaken {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := b.DB.Booking(t.Context(), b.app.ID, loser.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("the refused booking is left over: %v", err)
	}
}

// TestSweepDeliversWhatHasRoom: a creation that can be made goes to a workflow.
func TestSweepDeliversWhatHasRoom(t *testing.T) {
	t.Parallel()
	b := newBacklog(t)
	v, first, m := b.creation(t)
	if _, err := b.DB.CreateBooking(t.Context(), v, first, m); err != nil {
		t.Fatal(err)
	}
	b.overdue(t)
	n, err := (sweeper{b.Activities}).sweepActions(t.Context())
	if want := []string{"booking-" + v.ID.String()}; n != 1 || err != nil || fmt.Sprint(b.temporal.started) != fmt.Sprint(want) {
		t.Errorf("set going %d, started %v, %v", n, b.temporal.started, err)
	}
	if a, err := b.DB.Action(t.Context(), first.ID); err != nil || a.Status != booking.Pending {
		t.Errorf("%+v, %v", a, errors.Unwrap(err))
	}
}
