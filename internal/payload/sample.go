package payload

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
)

// Sample makes up a change of an event type of the catalogue, to try an endpoint with; false when there is no such type.
// It has happened at that time, to a booking that does not exist: the caller gives it its app and no action links.
func Sample(eventType string, at time.Time) (c *outbox.Event, ok bool) {
	sample := sampleChange
	for _, one := range others {
		if one.Name == eventType {
			sample = one.sample
		}
	}
	c = sample(eventType, at)
	return c, c != nil
}

// sampleChange makes up a change of a booking, by the shortest way through a graph to a state or a kind of change; nil when no graph has
// one.
func sampleChange(eventType string, at time.Time) *outbox.Event {
	for _, g := range plainFirst() {
		way := route(g, func(way []step) bool {
			to := way[len(way)-1].action.To
			b := booking.Booking{Seq: len(way), State: to, Completed: g.Final(to)}
			return outbox.EventType(to) == eventType || b.Kind() == eventType
		})
		if way != nil {
			return walked(g, way, at)
		}
	}
	return nil
}

// plainFirst are all graphs, those of seats behind the others: a plain booking is easier to read for a receiver.
func plainFirst() []*graphs.Graph {
	all := graphs.Published()
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

// step is an arrow of a graph and the state it leaves.
type step struct {
	from   string
	action graphs.Action
}

// actor is the last one whom the arrow names: where there are several, the one it was made for, as a timer.
func (s step) actor() graphs.Actor { return s.action.By[len(s.action.By)-1] }

// route is the shortest way through a graph that is wanted; nil when there is none.
func route(g *graphs.Graph, wanted func(way []step) bool) []step {
	seen := map[string]bool{}
	for open := [][]step{{}}; len(open) > 0; open = open[1:] {
		way, here := open[0], g.Initial
		if len(way) > 0 {
			here = way[len(way)-1].action.To
		}
		s, ok := g.State(here)
		if !ok || seen[here] {
			continue
		}
		seen[here] = true
		for _, action := range s.Actions {
			next := append(slices.Clone(way), step{here, action})
			if wanted(next) {
				return next
			}
			open = append(open, next)
		}
	}
	return nil
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
		ID: uuid.Must(uuid.NewV7()), BookingID: &b.ID, Seq: b.Seq, Type: outbox.EventType(b.State), At: at, Graph: g.Name, State: b.State,
		From: last.from, Action: last.action.Name, Actor: last.actor(), Channel: string(channels[last.actor()]),
		Inputs: sampleInputs(last.action), Test: true,
	}
	if c.Channel == "" {
		c.Channel = string(booking.ChannelAPI)
	}
	c.Data = raw(b)
	return c
}

func move(g *graphs.Graph, s step) graphs.Move {
	m, err := g.Next(s.from, s.action.Name, s.actor())
	if err != nil { // the step is an arrow of this very graph
		panic(err)
	}
	return m
}

// channels are the ways in which actors come that do not call the API.
var channels = map[graphs.Actor]booking.Channel{
	graphs.ActorOwnerLink: booking.ChannelLink, graphs.ActorCustomerLink: booking.ChannelLink,
	graphs.ActorTimer: booking.ChannelTimer, graphs.ActorBooking: booking.ChannelRelay,
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
func sampleEndpoint(status outbox.EndpointStatus, reason outbox.PauseReason, failing bool) func(string, time.Time) *outbox.Event {
	return func(eventType string, at time.Time) *outbox.Event {
		e := outbox.EndpointData{
			ID: example("endpoint"), URL: "https://example.com/webhooks", Description: "An example", Status: status, Reason: reason,
		}
		if failing {
			e.FailingSince = new(at.UTC().AddDate(0, 0, -1))
		}
		return &outbox.Event{ID: uuid.Must(uuid.NewV7()), Type: eventType, At: at, Data: raw(e), Test: true}
	}
}
