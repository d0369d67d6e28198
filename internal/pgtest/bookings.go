package pgtest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/postgres"
)

// Resource puts a resource of an app on record, in Berlin.
func Resource(t testing.TB, db *postgres.DB, app uuid.UUID, name string) *catalogue.Resource {
	t.Helper()
	r := &catalogue.Resource{ID: newID(), AppID: app, Name: name, Timezone: "Europe/Berlin", Meta: json.RawMessage(`{}`)}
	if err := db.CreateResource(t.Context(), r, newID()); err != nil {
		t.Fatal(err)
	}
	return r
}

// Booking makes a booking of an hour of a resource, in its graph's initial state. It is not on record: see Record.
func Booking(t testing.TB, db *postgres.DB, r *catalogue.Resource, graph string, start time.Time) *booking.Booking {
	t.Helper()
	calendar, err := db.Calendar(t.Context(), r.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, ok := graphs.Named(graph, nil)
	if !ok {
		t.Fatalf("there is no graph %s", graph)
	}
	return &booking.Booking{
		ID: newID(), AppID: r.AppID, EventID: newID(), Graph: g.Name, GraphVersion: g.Version, State: g.Initial,
		Start: start, End: start.Add(time.Hour), What: "Haircut", Meta: json.RawMessage(`{}`), Resource: *r, Calendar: *calendar,
	}
}

// Record puts a booking on record that claims nothing, and returns its first action, which is pending.
func Record(t testing.TB, db *postgres.DB, b *booking.Booking) *booking.Action {
	t.Helper()
	g, err := b.LoadGraph()
	if err != nil {
		t.Fatal(err)
	}
	first := &booking.Action{
		ID: newID(), AppID: b.AppID, BookingID: b.ID, Name: g.Start, Actor: graphs.ActorAPI, Channel: booking.ChannelAPI,
		Status: booking.Pending, Inputs: json.RawMessage(`{}`),
	}
	if _, err := db.CreateBooking(t.Context(), b, first, graphs.Move{}); err != nil {
		t.Fatal(err)
	}
	return first
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
