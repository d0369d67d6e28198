package payload

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
)

// example is the id of something that is made up: the same each time, and nothing else's.
func example(what string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceDNS, []byte(what+".example.com"))
}

// raw is something made up here as JSON.
func raw(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// sampleBooking is a made-up booking before its first step. It was made more than a week ahead; it lies in the past when
// the last step says that it has taken place.
func sampleBooking(g *graphs.Graph, last step, at time.Time) *booking.Booking {
	b := &booking.Booking{
		ID: example("booking"), State: g.Initial, What: "Haircut", Where: "Example Street 1",
		Participants: []string{}, EventID: example("event"), Meta: json.RawMessage(`{}`), Customers: []booking.Customer{sampleCustomer()},
		Request: sampleRequest(), Resource: sampleResource(), Related: booking.Related{Project: new(example("project"))},
	}
	b.SetGraph(g)
	day := at.AddDate(0, 0, 7)
	if booking.TookPlace(last.to) || booking.TookPlace(last.from) {
		day = at.AddDate(0, 0, -1)
	}
	day = day.In(b.Resource.Zone())
	b.Start = time.Date(day.Year(), day.Month(), day.Day(), 10, 0, 0, 0, day.Location()).UTC()
	b.End = b.Start.Add(time.Hour)
	b.CreatedAt = b.Start.AddDate(0, 0, -8)
	b.Resource.CreatedAt, b.Resource.UpdatedAt = b.CreatedAt, b.CreatedAt
	b.Calendar = catalogue.Calendar{
		ID: example("calendar"), ResourceID: b.Resource.ID, Name: b.Resource.Name, ForegroundColor: "#ffffff", BackgroundColor: "#1a6b54",
		CreatedAt: b.CreatedAt, UpdatedAt: b.CreatedAt,
	}
	relate(b, g, last)
	return b
}

func sampleCustomer() booking.Customer {
	return booking.Customer{
		ID: example("customer"), Name: "Jane Doe", Email: "jane.doe@example.com", Phone: "+12025550185", Timezone: "Europe/Berlin",
		Meta: json.RawMessage(`{"comment":"An example"}`),
	}
}

func sampleResource() catalogue.Resource {
	return catalogue.Resource{
		ID: example("resource"), Name: "Chair 1", Email: "chair.one@example.com", Timezone: "Europe/Berlin", Meta: json.RawMessage(`{}`),
	}
}

// relate ties a seat to its session, and a booking that was moved to the one in its place.
func relate(b *booking.Booking, g *graphs.Graph, last step) {
	if hasSeats(g) {
		b.Related.OwnerBooking = new(example("session"))
		b.Session = &booking.Session{MaxSeats: 10, Taken: 1, Open: true}
	}
	if last.action.Name == booking.RescheduleAction {
		b.Related.RescheduledTo = new(example("successor"))
	}
}

// sampleRequest is what a visitor of a public link would have brought along.
func sampleRequest() *booking.SchedulingRequest {
	return &booking.SchedulingRequest{
		ID: example("request"), Name: "srq_0123456789abcdef01234567", Code: "example", ProjectID: new(example("project")),
		Summary: "Haircut", DurationMinutes: 60, Attributed: true,
		Metadata:  map[string]string{"correlation_id": "example", "utm_source": "newsletter"},
		Recipient: booking.Recipient{Email: sampleCustomer().Email, DisplayName: sampleCustomer().Name},
	}
}
