package booking

import (
	"slices"
	"time"

	"holdfast/graphs"
	"holdfast/internal/policy"
)

// sessionGraph is the graph of sessions. A session is what is sold, so the rules of those who book it do not rule it.
const sessionGraph = "group_owner"

// cancelAction is how an owner cancels a booking.
const cancelAction = "cancel"

// took are the states of bookings that took place, or whose time was kept for nothing. They stay counted by limits.
var took = []string{Completed, attended, noShow}

// TookPlace reports whether a state is that of a booking whose time is over.
func TookPlace(state string) bool { return slices.Contains(took, state) }

// Rules returns the policy that the booking is ruled by.
func (b *Booking) Rules() policy.Policy { return b.Policy.Policy() }

// Held returns the booking as deadlines see it.
func (b *Booking) Held() policy.Held {
	return policy.Held{Start: b.Start, FirstStart: b.FirstStart, Moves: b.Moves}
}

// IsSupply reports whether the booking is a session, of which others book seats.
func (b *Booking) IsSupply() bool { return b.Graph == sessionGraph }

// Buckets returns the buckets of limits that the booking counts in, in the order in which they are locked; nil without limits.
func (b *Booking) Buckets() []policy.Bucket {
	rules := b.Rules()
	if rules.Limits == nil || b.IsSupply() {
		return nil
	}
	return rules.Buckets(b.Subjects(), b.Start, b.End, b.Resource.Zone())
}

// Rules returns the policy that Timekit's fields of a session make for its seats: min_booking_time is their notice, max_booking_time their
// horizon, to the minute, and min_cancel_time the deadline for their customers. What is no length makes no rule.
func (s Settings) Rules() (p policy.Policy) {
	lead := func(prefix, text string) *policy.Lead {
		l, err := policy.ParseLead(prefix + text)
		if text == "" || err != nil {
			return nil
		}
		return &l
	}
	if notice, horizon := lead("", s.MinBookingTime), lead("exact ", s.MaxBookingTime); notice != nil || horizon != nil {
		p.Book = &policy.Book{Notice: notice, Horizon: horizon}
	}
	if until := lead("", s.MinCancelTime); until != nil {
		p.Cancel = &policy.Cancel{Customer: &policy.Deadline{Until: until}}
	}
	return p
}

// BoundBySession reports which bounds of its session hold for a seat: when it is booked and until when it is cancelled. They are those
// that the seat's policy says nothing about; seats that were made before their sessions' bounds were read into policies have none.
func (b *Booking) BoundBySession() (booking, cancelling bool) {
	rules := b.Rules()
	booking = rules.Book == nil || rules.Book.Notice == nil && rules.Book.Horizon == nil
	cancelling = rules.Cancel == nil || rules.Cancel.Customer == nil || rules.Cancel.Customer.Until == nil
	return booking, cancelling
}

// Subjects returns what the limits of the booking count for.
func (b *Booking) Subjects() policy.Subjects {
	s := policy.Subjects{}
	if b.Related.OwnerBooking == nil {
		for _, id := range b.Resources() {
			s.Resources = append(s.Resources, id.String())
		}
	}
	if b.Related.Project != nil {
		s.Project = b.Related.Project.String()
	}
	for _, c := range b.Customers {
		if key := policy.CustomerKey(b.AppID.String(), c.Email); key != "" {
			s.Customers = append(s.Customers, key)
		}
	}
	return s
}

// Buffers returns the time before and after the booking that nothing else may take.
func (b *Booking) Buffers() (before, after time.Duration) {
	if rules := b.Rules(); rules.Buffer != nil {
		return rules.Around()
	}
	return b.Settings.Buffer(), b.Settings.Buffer()
}

// free are the actors that no policy rules.
var free = []graphs.Actor{graphs.ActorTimer, graphs.ActorPayment, graphs.ActorBooking, graphs.ActorEffect}

// RefusesAction returns why the policy refuses an action that was asked for at a moment; nil when it does not. Timers, payments, effects
// and other bookings are not held to it, nor is a booking before its first transition.
func (b *Booking) RefusesAction(name string, actor graphs.Actor, at time.Time, lifted policy.Lifted) *policy.Refusal {
	if b.Policy == nil || b.Seq == 0 || slices.Contains(free, actor) {
		return nil
	}
	zone := b.Resource.Zone()
	switch name {
	case CancelByCustomerAction:
		return b.Rules().JudgeCancel(policy.Customer, b.Held(), at, zone, lifted)
	case cancelAction:
		return b.Rules().JudgeCancel(policy.Owner, b.Held(), at, zone, lifted)
	case RescheduleAction: // by API it is played for the owner, who can always
		if actor == graphs.ActorCustomerLink {
			return b.Rules().JudgeMove(b.Held(), at, zone, lifted)
		}
	}
	return nil
}

// RefusedBy is a refusal by a policy as an action's outcome has it.
func RefusedBy(why *policy.Refusal, zone *time.Location) *Refusal {
	if why == nil {
		return nil
	}
	return &Refusal{Code: why.Code, Message: why.Message(zone), Rule: why.Fault()}
}
