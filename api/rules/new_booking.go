package rules

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
	"holdfast/internal/service"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
	"holdfast/internal/zones"
)

// NewBooking reads a booking that a caller asks for. The project's settings lie under the request's, and over them for visitors. p is the
// project that it is booked through, nil for none. Times are read by the clock; without an offset they are of its zone. hold makes it a
// hold. Faults of fields are added to problems, which the booking keeps. The error is Forbidden for what only a server key may ask for.
func (r Reader) NewBooking(
	c booking.Caller, clock timekit.Clock, in BookingInput, p *service.Project, hold bool, problems fault.Problems,
) (n service.NewBooking, err error) {
	units, usual := in.readUnits(c, p, problems)
	if in, err = in.through(c, p); err != nil {
		return n, err
	}
	switch {
	case hold:
		in.hold(service.HoldGraph)
	case in.Graph == "" && p != nil:
		in.Graph = catalogue.DefaultGraph // widgets name no graph: they leave it to the project
	}
	n = service.NewBooking{Project: p, Problems: problems, Graph: in.findGraph(c.App, problems), Units: units, UsualUnits: usual}
	if n.Graph != nil {
		n.Settings = in.settings(n.Graph, problems)
		n.Settings.IgnoreAllDayEvents = n.Settings.IgnoreAllDayEvents || p != nil && p.Rules.Query.IgnoreAllDay
		in.buffer(c, p, &n.Settings, problems)
	}
	forbidHolds(c, n.Graph, hold, problems)
	in.related(&n, problems)
	in.slot(clock, &n, problems)
	n.Meta = edge.CheckObject(in.Meta, "meta", problems)
	n.Customers = readCustomers(in.Customer, problems)
	for i := range n.Customers {
		ReadSMSConsent(&n.Customers[i], p, c.App.Clock.Now(), problems)
	}
	if p != nil && c.Kind != tenant.ServerKey && !hold {
		in.askCustomer(p.Project, problems)
	}
	n.Reminders = r.wantedReminders(in, p, hold, problems)
	n.Policy, n.Override = in.policy(c, p, n.Settings), in.Override
	n.Price, n.PaymentPolicy, n.NoShowConsent = in.Price, in.PaymentPolicy, in.NoShowConsent
	if n.Requires = in.Requires; n.Requires != nil {
		n.Requires.Check("requires", problems)
	}
	if n.Notify, err = ReadNotify(c, in.Notify, problems); err != nil {
		return n, err
	}
	return n, service.CheckOverride(c, n.Override, problems)
}

// forbidHolds adds a problem where a visitor names the graph of holds for what is no hold.
func forbidHolds(c booking.Caller, graph *graphs.Graph, hold bool, problems fault.Problems) {
	if c.IsVisitor() && graph != nil && graph.Name == service.HoldGraph && !hold {
		problems.Add("graph", "is made by POST /v2/bookings/reserve")
	}
}

// readUnits reads how many units the body asks for, 0 for none, and how many are usual. What a project lets visitors ask for is not a
// body's to say.
func (in *BookingInput) readUnits(c booking.Caller, p *service.Project, problems fault.Problems) (asked, usual int) {
	CheckUnits(in.Units, "units", problems)
	var of *catalogue.Project
	if p != nil {
		of = p.Project
	}
	usual, _ = ProjectUnits(of)
	return AllowUnits(c, in.Units, of, problems), usual
}

// through lays the project's booking settings under the body's. In a browser they lie above: a visitor may not choose another graph or
// a shorter buffer than the owner did.
func (in *BookingInput) through(c booking.Caller, p *service.Project) (BookingInput, error) {
	if c.Kind != tenant.ServerKey {
		if err := in.restrict(); err != nil {
			return *in, err
		}
	}
	if p == nil {
		return *in, nil
	}
	defaults, err := readDefaults(p.Project)
	if err != nil {
		return *in, err
	}
	if c.Kind == tenant.ServerKey {
		in.layOver(&defaults)
		return *in, nil
	}
	if defaults.Graph == "" {
		defaults.Graph = in.visitorsGraph(p.Project)
	}
	defaults.layOver(in)
	return defaults, nil
}

// visitorsGraph is the graph of a visitor's booking through a project that may not name one. A visitor does not choose: it is the
// default, or what takes a seat of the session that is named.
func (in *BookingInput) visitorsGraph(p *catalogue.Project) string {
	name, _, _ := strings.Cut(in.Graph, "@") // which version is not a visitor's choice either
	if g, ok := graphs.Version(name, 1); ok && in.Related.OwnerBookingID != "" && service.IsSeat(g) {
		return name
	}
	return p.GraphName()
}

// policy is the policy that is set on the booking, with the buffer that its settings have, if it is its own: one of 0 is, too, and
// lifts the project's. nil for none.
func (in *BookingInput) policy(c booking.Caller, p *service.Project, set booking.Settings) *policy.Policy {
	ofProject := p != nil && (c.Kind != tenant.ServerKey || in.Buffer == "" && p.Rules.Query.BufferBefore > 0)
	named := in.Buffer != "" || set.BufferSeconds > 0
	if ofProject || !named || in.Policy != nil && in.Policy.Buffer != nil {
		return in.Policy
	}
	own := policy.Policy{}
	if in.Policy != nil {
		own = *in.Policy
	}
	own.Buffer = policy.BothSides(set.Buffer())
	return &own
}

// buffer reads the time to keep free around the booking: its own, or the project's. Visitors have the project's.
func (in *BookingInput) buffer(c booking.Caller, p *service.Project, set *booking.Settings, problems fault.Problems) {
	if p != nil && (in.Buffer == "" || c.Kind != tenant.ServerKey) {
		if length := p.Rules.Query.BufferBefore; length > 0 {
			set.BufferSeconds = int(length / time.Second)
		}
		return
	}
	if in.Buffer == "" {
		return
	}
	length, fixed := span(in.Buffer, "buffer", problems).Duration()
	if !fixed || length > maxBuffer {
		problems.Add("buffer", "must not be longer than 7 days")
	}
	set.BufferSeconds = int(length / time.Second)
}

func span(text, field string, problems fault.Problems) zones.Span {
	parsed, err := zones.ParseSpan(text)
	if err != nil {
		problems.Add(field, "%s", err)
	}
	return parsed
}

// related reads the session or the hold that the body names.
func (in *BookingInput) related(n *service.NewBooking, problems fault.Problems) {
	if text := in.Related.OwnerBookingID; text != "" {
		n.Session = OptionalID(text, "related.owner_booking_id", problems)
	}
	if text := in.ReservationID; text != "" {
		n.Reservation = OptionalID(text, "reservation_id", problems)
	}
}

// OptionalID reads a UUID that is named; nil for what is none.
func OptionalID(text, field string, problems fault.Problems) *uuid.UUID {
	id := edge.ParseID(text, field, problems)
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// slot reads when, what, where and whose time it is. A seat is there when its session is, and with whom.
func (in *BookingInput) slot(clock timekit.Clock, n *service.NewBooking, problems fault.Problems) {
	slot := in.Slot
	if in.Event != nil {
		slot = *in.Event
	}
	n.What, n.Where, n.Description = slot.What, slot.Where, slot.Description
	n.Participants = slot.Participants
	CheckParticipants(n.Participants, problems)
	seat := service.IsSeat(n.Graph)
	if !seat && in.ResourceID != "" {
		n.Resource = edge.ParseID(in.ResourceID, "resource_id", problems)
	}
	if !seat && slot.CalendarID != "" {
		n.Calendar = OptionalID(slot.CalendarID, "calendar_id", problems)
	}
	if n.Session == nil {
		n.Start, n.End = slot.Times(clock, problems)
	}
}

// Times reads both ends by a clock; the zero time for one that is not named.
func (slot Slot) Times(clock timekit.Clock, problems fault.Problems) (start, end time.Time) {
	if slot.Start != "" {
		start = edge.ParseTime(clock, string(slot.Start), "start", problems)
	}
	if slot.End != "" {
		end = edge.ParseTime(clock, string(slot.End), "end", problems)
	}
	return start, end
}

// OutlookOf is the outlook of what is booked through a project.
func OutlookOf(app *tenant.App, p *catalogue.Project) service.Outlook {
	in, _ := readDefaults(p) // checked when it was written
	graph, ok := app.Graphs.Named(p.GraphName(), app.Settings.GraphVersions)
	if !ok {
		return service.Outlook{}
	}
	return service.StartOutlook(graph, in.settings(graph, fault.Problems{}).Timers)
}
