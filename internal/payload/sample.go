package payload

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/effect"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
)

// Sample makes up a change of an event type of the catalogue of an app that has such graphs, to try an endpoint with; false when there is
// no such type. It has happened at that time, to a booking that does not exist: the caller gives it its app and no action links.
func Sample(known *tenant.Graphs, eventType string, at time.Time) (c *outbox.Event, ok bool) {
	sample := sampler(sampleChange)
	for _, one := range others {
		if one.Name == eventType {
			sample = one.sample
		}
	}
	c = sample(known, eventType, at)
	return c, c != nil
}

// sampleChange makes up a change of a booking, by the shortest way through a graph to a state or a kind of change, or the event of a
// notice; nil when no graph has one.
func sampleChange(known *tenant.Graphs, eventType string, at time.Time) *outbox.Event {
	for _, g := range plainFirst(known) {
		way := route(g, func(way []step) bool {
			last := way[len(way)-1]
			b := booking.Booking{Seq: len(way), State: last.to, Completed: g.Final(last.to)}
			return last.event() == eventType || b.Kind() == eventType
		})
		if way != nil {
			return walked(g, way, at)
		}
	}
	return sampleNotice(known, eventType, at)
}

// sampleNotice makes up the event of a notice: the booking stays in the state, so the event has no action; nil when no graph has
// such a notice.
func sampleNotice(known *tenant.Graphs, eventType string, at time.Time) *outbox.Event {
	for _, g := range plainFirst(known) {
		way := route(g, func(way []step) bool {
			s, ok := g.State(way[len(way)-1].to)
			return ok && slices.ContainsFunc(s.Notices, func(n graphs.Notice) bool { return outbox.EventType(n.Name) == eventType })
		})
		if way == nil {
			continue
		}
		e := walked(g, way, at)
		e.Type, e.From, e.Action, e.Actor, e.Channel, e.Inputs = eventType, "", "", "", "", nil
		return e
	}
	return nil
}

// sampleFailure makes up the event of an effect that has failed: a call to an endpoint that answered 500 until it was given up. The booking
// stays in its state, so the event has no action.
func sampleFailure(own *tenant.Graphs, eventType string, at time.Time) *outbox.Event {
	e := sampleChange(own, outbox.BookingsCreate, at)
	if e == nil {
		return nil
	}
	failed := effect.Failure{
		ID: example("effect"), Kind: graphs.CallEffect, Sequence: e.Seq, Number: 1, Attempts: 6,
		Error: effect.Error{Code: "http_500", Message: "The endpoint answered 500."},
	}
	e.Type, e.From, e.Action, e.Actor, e.Channel, e.Inputs, e.Effect = eventType, "", "", "", "", nil, raw(failed)
	return e
}

// plainFirst are all graphs, those of seats behind the others: a plain booking is easier to read for a receiver.
func plainFirst(known *tenant.Graphs) []*graphs.Graph {
	all := known.All()
	slices.SortStableFunc(all, func(a, b *graphs.Graph) int {
		switch {
		case hasSeats(a) == hasSeats(b):
			return 0
		case hasSeats(a):
			return 1
		}
		return -1
	})
	return all
}

func hasSeats(g *graphs.Graph) bool {
	return slices.ContainsFunc(g.States, func(s graphs.State) bool { return s.Holds == graphs.HoldsSeat })
}

// step is an arrow of a graph with the state that it leaves and the one that it leads to.
type step struct {
	from, to string
	action   graphs.Action
}

// event is the type of the event that the step publishes.
func (s step) event() string {
	if s.action.To == graphs.Previous {
		return outbox.UndoneEvent
	}
	return outbox.EventType(s.to)
}

// actor is the last one whom the arrow names: where there are several, the one it was made for, as a timer.
func (s step) actor() graphs.Actor { return s.action.By[len(s.action.By)-1] }

// route is the shortest way through a graph that is wanted; nil when there is none.
func route(g *graphs.Graph, wanted func(way []step) bool) []step {
	seen := map[string]bool{}
	for open := [][]step{{}}; len(open) > 0; open = open[1:] {
		way, here := open[0], g.Initial
		if len(way) > 0 {
			here = way[len(way)-1].to
		}
		s, ok := g.State(here)
		if !ok || seen[here] {
			continue
		}
		seen[here] = true
		for _, action := range s.Actions {
			for _, to := range leads(action, way) {
				next := append(slices.Clone(way), step{here, to, action})
				if wanted(next) {
					return next
				}
				open = append(open, next)
			}
		}
	}
	return nil
}

// leads returns the states that an action leads to behind a way: its target, and the state of a conflict where it has one.
func leads(action graphs.Action, way []step) []string {
	to := []string{action.To}
	if action.To == graphs.Previous {
		to[0] = way[len(way)-1].from
	}
	if other := action.Otherwise(); other != "" {
		to = append(to, other)
	}
	return to
}

// walked is the change that the last step of a way makes to the sample booking.
func walked(g *graphs.Graph, way []step, at time.Time) *outbox.Event {
	last := way[len(way)-1]
	b := sampleBooking(g, last, at)
	for i, s := range way {
		when := b.CreatedAt.Add(time.Duration(i) * time.Hour)
		if i == len(way)-1 {
			when = at
		}
		b.Step(move(g, s), when)
	}
	c := &outbox.Event{
		ID: uuid.Must(uuid.NewV7()), BookingID: &b.ID, Seq: b.Seq, Type: last.event(), At: at, Graph: g.Name, State: b.State,
		From: last.from, Action: last.action.Name, Actor: last.actor(), Channel: string(channels[last.actor()]),
		Inputs: sampleInputs(last.action), Test: true,
	}
	if c.Channel == "" {
		c.Channel = string(booking.ChannelAPI)
	}
	c.Data, c.Definition = raw(b), g.Definition()
	return c
}

func move(g *graphs.Graph, s step) graphs.Move {
	m, err := g.Next(s.from, s.action.Name, s.actor())
	if err != nil { // the step is an arrow of this very graph
		panic(err)
	}
	switch {
	case m.To == graphs.Previous:
		m, _ = g.Return(m, s.to)
	case m.To != s.to && m.Otherwise != nil:
		m = *m.Otherwise
	}
	return m
}

// channels are the ways in which actors come that do not call the API.
var channels = map[graphs.Actor]booking.Channel{
	graphs.ActorOwnerLink: booking.ChannelLink, graphs.ActorCustomerLink: booking.ChannelLink,
	graphs.ActorTimer: booking.ChannelTimer, graphs.ActorBooking: booking.ChannelRelay,
	graphs.ActorEffect: booking.ChannelEffect,
}

func sampleInputs(a graphs.Action) json.RawMessage {
	steps := map[string]map[string]string{}
	for _, input := range a.Inputs {
		if input.Timer != "" { // it would have to be a duration
			continue
		}
		if steps[input.Step] == nil {
			steps[input.Step] = map[string]string{}
		}
		steps[input.Step][input.Field] = "Example " + input.Field
	}
	return raw(steps)
}

// sampleEndpoint makes up changes of an endpoint that is afterwards as these say.
func sampleEndpoint(status outbox.EndpointStatus, reason outbox.PauseReason, failing bool) sampler {
	return func(_ *tenant.Graphs, eventType string, at time.Time) *outbox.Event {
		e := outbox.EndpointData{
			ID: example("endpoint"), URL: "https://example.com/webhooks", Description: "An example", Status: status, Reason: reason,
		}
		if failing {
			e.FailingSince = new(at.UTC().AddDate(0, 0, -1))
		}
		return &outbox.Event{ID: uuid.Must(uuid.NewV7()), Type: eventType, At: at, Data: raw(e), Test: true}
	}
}

// sampleBounce makes up the event of a mail whose address does not exist: the booking stays in its state, so the event has no action.
func sampleBounce(own *tenant.Graphs, eventType string, at time.Time) *outbox.Event {
	e := sampleChange(own, outbox.BookingsCreate, at)
	if e == nil {
		return nil
	}
	e.Type, e.From, e.Action, e.Actor, e.Channel = eventType, "", "", "", ""
	e.Inputs = raw(map[string]any{
		"id": example("mail"), "kind": "booking_confirmed", "to": "customer", "customer_id": example("customer"), "code": "smtp_550",
	})
	return e
}

// sampleMailer makes up the event of a mail server that refuses its sign-in.
func sampleMailer(_ *tenant.Graphs, eventType string, at time.Time) *outbox.Event {
	data := raw(outbox.MailerData{Code: "auth_failed", Status: 535, FailingSince: new(at.UTC())})
	return &outbox.Event{ID: uuid.Must(uuid.NewV7()), Type: eventType, At: at, Data: data, Test: true}
}
