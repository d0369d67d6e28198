package payload

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/outbox"
)

func id(last string) uuid.UUID { return uuid.MustParse("5f0c7ed2-63a6-7a3c-9f0e-2f4a4c5a7a" + last) }

var made = time.Date(2026, 10, 1, 7, 15, 0, 123_456_000, time.UTC)

// request is a booking of a graph before its first action.
func request(t testing.TB, graph string) *booking.Booking {
	t.Helper()
	g, ok := graphs.Named(graph, nil)
	if !ok {
		t.Fatalf("there is no graph %s", graph)
	}
	b := &booking.Booking{
		ID: id("01"), AppID: id("06"), Graph: graph, GraphVersion: g.Version, State: g.Initial, Revision: 5,
		Start: time.Date(2026, 12, 6, 23, 30, 0, 0, time.UTC), End: time.Date(2026, 12, 7, 0, 30, 0, 0, time.UTC), // a Monday in Berlin
		What: "Check-up", Where: "Room 4", Participants: []string{"grau@example.com"}, EventID: id("03"),
		Settings: booking.Settings{Timers: graphs.Overrides{"complete": "PT2H"}},
		Related:  booking.Related{Project: new(id("07"))}, Meta: json.RawMessage(`{"ticket": "T-1"}`),
		Customers: []booking.Customer{{
			ID: id("02"), Name: "Zadie Quill", Email: "zadie@example.org", Phone: "+442079460018", Timezone: "Europe/London",
			Meta: json.RawMessage(`{"comment": "Step-free, please <&>"}`),
		}},
		CreatedAt: made, UpdatedAt: made,
	}
	b.Request = &booking.SchedulingRequest{
		ID: id("0b"), AppID: id("06"), Name: "srq_80f7fece4f37897d62d86d80", Code: "LOiwlKXQ", ProjectID: new(id("07")),
		Summary: "Check-up at Dr. Grau's", DurationMinutes: 60, Attributed: true, CreatedAt: made,
		Metadata:  map[string]string{"correlation_id": "foobar", "utm_medium": "email", "utm_source": "automated_email_workflow"},
		Recipient: booking.Recipient{Email: "zadie@example.org", DisplayName: "Zadie Quill"},
	}
	b.Resource = catalogue.Resource{
		ID: id("05"), AppID: id("06"), Name: "Dr. Grau", Email: "grau@example.com", Timezone: "Europe/Berlin",
		CreatedAt: made.AddDate(0, -1, 0), UpdatedAt: made.AddDate(0, -1, 0),
	}
	b.Calendar = catalogue.Calendar{
		ID: id("04"), ResourceID: id("05"), Name: "Dr. Grau", ForegroundColor: "#ffffff", BackgroundColor: "#1a6b54",
		CreatedAt: made.AddDate(0, -1, 0), UpdatedAt: made.AddDate(0, -1, 0),
	}
	return b
}

// play is one action of a story.
type play struct {
	action  string
	actor   graphs.Actor
	channel booking.Channel
	inputs  string
}

func byAPI(action string) play { return play{action, graphs.ActorAPI, booking.ChannelAPI, `{}`} }

func byTimer(action string) play { return play{action, graphs.ActorTimer, booking.ChannelTimer, `{}`} }

// told plays actions on a booking, a minute and a half apart, and returns the change that the last one makes.
func told(t testing.TB, b *booking.Booking, plays ...play) *outbox.Event {
	t.Helper()
	g, err := b.LoadGraph()
	if err != nil {
		t.Fatal(err)
	}
	c := &outbox.Event{ID: id("0e"), AppID: b.AppID, BookingID: &b.ID, Graph: g.Name, At: b.CreatedAt}
	for _, p := range plays {
		move, err := g.Next(b.State, p.action, p.actor)
		if err != nil {
			t.Fatal(err)
		}
		kind := outbox.EventType(move.To)
		if move.To == graphs.Previous {
			kind = outbox.UndoneEvent
			move, _ = g.Return(move, booking.Completed)
		}
		c.At, c.Type = c.At.Add(90*time.Second), kind
		b.Step(move, c.At)
		c.From, c.Action, c.Actor, c.Channel, c.Inputs = move.From, p.action, p.actor, string(p.channel), json.RawMessage(p.inputs)
	}
	c.Seq, c.State, c.Data = b.Seq, b.State, asJSON(t, b)
	return c
}

func asJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func endpointChange(t testing.TB, event string, e outbox.EndpointData) *outbox.Event {
	t.Helper()
	e.ID, e.URL, e.Description = id("08"), "https://example.org/hook", "The diary"
	return &outbox.Event{ID: id("0e"), AppID: id("06"), Type: event, At: made, Data: asJSON(t, e)}
}

func body(t testing.TB, format outbox.Format, c *outbox.Event, links map[string]string) []byte {
	t.Helper()
	text, err := Body(format, c, Links{Base: "https://book.example.com", Actions: links})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func object(t testing.TB, text []byte) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return o
}
