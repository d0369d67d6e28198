// Package dispatch starts, signals and wakes workflows: the one place where a record in Postgres and a
// workflow in Temporal find each other.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/clock"
	"holdfast/internal/effect"
	"holdfast/internal/outbox"
	"holdfast/internal/payment"
	"holdfast/workflows"
)

// Dispatcher reaches the workflows. It is safe for concurrent use.
type Dispatcher struct {
	Client    client.Client
	TaskQueue string

	indexed atomic.Bool // the server has our search attributes
}

// errNoGraph means that this build lacks the booking's graph. A worker of another build may have it.
var errNoGraph = errors.New("the graph is not known here")

// errRunning means that the workflow runs already, so that what a start would have brought is not there.
var errRunning = errors.New("the booking's workflow runs already")

// signalRounds bounds how often Signal tries both ways. Runs of a booking that is over are short, so that under a crowd of
// actions each round may meet another caller's run that has just begun, or just ended.
const signalRounds = 5

// Start begins a booking's walk with its first action. A workflow that is there already is no fault: it has the action.
func (d *Dispatcher) Start(ctx context.Context, b *booking.Booking, app string, first booking.Signal) error {
	return unlessRunning(d.start(ctx, b, app, []booking.Signal{first}, enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE))
}

// Signal hands an action to a booking's workflow. A workflow that does not run (its booking is over, or it was terminated, or
// lost with Temporal's database) is started again from the record with the action. When another caller starts it in
// between, that run does not have this action: it is signalled once more. errRunning after signalRounds of that.
func (d *Dispatcher) Signal(ctx context.Context, b *booking.Booking, app string, s booking.Signal) (err error) {
	for range signalRounds {
		err = d.Client.SignalWorkflow(ctx, workflows.BookingID(b.ID), "", workflows.ActionSignal, s)
		if _, lost := errors.AsType[*serviceerror.NotFound](err); !lost {
			return err
		}
		err = d.start(ctx, b, app, []booking.Signal{s}, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
		if !errors.Is(err, errRunning) {
			return err
		}
	}
	return err
}

// SignalClock says to the workflow of a booking what the clock of its app shows. False for a workflow that does not run: start it from the
// record, which has the clock.
func (d *Dispatcher) SignalClock(ctx context.Context, b uuid.UUID, clock clock.Clock) (running bool, err error) {
	return d.signalRunning(ctx, workflows.BookingID(b), workflows.ClockSignal, clock)
}

// EnsureClockRunning starts the workflow that advances the clock of an app, or lets it look again.
func (d *Dispatcher) EnsureClockRunning(ctx context.Context, app uuid.UUID) error {
	return d.wake(ctx, client.StartWorkflowOptions{
		ID: workflows.ClockID(app), TaskQueue: workflows.ClockQueue(d.TaskQueue), StaticSummary: "advances the clock of app " + app.String(),
	}, workflows.Clock, clock.Input{AppID: app})
}

// SignalIfRunning signals an action that is on record as applied to the booking's workflow. A workflow that does not run is no
// error: it reads the record when it starts.
func (d *Dispatcher) SignalIfRunning(ctx context.Context, b uuid.UUID, s booking.Signal) error {
	_, err := d.signalRunning(ctx, workflows.BookingID(b), workflows.ActionSignal, s)
	return err
}

// EnsureBookingRunning starts a booking's workflow again from the record, unless it runs.
func (d *Dispatcher) EnsureBookingRunning(ctx context.Context, b *booking.Booking, app string) error {
	return unlessRunning(d.start(ctx, b, app, nil, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE))
}

// EnsureEndpointRunning signals the workflow of an endpoint that deliveries are due, and starts it if it does not run.
func (d *Dispatcher) EnsureEndpointRunning(ctx context.Context, endpoint uuid.UUID) error {
	return d.wake(ctx, client.StartWorkflowOptions{
		ID: workflows.EndpointID(endpoint), TaskQueue: workflows.WebhookQueue(d.TaskQueue),
		StaticSummary: "sends the webhooks of endpoint " + endpoint.String(),
	}, workflows.Endpoint, outbox.DrainInput{EndpointID: endpoint, Idle: workflows.EndpointIdle})
}

// EnsurePaymentRunning signals the workflow of a payment to look at it, and starts it if it does not run.
func (d *Dispatcher) EnsurePaymentRunning(ctx context.Context, p uuid.UUID) error {
	return d.wake(ctx, client.StartWorkflowOptions{
		ID: workflows.PaymentID(p), TaskQueue: workflows.PaymentQueue(d.TaskQueue), StaticSummary: "carries on payment " + p.String(),
	}, workflows.Payment, payment.Input{PaymentID: p})
}

// EnsureEffectsRunning signals the workflow of a booking's effects that some are due, and starts it if it does not run.
func (d *Dispatcher) EnsureEffectsRunning(ctx context.Context, b uuid.UUID) error {
	return d.wake(ctx, client.StartWorkflowOptions{
		ID: workflows.EffectsID(b), TaskQueue: workflows.EffectQueue(d.TaskQueue),
		StaticSummary: "carries out the effects of booking " + b.String(),
	}, workflows.Effects, effect.Input{BookingID: b})
}

// NudgeIfRunning signals the workflow of an endpoint that was deleted, so that it looks and ends. A workflow that does not run is
// no error.
func (d *Dispatcher) NudgeIfRunning(ctx context.Context, endpoint uuid.UUID) error {
	_, err := d.signalRunning(ctx, workflows.EndpointID(endpoint), workflows.WakeSignal, nil)
	return err
}

// wake signals a workflow to look at what is due, and starts it with an input if it does not run.
func (d *Dispatcher) wake(ctx context.Context, options client.StartWorkflowOptions, workflow, input any) error {
	_, err := d.Client.SignalWithStartWorkflow(ctx, options.ID, workflows.WakeSignal, nil, options, workflow, input)
	return err
}

// signalRunning signals a workflow. False for one that does not run.
func (d *Dispatcher) signalRunning(ctx context.Context, id, signal string, value any) (running bool, err error) {
	err = d.Client.SignalWorkflow(ctx, id, "", signal, value)
	if _, lost := errors.AsType[*serviceerror.NotFound](err); lost {
		return false, nil
	}
	return err == nil, err
}

// unlessRunning is for starts that bring nothing that a workflow which runs already lacks.
func unlessRunning(err error) error {
	if errors.Is(err, errRunning) {
		return nil
	}
	return err
}

func (d *Dispatcher) start(
	ctx context.Context, b *booking.Booking, app string, actions []booking.Signal, reuse enums.WorkflowIdReusePolicy,
) error {
	err := d.startIndexed(ctx, b, app, actions, reuse, d.indexed.Load())
	if errors.Is(err, errUnindexed) { // better unindexed than not at all
		err = d.startIndexed(ctx, b, app, actions, reuse, false)
	}
	return err
}

// errUnindexed says that the server does not have our search attributes (yet).
var errUnindexed = errors.New("the search attributes are unknown")

func (d *Dispatcher) startIndexed(
	ctx context.Context, b *booking.Booking, app string, actions []booking.Signal, reuse enums.WorkflowIdReusePolicy, indexed bool,
) error {
	graph, err := b.LoadGraph()
	if err != nil {
		return fmt.Errorf("%w: %w", errNoGraph, err)
	}
	in := booking.WorkflowInput{
		BookingID: b.ID, AppID: b.AppID, App: app, Title: Title(b), GraphInput: booking.GraphInput{Graph: *graph}, Timers: b.Settings.Timers,
		Start: b.Start, End: b.End, State: b.State, Seq: b.Seq, Entered: b.EnteredAt,
		Reminders: b.Reminders, Actions: actions, Clock: b.Clock,
	}
	times := b.Times()
	if in.BalanceDue = times.BalanceDue; graph.Own {
		in.CancelUntil, in.MoveUntil = times.CancelUntil, times.MoveUntil
	}
	if indexed {
		in.Shown = expected(graph, b.State, actions)
	}
	summary := workflows.Summary(in)
	if err := in.SetGraph(graph); err != nil {
		return err
	}
	options := client.StartWorkflowOptions{
		ID: workflows.BookingID(b.ID), TaskQueue: workflows.BookingQueue(d.TaskQueue, startLevel(graph, &in)), WorkflowIDReusePolicy: reuse,
		WorkflowExecutionErrorWhenAlreadyStarted: true, EnableEagerStart: true,
		StaticSummary: summary, StaticDetails: graph.Description,
	}
	if in.Shown != "" {
		options.TypedSearchAttributes = temporal.NewSearchAttributes(
			workflows.AppAttribute.ValueSet(app), workflows.GraphAttribute.ValueSet(b.Graph),
			workflows.StateAttribute.ValueSet(in.Shown), workflows.StartAttribute.ValueSet(b.Start))
	}
	_, err = d.Client.ExecuteWorkflow(ctx, options, workflows.Booking, in)
	if _, running := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); running {
		return errRunning
	}
	if _, unknown := errors.AsType[*serviceerror.InvalidArgument](err); unknown && in.Shown != "" {
		return errUnindexed
	}
	return err
}

// startLevel is the level of the task queue on which a booking starts. The first workers of level 1 wrote no effects and read no packed
// graph; all of level 2 do. Bookings that run already stay where they are.
func startLevel(g *graphs.Graph, in *booking.WorkflowInput) int {
	level := graphs.Level(g)
	if len(in.Packed) > 0 || hasEffects(g) {
		level = max(level, 2)
	}
	return level
}

func hasEffects(g *graphs.Graph) bool {
	for i := range g.States {
		for k := range g.States[i].Actions {
			if len(g.States[i].Actions[k].Effects) > 0 {
				return true
			}
		}
	}
	return false
}

// expected is the state the workflow is about to reach, so that it need not index its first step at once.
func expected(graph *graphs.Graph, state string, actions []booking.Signal) string {
	for _, s := range actions {
		if move, err := graph.Next(state, s.Action, s.Actor); err == nil && move.To != graphs.Previous {
			state = move.To
		}
	}
	return state
}

// Title is what a booking is called where no person may be named: in its "what", everything that names one gives way to
// "…". Widgets like to write "Meeting with <customer>".
func Title(b *booking.Booking) string {
	title := b.What
	for _, word := range named(b) {
		title = mask(title, word)
	}
	if runes := []rune(title); len(runes) > 80 {
		title = string(runes[:79]) + "…"
	}
	return fmt.Sprintf("%s (%s)", strings.TrimSpace(title), b.Start.UTC().Format("2006-01-02 15:04Z"))
}

// named lists what names a person of the booking, longer texts before those that may be part of them: names, also by
// their parts, addresses and numbers.
func named(b *booking.Booking) []string {
	words := slices.Clone(b.Participants)
	for _, c := range b.Customers {
		words = append(words, c.Name, c.Email, c.Phone, c.Voip)
		words = append(words, strings.Fields(c.Name)...)
		words = append(words, strings.FieldsFunc(c.Name, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
		})...)
	}
	words = slices.DeleteFunc(words, func(word string) bool { return utf8.RuneCountInString(word) < 2 })
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}

// mask replaces every occurrence of a word, whatever its case.
func mask(text, word string) string {
	left, folded, key := []rune(text), fold(text), fold(word)
	var out []rune
	for i := 0; i < len(left); {
		if len(folded)-i >= len(key) && slices.Equal(folded[i:i+len(key)], key) {
			out = append(out, '…')
			i += len(key)
			continue
		}
		out = append(out, left[i])
		i++
	}
	return string(out)
}

// fold makes letters of one kind equal, one by one: unlike strings.ToLower, it keeps their number. Through the upper
// case, because İ, ı and ſ have no way back.
func fold(text string) []rune {
	runes := []rune(text)
	for i, r := range runes {
		runes[i] = unicode.ToLower(unicode.ToUpper(r))
	}
	return runes
}
