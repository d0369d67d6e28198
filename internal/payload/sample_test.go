package payload

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
	"holdfast/internal/payment"
)

// TestEveryEventTypeHasASample checks what is made up against the graph it was made of, and against the clock.
func TestEveryEventTypeHasASample(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{made, time.Date(2026, 3, 29, 0, 59, 59, 0, time.UTC), time.Date(2028, 2, 29, 23, 59, 0, 0, time.UTC)} {
		for _, e := range EventTypes(nil) {
			c, ok := Sample(nil, e.Name, at)
			if !ok {
				t.Errorf("%s has no sample", e.Name)
				continue
			}
			if !c.Test || !c.At.Equal(at) {
				t.Errorf("%s: %+v", e.Name, c)
			}
			for _, format := range outbox.Formats {
				object(t, body(t, format, c, nil))
			}
			b, err := booking.OfEvent(c)
			switch {
			case err != nil:
				t.Fatal(err)
			case b == nil && c.Type != e.Name:
				t.Errorf("%s is a sample of %s", c.Type, e.Name)
			case b != nil:
				checkSample(t, e.Name, c, b)
			}
		}
	}
}

func checkSample(t *testing.T, name string, c *outbox.Event, b *booking.Booking) {
	t.Helper()
	g, err := b.LoadGraph()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains([]string{c.Type, b.Kind()}, name) {
		t.Errorf("%s: is %s of %s", name, c.Type, b.Kind())
	}
	if name == outbox.EffectFailedEvent {
		if c.OfTransition() || c.Type != name || !strings.Contains(string(c.Effect), `"code":"http_500"`) {
			t.Errorf("%s: action %q, effect %s", name, c.Action, c.Effect)
		}
		return
	}
	if c.OfMoney() {
		checkMoney(t, name, c)
		return
	}
	if name == outbox.MailBouncedEvent {
		if c.OfTransition() || c.Type != name || !strings.Contains(string(c.Inputs), `"code":"smtp_550"`) {
			t.Errorf("%s: action %q, mail %s", name, c.Action, c.Inputs)
		}
		return
	}
	if !c.OfTransition() {
		if s, ok := g.State(b.State); !ok || len(s.Notices) == 0 || c.State != b.State || c.Type != name {
			t.Errorf("%s: %+v is no notice", name, c)
		}
		return
	}
	move, err := g.Next(c.From, c.Action, c.Actor)
	kind := outbox.EventType(b.State)
	if move.To == graphs.Previous {
		move, _ = g.Return(move, b.State)
		kind = outbox.UndoneEvent
	}
	if other := move.Otherwise; other != nil && move.To != c.State {
		move = *other
	}
	if err != nil || move.To != c.State || c.State != b.State || c.Type != kind || c.Graph != b.Graph || c.Seq != b.Seq || b.Seq < 1 {
		t.Errorf("%s: %+v is no arrow: %v", name, c, err)
	}
	if b.CreatedAt.After(c.At) || !b.UpdatedAt.Equal(c.At) || !b.Start.Before(b.End) || (booking.TookPlace(b.State) || booking.TookPlace(c.From)) != b.End.Before(c.At) {
		t.Errorf("%s: made %s, changed %s, %s to %s", name, b.CreatedAt, c.At, b.Start, b.End)
	}
	if hour := b.Start.In(b.Resource.Zone()).Hour(); hour != 10 {
		t.Errorf("%s: at %d o'clock", name, hour)
	}
	if email := b.Customers[0].Email; !strings.HasSuffix(email, "@example.com") {
		t.Errorf("%s: %s may be somebody", name, email)
	}
	if seat := name == "booking.cancelled_by_owner"; seat != (b.Session != nil) || seat != (b.Related.OwnerBooking != nil) {
		t.Errorf("%s: a seat without a session, or the other way round", name)
	}
	if moved := c.Action == booking.RescheduleAction; moved != (b.Related.RescheduledTo != nil) {
		t.Errorf("%s: %+v", name, b.Related)
	}
	if timer := c.Actor == graphs.ActorTimer; timer != (booking.Channel(c.Channel) == booking.ChannelTimer) {
		t.Errorf("%s: %s came by %s", name, c.Actor, c.Channel)
	}
}

// checkMoney: the state of the payment, or of the refund, is the one that its event is named for.
func checkMoney(t *testing.T, name string, c *outbox.Event) {
	t.Helper()
	var n payment.Notice
	if err := json.Unmarshal(c.Payment, &n); err != nil || c.OfTransition() || c.Type != name {
		t.Fatalf("%s: action %q, payment %s, %v", name, c.Action, c.Payment, err)
	}
	family, state, _ := strings.Cut(name, ".")
	switch {
	case family == "refund" && n.Refund == nil, family == "payment" && (n.Refund != nil) != (name == outbox.PaymentLateRefundedEvent):
		t.Errorf("%s: refund %+v", name, n.Refund)
	case name == outbox.RefundCreatedEvent, name == outbox.PaymentLateRefundedEvent:
		if n.Refund.State != payment.RefundPending || n.Late != (n.Refund.Reason == payment.Late) {
			t.Errorf("%s: %+v", name, n.Refund)
		}
	case family == "refund" && string(n.Refund.State) != state, (n.Refund != nil && n.Refund.State == payment.RefundFailed) != (name == outbox.RefundFailedEvent):
		t.Errorf("%s: %+v", name, n.Refund)
	case name == outbox.PaymentDisputedEvent:
		if !n.Disputed {
			t.Errorf("%s: %+v", name, n)
		}
	case family == "payment" && string(n.State) != state:
		t.Errorf("%s is of a payment that is %s", name, n.State)
	}
}

func TestSamplesTellWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	if got := sampled(t, "booking.cancelled").Reason(); got != "Example message" {
		t.Errorf("the reason is %q", got)
	}
	if got := one(t, sampled(t, "bookings.create"))["message"]; got != "An example" {
		t.Errorf("the message is %q", got)
	}
	one, other := sampled(t, "booking.confirmed"), sampled(t, "booking.confirmed")
	again, _ := Sample(nil, "booking.confirmed", made)
	if again.ID == one.ID || string(one.Data) != string(other.Data) {
		t.Error("two samples are the same event, or of different bookings")
	}
}

func TestSampleInputs(t *testing.T) {
	t.Parallel()
	inputs := []graphs.Input{{Step: "extend", Field: "time", Timer: "expire"}, {Step: "extend", Field: "message"}, {Step: "extend", Field: "by"}}
	if got := string(sampleInputs(graphs.Action{Inputs: inputs})); got != `{"extend":{"by":"Example by","message":"Example message"}}` {
		t.Error(got)
	}
}

func TestNoSampleOfWhatThereIsNot(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "booking.", "booking.*", "booking.error", "booking.initialized", "booking.reminder", "bookings.*", "endpoint.*", "confirmed"} {
		if c, ok := Sample(nil, name, made); ok {
			t.Errorf("%q: %+v", name, c)
		}
	}
}

// TestCatalogue has each name once, in an order for people.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	var names []string
	for _, e := range EventTypes(nil) {
		names = append(names, e.Name)
		if !strings.HasSuffix(e.Description, ".") || strings.Contains(e.Description, "_by_ ") {
			t.Errorf("%s: %s", e.Name, e.Description)
		}
	}
	want := strings.Fields(`
		booking.tentative booking.confirmed booking.paid booking.requested booking.expiring booking.balance_due booking.settled
		booking.balance_overdue booking.reserved booking.completed
		booking.attended booking.no_show
		booking.declined booking.cancelled booking.cancelled_by_customer booking.rescheduled_by_customer booking.withdrawn booking.expired
		booking.cancelled_by_owner booking.unpaid booking.refunded_late booking.lapsed booking.booked booking.released
		booking.approval_due booking.approval_escalated booking.balance_reminder booking.undone
		bookings.create bookings.update bookings.delete effect.failed
		payment.open payment.processing payment.authorized payment.captured payment.failed payment.expired payment.voided
		payment.disputed payment.late_refunded refund.created refund.succeeded refund.failed mail.bounced mail.failing
		endpoint.failing endpoint.paused endpoint.resumed endpoint.disabled`)
	if !slices.Equal(names, want) {
		t.Errorf("got\n%v\nwant\n%v", names, want)
	}
	if got, want := EventTypes(nil)[2].Description, "A booking is now paid, by pay or confirm or pay_late. Graphs: group_customer_payment, instant_payment, paid_booking, paid_seat."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEveryStateThatIsReachedIsInTheCatalogue asks the graphs, so that a new one is not forgotten.
func TestEveryStateThatIsReachedIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, e := range EventTypes(nil) {
		if known[e.Name] {
			t.Errorf("%s is there twice", e.Name)
		}
		known[e.Name] = true
	}
	for _, g := range graphs.Published() {
		for _, s := range g.States {
			reached := s.Name != g.Initial && s.Name != graphs.ErrorState
			if known[outbox.EventType(s.Name)] != reached {
				t.Errorf("%s of %s", s.Name, g.Name)
			}
		}
	}
}
