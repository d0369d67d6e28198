package payload

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
	"holdfast/internal/payment"
	"holdfast/internal/tenant"
)

// EventType is a name that endpoints can ask for, and what it stands for.
type EventType struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// EventTypes are all of an app that has such graphs: every state that an action of a graph leads to, those under way before those that
// end a booking; the notices of graphs; then the kinds of changes; then what becomes of endpoints. Sample has each.
func EventTypes(known *tenant.Graphs) []EventType {
	var all []EventType
	for _, s := range reached(known) {
		all = append(all, EventType{outbox.EventType(s.name), s.description()})
	}
	for _, g := range known.All() {
		for i := range g.States {
			for _, n := range g.States[i].Notices {
				all = noteNotice(all, n)
			}
		}
	}
	for _, one := range others {
		all = append(all, one.EventType)
	}
	return all
}

// noteNotice adds the event type of a notice, once.
func noteNotice(all []EventType, n graphs.Notice) []EventType {
	name := outbox.EventType(n.Name)
	if slices.ContainsFunc(all, func(t EventType) bool { return t.Name == name }) {
		return all
	}
	text := fmt.Sprintf("%d%% of the time until %s have passed, and nobody has acted. Sent only where it is named.", n.Percent, words(n.Timer))
	return append(all, EventType{name, text})
}

// others are the event types that are no states, each with how Sample makes one up.
var others = []struct {
	EventType
	sample sampler
}{
	{EventType{outbox.UndoneEvent, "An action was taken back: a booking is in the state before it again."}, sampleChange},
	{EventType{outbox.BookingsCreate, "A booking was made."}, sampleChange},
	{EventType{outbox.BookingsUpdate, "A booking has moved on: it was confirmed or paid, or has taken place."}, sampleChange},
	{EventType{outbox.BookingsDelete, "A booking is over without having taken place: cancelled, declined, moved, not paid."}, sampleChange},
	{EventType{outbox.EffectFailedEvent, "An effect of a booking was given up, by time or by hand. Sent only where it is named."},
		sampleFailure},
	{EventType{outbox.PaymentOpenEvent, "A customer can pay now. Sent only where it is named, as all of payments and refunds."},
		samplePayment(payment.Open)},
	{EventType{outbox.PaymentProcessingEvent, "A customer has paid, and the money is under way."}, samplePayment(payment.Processing)},
	{EventType{outbox.PaymentAuthorizedEvent, "The money of a payment is held, and is captured or let go later."},
		samplePayment(payment.Authorized)},
	{EventType{outbox.PaymentCapturedEvent, "The money of a payment has arrived."}, samplePayment(payment.Captured)},
	{EventType{outbox.PaymentFailedEvent, "A payment was refused by its provider."}, samplePayment(payment.Failed)},
	{EventType{outbox.PaymentExpiredEvent, "A payment has ended, and nothing was paid."}, samplePayment(payment.Expired)},
	{EventType{outbox.PaymentVoidedEvent, "The money of a payment was held, and was let go."}, samplePayment(payment.Voided)},
	{EventType{outbox.PaymentDisputedEvent, "A customer's bank disputes a payment: nothing is refunded meanwhile."}, sampleDispute},
	{EventType{outbox.PaymentLateRefundedEvent, "Money has arrived when its booking did not wait for it any more, and goes back."},
		sampleRefund(payment.RefundPending, payment.Late)},
	{EventType{outbox.RefundCreatedEvent, "Money is to go back, all of a payment or a part."},
		sampleRefund(payment.RefundPending, payment.ByPolicy)},
	{EventType{outbox.RefundSucceededEvent, "A provider has given the money of a refund back."},
		sampleRefund(payment.RefundSucceeded, payment.ByPolicy)},
	{EventType{outbox.RefundFailedEvent, "A refund has failed and waits for somebody: to be tried again, or to be paid by hand."},
		sampleRefund(payment.RefundFailed, payment.ByPolicy)},
	{EventType{outbox.MailBouncedEvent, "An address that a booking's mail went to does not exist: it gets no more. " +
		"Sent only where it is named."}, sampleBounce},
	{EventType{outbox.MailFailingEvent, "No mail can be sent, by the app's mail server or the operator's. Sent only where it is named."},
		sampleMailer},
	{EventType{outbox.EndpointFailingEvent, "No attempt to reach an endpoint has succeeded for a day."},
		sampleEndpoint(outbox.EndpointActive, "", true)},
	{EventType{outbox.EndpointPausedEvent, "An endpoint was paused, by hand or after five days without a success."},
		sampleEndpoint(outbox.EndpointPaused, outbox.PausedFailing, true)},
	{EventType{outbox.EndpointResumedEvent, "A paused or disabled endpoint is sent to again."},
		sampleEndpoint(outbox.EndpointActive, "", false)},
	{EventType{outbox.EndpointDisabledEvent, "An endpoint has answered 410 Gone and is sent nothing any more."},
		sampleEndpoint(outbox.EndpointDisabled, outbox.ReceiverGone, false)},
}

// sampler makes up a change of a type, at a time; nil when no graph has one.
type sampler func(known *tenant.Graphs, eventType string, at time.Time) *outbox.Event

// target is a state of one name, in all graphs that have it.
type target struct {
	name    string
	final   bool
	actions []string // that lead there
	graphs  []string
}

func (t *target) description() string {
	return "A booking is now " + words(t.name) + ", by " + strings.Join(t.actions, " or ") + ". Graphs: " + strings.Join(t.graphs, ", ") + "."
}

// reached are the states that actions lead to.
func reached(known *tenant.Graphs) []*target {
	var all []*target
	for _, g := range known.All() {
		for i := range g.States {
			for _, action := range g.States[i].Actions {
				all = note(all, g, action.Name, action.To)
				all = note(all, g, action.Name, action.Otherwise())
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *target) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

// note adds that an action leads to a state; not to the state before, nor to none.
func note(all []*target, g *graphs.Graph, action, to string) []*target {
	if to == graphs.Previous || to == "" {
		return all
	}
	i := slices.IndexFunc(all, func(t *target) bool { return t.name == to })
	if i < 0 {
		i, all = len(all), append(all, &target{name: to, final: g.Final(to)})
	}
	all[i].actions, all[i].graphs = with(all[i].actions, action), with(all[i].graphs, g.Name)
	return all
}

func with(list []string, one string) []string {
	if slices.Contains(list, one) {
		return list
	}
	return append(list, one)
}

func rank(t *target) int {
	switch {
	case !t.final:
		return 0
	case booking.TookPlace(t.name):
		return 1
	}
	return 2
}

// words are a state's name as people write it.
func words(state string) string { return strings.ReplaceAll(state, "_", " ") }
