package api

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/service"
)

// TestRestrict: each field that only a server key may fill is dropped by itself, and the others stay.
func TestRestrict(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"settings": `{"buffer_seconds":600}`, "event_notifications": `[{}]`, "reminders": `[{}]`, "buffer": `"1 hour"`, switchNames()[0]: `{"enabled":false}`,
	} {
		in, err := readBooking([]byte(`{"resource_id":"r","reservation_id":"h","meta":{"a":1},"` + name + `":` + value + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := in.restrict(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(in.Settings)+len(in.Notifications)+len(in.Reminders)+len(in.Buffer)+len(in.switches) != 0 {
			t.Errorf("%s stays: %+v", name, in)
		}
		if in.ResourceID != "r" || in.ReservationID != "h" || string(in.Meta) != `{"a":1}` {
			t.Errorf("%s: the others are gone: %+v", name, in)
		}
	}
	double := bookingInput{Settings: json.RawMessage(`{"allow_double_bookings":true}`)}
	if booking.CodeOf(double.restrict()) != booking.Forbidden {
		t.Error("a widget key may double-book")
	}
	double = bookingInput{ProjectID: uuid.NewString(), Settings: json.RawMessage(`{"allow_double_bookings":true}`)}
	if err := double.restrict(); err != nil || double.Settings != nil {
		t.Errorf("what the widget sends of its project: %v, %s", err, double.Settings)
	}
}

// TestHoldsSayNothingOfTheirBooking: a hold takes no other's place, tells nobody, and follows no graph but its own.
func TestHoldsSayNothingOfTheirBooking(t *testing.T) {
	t.Parallel()
	in := bookingInput{
		Graph: "instant", Action: "confirm", ReservationID: "h", Related: relatedInput{OwnerBookingID: "o"},
		Notifications: json.RawMessage(`[{}]`), Reminders: json.RawMessage(`[{}]`),
	}
	in.hold(service.HoldGraph)
	if in.Graph != service.HoldGraph || in.Action+in.ReservationID+in.Related.OwnerBookingID != "" || in.Notifications != nil || in.Reminders != nil {
		t.Errorf("%+v", in)
	}
}

// TestSizesOfNumbers: what is bounded is what the record prints: numbers count as they are written out.
func TestSizesOfNumbers(t *testing.T) {
	t.Parallel()
	text := []byte(`{"a":[1e300`)
	for range 300 {
		text = append(text, `,1e300`...)
	}
	text = append(text, `]}`...)
	problems := booking.Problems{}
	edge.CheckObject(text, "object", problems)
	edge.JSONObject(text, "json", problems)
	if len(problems["object"]) != 1 || len(problems["json"]) != 1 {
		t.Errorf("%d bytes that become 90,000: %v", len(text), problems)
	}
}
