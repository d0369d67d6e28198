package money_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"

	"holdfast/activities"
	"holdfast/deployments/local/fakepay"
	"holdfast/graphs"
	"holdfast/internal/apps"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/dispatch"
	"holdfast/internal/effect"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/metrics"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/payment/stripe"
	"holdfast/internal/pgtest"
	"holdfast/internal/policy"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/webhook"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// deaf is a Temporal that does nothing: the simulation says what happens when.
type deaf struct{ client.Client }

func (deaf) SignalWithStartWorkflow(
	context.Context, string, string, any, client.StartWorkflowOptions, any, ...any,
) (client.WorkflowRun, error) {
	return nil, errors.New("there is no Temporal here")
}

func (deaf) SignalWorkflow(context.Context, string, string, string, any) error {
	return errors.New("there is no Temporal here")
}

func (deaf) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, errors.New("there is no Temporal here")
}

// house is a record with one app, which all simulations share.
type house struct {
	db   *postgres.DB
	look *pgxpool.Pool
	app  *tenant.App
	acts *activities.Activities
}

func build(t testing.TB) *house {
	t.Helper()
	db, url := pgtest.New(t)
	look, err := pgxpool.New(t.Context(), url)
	check(t, err)
	t.Cleanup(look.Close)
	vault, err := links.NewVault(make([]byte, 32))
	check(t, err)
	keyring, err := links.NewKeyring(make([]byte, 32))
	check(t, err)
	app := &tenant.App{ID: uuid.Must(uuid.NewV7()), Name: "Acme", Slug: "acme"}
	_, err = apps.Create(t.Context(), db.Access, vault, app)
	check(t, err)
	sender := webhook.NewSender(webhook.Options{})
	t.Cleanup(sender.Close)
	return &house{db, look, app, &activities.Activities{
		DB: db, Sender: sender, Vault: vault, Links: links.Maker{Keyring: keyring, BaseURL: "https://book.example.com"},
		Dispatch: &dispatch.Dispatcher{Client: deaf{}, TaskQueue: "test"}, Log: slog.New(slog.DiscardHandler), Metrics: metrics.New(),
	}}
}

// cut loses calls: of the next call of the provider the process dies before it, or after it and before anything is on record.
type cut struct {
	next http.RoundTripper
	plan atomic.Int32 // 0 nothing, 1 before, 2 after
	kill atomic.Pointer[context.CancelFunc]
}

func (c *cut) RoundTrip(r *http.Request) (*http.Response, error) {
	plan := c.plan.Swap(0)
	if plan == 1 {
		(*c.kill.Load())()
		return nil, errors.New("killed before the call")
	}
	answer, err := c.next.RoundTrip(r)
	if plan == 2 && err == nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		(*c.kill.Load())()
		return nil, errors.New("killed after the call")
	}
	return answer, err
}

// life is one booking with its customer, its owner, its provider and everything that goes wrong.
type life struct {
	*house
	t       *testing.T
	rnd     *rand.Rand
	fake    *fakepay.Server
	cut     *cut
	acts    *activities.Activities
	account *payment.Account
	booking *booking.Booking
	rival   *booking.Booking // somebody else's, at the same time
	trail   []string
}

// Of is the fake, whichever account is asked for.
func (l *life) Of(*payment.Account) (provider.Provider, error) {
	return stripe.New(stripe.Config{SecretKey: "sk_test_fake"}, &http.Client{Transport: l.cut, Timeout: 5 * time.Second}, l.url()), nil
}

func (l *life) url() string { return l.account.Name }

// provided is a life with a provider of its own, and nothing booked yet.
func (h *house) provided(t *testing.T) *life {
	t.Helper()
	fake := fakepay.New(fakepay.Options{})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	l := &life{house: h, t: t, fake: fake, cut: &cut{next: server.Client().Transport}}
	name := "a" + uuid.NewString()[:8]
	account, err := h.db.CreateAccount(t.Context(), &payment.Account{
		ID: uuid.Must(uuid.NewV7()), AppID: h.app.ID, Name: name, Provider: "stripe", Sealed: []byte("{}"),
	})
	check(t, err)
	l.account = account
	l.account.Name = server.URL
	l.acts = &activities.Activities{
		DB: h.acts.DB, Sender: h.acts.Sender, Vault: h.acts.Vault, Links: h.acts.Links, Dispatch: h.acts.Dispatch, Log: h.acts.Log,
		Metrics: h.acts.Metrics, Providers: l,
	}
	return l
}

// chair is somebody whose time is booked.
func (l *life) chair() (*catalogue.Resource, *catalogue.Calendar) {
	l.t.Helper()
	r := &catalogue.Resource{
		ID: uuid.Must(uuid.NewV7()), AppID: l.app.ID, Name: "Chair", Timezone: "Europe/Berlin", Meta: json.RawMessage(`{}`),
	}
	check(l.t, l.db.CreateResource(l.t.Context(), r, uuid.Must(uuid.NewV7())))
	calendar, err := l.db.Calendar(l.t.Context(), r.ID, nil)
	check(l.t, err)
	return r, calendar
}

func (h *house) live(t *testing.T, seed uint64) *life {
	t.Helper()
	l := h.provided(t)
	l.rnd = rand.New(rand.NewPCG(seed, 7))
	r, calendar := l.chair()
	l.booking, l.rival = l.make(r, calendar, "paid_booking"), l.make(r, calendar, "instant")
	terms := &payment.Terms{Price: payment.Price{Amount: 4500, Currency: "EUR"}, AccountID: l.account.ID, Provider: "stripe"}
	if l.rnd.IntN(3) == 0 {
		terms.Policy.Capture = payment.CaptureOnConfirm
	}
	if l.rnd.IntN(4) == 0 {
		terms.Policy.Late = payment.RefundLate
	}
	if l.rnd.IntN(3) == 0 {
		now := int64(1500)
		terms.Price.DueNow, terms.Policy.BalanceDue = &now, policy.MustLead("P2D")
	}
	l.booking.Payment = terms
	l.create(l.booking)
	l.decide(l.booking)
	return l
}

// make is a booking that is not on record yet.
func (l *life) make(r *catalogue.Resource, c *catalogue.Calendar, name string) *booking.Booking {
	graph, ok := graphs.Named(name, nil)
	if !ok {
		l.t.Fatalf("no graph %s", name)
	}
	start := time.Now().Add(10 * 24 * time.Hour).Truncate(time.Hour)
	b := &booking.Booking{
		ID: uuid.Must(uuid.NewV7()), AppID: l.app.ID, EventID: uuid.Must(uuid.NewV7()), State: graph.Initial, Start: start, End: start.Add(time.Hour),
		What: "Haircut", Meta: json.RawMessage(`{}`), Resource: *r, Calendar: *c,
	}
	b.SetGraph(graph)
	return b
}

func (l *life) create(b *booking.Booking) {
	graph, err := b.LoadGraph()
	check(l.t, err)
	first := &booking.Action{
		ID: uuid.Must(uuid.NewV7()), AppID: b.AppID, BookingID: b.ID, Name: graph.Start, Actor: graphs.ActorAPI, Channel: booking.ChannelAPI,
		Status: booking.Pending,
	}
	if _, err := l.db.CreateBooking(l.t.Context(), b, first, graphs.Move{}); err != nil && fault.CodeOf(err) != fault.SlotTaken {
		l.t.Fatal(err)
	}
}

// known is a booking as the record has it; nil when it has none.
func (l *life) known(b *booking.Booking) *booking.Booking {
	found, err := l.db.Booking(context.Background(), b.AppID, b.ID)
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	check(l.t, err)
	return found
}

// decide commits one action of a booking that is on record, as its workflow does.
func (l *life) decide(b *booking.Booking) bool {
	const q = `SELECT id FROM actions WHERE booking_id = $1 AND status = 'pending' ORDER BY created_at, id LIMIT 1`
	var id uuid.UUID
	if l.look.QueryRow(context.Background(), q, b.ID).Scan(&id) != nil {
		return false
	}
	a, err := l.db.Action(context.Background(), id)
	check(l.t, err)
	l.commit(b, a.ID, a.Name, a.Actor)
	return true
}

func (l *life) commit(b *booking.Booking, id uuid.UUID, name string, actor graphs.Actor) {
	now := l.known(b)
	if now == nil {
		return
	}
	graph, err := now.LoadGraph()
	check(l.t, err)
	in := booking.CommitInput{BookingID: b.ID, Seq: now.Seq, ActionID: id, Actor: actor, Graph: graph.Ref()}
	move, err := graph.Next(now.State, name, actor)
	if err != nil {
		if actor == graphs.ActorTimer {
			return
		}
		in.Refusal = &booking.Refusal{Code: fault.ActionNotAvailable, Message: err.Error()}
	}
	in.Move = move
	out, err := l.acts.Commit(context.Background(), in)
	check(l.t, err)
	l.trail = append(l.trail, "  "+name+" by "+string(actor)+": "+string(out.Result)+" "+out.State)
}

// ask puts an action of somebody on record.
func (l *life) ask(name string, actor graphs.Actor) {
	b := l.known(l.booking)
	graph, err := b.LoadGraph()
	check(l.t, err)
	if _, err := graph.Next(b.State, name, actor); err != nil {
		return
	}
	a := &booking.Action{
		ID: uuid.Must(uuid.NewV7()), AppID: b.AppID, BookingID: b.ID, Name: name, Actor: actor, Channel: booking.ChannelAPI, Status: booking.Pending,
	}
	_, err = l.db.InsertAction(context.Background(), a, "")
	check(l.t, err)
}

// fire plays the timer of the present state, whenever it would be due.
func (l *life) fire() {
	b := l.known(l.booking)
	graph, err := b.LoadGraph()
	check(l.t, err)
	s, _ := graph.State(b.State)
	if due := graph.Deadlines(s.Name, b.Times(), nil); len(due) > 0 && due[0].Action != "complete" {
		l.commit(b, booking.TimerActionID(b.ID, b.Seq, due[0].Action), due[0].Action, graphs.ActorTimer)
	}
}

// payments are those of the booking.
func (l *life) payments() []*postgres.PaymentWithRefunds {
	all, err := l.db.PaymentsOf(context.Background(), l.app.ID, []uuid.UUID{l.booking.ID})
	check(l.t, err)
	return all[l.booking.ID]
}

// run runs something that a worker does, which may die in the middle: then the work is due again, as it is once leases have ended.
func (l *life) run(do func(ctx context.Context) error) {
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	l.cut.kill.Store(&kill)
	if err := do(ctx); err != nil {
		l.trail = append(l.trail, "  "+err.Error())
	}
	_, err := l.look.Exec(context.Background(), `UPDATE effects SET next_at = now() WHERE booking_id = $1 AND status = 'pending'`, l.booking.ID)
	check(l.t, err)
	_, err = l.look.Exec(context.Background(), `UPDATE refunds SET next_at = now() WHERE booking_id = $1 AND state = 'pending'`, l.booking.ID)
	check(l.t, err)
}

func (l *life) perform() {
	l.run(func(ctx context.Context) error {
		_, err := l.acts.Perform(ctx, effect.Input{BookingID: l.booking.ID})
		return err
	})
}

func (l *life) watch() {
	for _, p := range l.payments() {
		l.run(func(ctx context.Context) error {
			_, err := l.acts.WatchPayment(ctx, payment.Input{PaymentID: p.ID})
			return err
		})
	}
}
