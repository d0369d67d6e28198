package e2e_test

import (
	"bytes"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/encoding/protojson"

	"holdfast/internal/outbox"
	"holdfast/workflows"
)

// record adds histories to those that every later version has to replay; it never overwrites one:
//
//	go test ./e2e -run FreshHistories -record ../../../workflows/testdata/histories
var record = flag.String("record", "", "folder to add the histories of this run to")

// TestFreshHistoriesReplay lives one booking per path on the real server and replays what the server has recorded.
func TestFreshHistoriesReplay(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, func(n int) int { return http.StatusInternalServerError - 300*min(n, 1) })
	hook := b.webhook(t, hears.URL, "").str("data.id")
	resource := b.resource(t)
	lives := map[string]string{}
	live := func(name, graph string, hour int, more string, actions ...string) {
		id := b.book(t, resource, graph, hour, more)
		for _, action := range actions {
			b.put(t, "/v2/bookings/"+id+"/"+action, "{}")
		}
		lives[name] = workflows.BookingID(mustUUID(t, id))
	}
	live("instant-cancelled", "instant", 1, "", "cancel")
	live("confirm-decline-confirmed-cancelled", "confirm_decline", 2, "", "confirm", "cancel_by_customer")
	live("confirm-decline-declined", "confirm_decline", 3, "", "decline")
	live("instant-payment-paid-completed", "instant_payment", 4, "", "pay", "complete")
	live("instant-payment-unpaid", "instant_payment", 5, `,"settings":{"timers":{"timeout":"PT1S"}}`)
	loser := b.book(t, resource, "confirm_decline", 7)
	b.book(t, resource, "instant", 7)
	b.put(t, "/v2/bookings/"+loser+"/confirm", "").want(t, http.StatusConflict)
	b.put(t, "/v2/bookings/"+loser+"/decline", "").want(t, http.StatusOK)
	lives["confirm-decline-slot-taken-declined"] = workflows.BookingID(mustUUID(t, loser))
	hears.waitFor(t, 2)
	c := b.stack.App.Temporal
	for name, id := range lives {
		if err := c.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		replay(t, c, name, id)
	}
	replay(t, c, "effects-retried-answered", b.tried(t, resource))
	b.paid(t, c, resource)
	advanced(t, c)
	replay(t, c, "endpoint-on-its-own-queue", workflows.EndpointID(mustUUID(t, hook)))
}

// advanced lives a booking of a test app whose clock goes to its notices, and then to its end, and replays what both workflows have recorded.
func advanced(t *testing.T, c client.Client) {
	t.Helper()
	lab := laboratory(t)
	app, booking := lab.get(t, "/v2/app").str("data.id"), lab.book(t, lab.resource(t), "request", 9)
	lab.advance(t, `{"advance":"P1DT1H"}`)
	lab.advance(t, `{"advance":"P3D"}`)
	id := workflows.BookingID(mustUUID(t, booking))
	must(t, c.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))
	replay(t, c, "clock-noticed-expired", id)
	id = workflows.ClockID(mustUUID(t, app))
	must(t, c.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))
	replay(t, c, "clock-advanced", id)
}

// paid lives a booking whose deposit and balance are paid at the desk, and which is cancelled then, and replays what it and a payment of it
// have recorded.
func (b *bundle) paid(t *testing.T, c client.Client, resource string) {
	t.Helper()
	b.post(t, "/v2/payment_accounts", `{"name":"desk","provider":"manual"}`).want(t, http.StatusCreated)
	const terms = `,"price":{"amount":4500,"currency":"EUR","due_now":1500},"payment_policy":{"balance_due":"P1D"}`
	booking := b.book(t, resource, "paid_booking", 15, terms)
	deposit := b.opened(t, booking, 0)
	b.post(t, "/v2/payments/"+deposit+"/mark_paid", "").want(t, http.StatusOK)
	b.becomes(t, booking, "paid")
	b.put(t, "/v2/bookings/"+booking+"/ask_balance", "").want(t, http.StatusOK)
	b.post(t, "/v2/payments/"+b.opened(t, booking, 1)+"/mark_paid", "").want(t, http.StatusOK)
	b.becomes(t, booking, "settled")
	b.put(t, "/v2/bookings/"+booking+"/cancel", "").want(t, http.StatusOK)
	for name, id := range map[string]string{
		"paid-booking-settled-cancelled": workflows.BookingID(mustUUID(t, booking)),
		"payment-refund-refused":         workflows.PaymentID(mustUUID(t, strings.TrimPrefix(deposit, "pay_"))),
	} {
		must(t, c.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))
		replay(t, c, name, id)
	}
}

// tried lives the effects of a booking, the first of which is tried again, and returns the id of their workflow.
func (b *bundle) tried(t *testing.T, resource string) string {
	t.Helper()
	b.asks(t)
	crm := newReceiver(t, func(n int) int { return http.StatusInternalServerError - 300*min(n, 1) })
	b.webhook(t, crm.URL, `,"name":"crm","event_types":["effect.failed"]`)
	b.webhook(t, crm.URL, `,"name":"log","event_types":["effect.failed"]`)
	booking := b.book(t, resource, "asking", 12)
	crm.waitFor(t, 3)
	id := workflows.EffectsID(mustUUID(t, booking))
	must(t, b.stack.App.Temporal.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))
	return id
}

// TestEndpointsMoveOn: a workflow that began before endpoints had a task queue of their own is served where it is, and goes on where
// they are now; there it ends once nothing has waited for a while, and its endpoint is served as before.
func TestEndpointsMoveOn(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	hook := b.webhook(t, hears.URL, "").str("data.id")
	endpoint, c := mustUUID(t, hook), b.stack.App.Temporal
	id, queue := workflows.EndpointID(endpoint), b.stack.App.Config.TaskQueue
	begin := func(queue string, in outbox.DrainInput) client.WorkflowRun {
		t.Helper()
		options := client.StartWorkflowOptions{ID: id, TaskQueue: queue, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING}
		run, err := c.ExecuteWorkflow(t.Context(), options, workflows.Endpoint, in)
		must(t, err)
		return run
	}
	old := begin(queue, outbox.DrainInput{EndpointID: endpoint})
	eventually(t, "it runs on the queue of webhooks", func() bool {
		now, err := c.DescribeWorkflowExecution(t.Context(), id, "")
		return err == nil && now.WorkflowExecutionInfo.TaskQueue == workflows.WebhookQueue(queue) &&
			now.WorkflowExecutionInfo.Execution.RunId != old.GetRunID()
	})
	replayRun(t, c, "endpoint-moves-on", id, old.GetRunID())
	idle := begin(workflows.WebhookQueue(queue), outbox.DrainInput{EndpointID: endpoint, Idle: 500 * time.Millisecond})
	must(t, idle.Get(t.Context(), nil))
	replayRun(t, c, "endpoint-ends-idle", id, idle.GetRunID())
	b.book(t, b.resource(t), "instant", 9)
	hears.waitFor(t, 1)
}

func replay(t *testing.T, c client.Client, name, id string) {
	t.Helper()
	replayRun(t, c, name, id, "")
}

func replayRun(t *testing.T, c client.Client, name, id, run string) {
	t.Helper()
	var all history.History
	events := c.GetWorkflowHistory(t.Context(), id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		all.Events = append(all.Events, event)
	}
	text, err := protojson.Marshal(&all)
	if err != nil {
		t.Fatal(err)
	}
	read, err := client.HistoryFromJSON(bytes.NewReader(text), client.HistoryJSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	replayer := newReplayer(t)
	replayer.RegisterWorkflow(workflows.Booking)
	replayer.RegisterWorkflow(workflows.Endpoint)
	replayer.RegisterWorkflow(workflows.Effects)
	replayer.RegisterWorkflow(workflows.Clock)
	replayer.RegisterWorkflow(workflows.Payment)
	if err := replayer.ReplayWorkflowHistory(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), read); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if *record == "" {
		return
	}
	file := filepath.Join(*record, name+".json")
	if _, err := os.Stat(file); err == nil {
		return
	}
	if err := os.MkdirAll(*record, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("recorded %s, %d events", file, len(all.Events))
}

// newReplayer makes a replayer without the detector of deadlocks, which gives a workflow task one second: a machine may be slow.
func newReplayer(t *testing.T) worker.WorkflowReplayer {
	t.Helper()
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DisableDeadlockDetection: true})
	if err != nil {
		t.Fatal(err)
	}
	return replayer
}
