package rules

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

// spellings of a name that encoding/json takes for the same.
func spellings(name string) []string {
	all := []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], name[:len(name)-1] + strings.ToUpper(name[len(name)-1:])}
	if before, after, found := strings.Cut(name, "s"); found {
		all = append(all, before+"\u017f"+after)
	}
	return all
}

// faultsOf is what an error says of fields.
func faultsOf(err error) (text string) {
	known, _ := errors.AsType[*fault.Error](err)
	if known == nil {
		return ""
	}
	for name, all := range known.Fields {
		text += name + " " + strings.Join(all, ", ")
	}
	return text
}

// TestSpellingsOfBookings: what is not the visitor's to say cannot be said by another spelling either.
func TestSpellingsOfBookings(t *testing.T) {
	t.Parallel()
	names := []string{
		"event_notifications", "reminders", "settings", "reservation_id", "graph", "action", "related", "buffer", "project_id", "resource_id",
		"customer", "event", "meta", "start", "end", "what", "where", "description", "calendar_id", "participants",
	}
	for _, name := range append(names, switchNames()...) {
		if _, err := ReadBooking([]byte(`{"` + name + `":null}`)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, other := range spellings(name) {
			_, err := ReadBooking([]byte(`{"` + other + `":null}`))
			if want := "so write " + name; fault.CodeOf(err) != fault.Invalid || !strings.HasSuffix(faultsOf(err), want) {
				t.Errorf("%s: %v", other, faultsOf(err))
			}
			_, err = ReadBooking([]byte(`{"` + name + `":null,"` + other + `":null}`))
			if fault.CodeOf(err) != fault.Invalid {
				t.Errorf("%s and %s: %v", name, other, err)
			}
		}
	}
}

func TestMisspeltBookings(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"custmer": "customer", "customers": "customer", "resourceId": "resource_id", "project": "", "constraints": "", "note": "", "resources": "",
		"resorce_id": "resource_id", "strart": "start", "notifications": "event_notifications", "first_name": "", "location": "",
	} {
		_, err := ReadBooking([]byte(`{"` + name + `":[]}`))
		if want == "" && err != nil || want != "" && !strings.HasSuffix(faultsOf(err), "did you mean "+want+"?") {
			t.Errorf("%s: %v", name, faultsOf(err))
		}
	}
}

// TestRestrict: each field that only a server key may fill is dropped by itself, and the others stay.
func TestRestrict(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"settings": `{"buffer_seconds":600}`, "event_notifications": `[{}]`, "reminders": `[{}]`, "buffer": `"1 hour"`, switchNames()[0]: `{"enabled":false}`,
	} {
		in, err := ReadBooking([]byte(`{"resource_id":"r","reservation_id":"h","meta":{"a":1},"` + name + `":` + value + `}`))
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
	double := BookingInput{Settings: json.RawMessage(`{"allow_double_bookings":true}`)}
	if fault.CodeOf(double.restrict()) != fault.Forbidden {
		t.Error("a widget key may double-book")
	}
	double = BookingInput{ProjectID: uuid.NewString(), Settings: json.RawMessage(`{"allow_double_bookings":true}`)}
	if err := double.restrict(); err != nil || double.Settings != nil {
		t.Errorf("what the widget sends of its project: %v, %s", err, double.Settings)
	}
}

// TestHoldsSayNothingOfTheirBooking: a hold takes no other's place, tells nobody, and follows no graph but its own.
func TestHoldsSayNothingOfTheirBooking(t *testing.T) {
	t.Parallel()
	in := BookingInput{
		Graph: "instant", Action: "confirm", ReservationID: "h", Related: Related{OwnerBookingID: "o"},
		Notifications: json.RawMessage(`[{}]`), Reminders: json.RawMessage(`[{}]`),
	}
	in.hold(service.HoldGraph)
	if in.Graph != service.HoldGraph || in.Action+in.ReservationID+in.Related.OwnerBookingID != "" || in.Notifications != nil || in.Reminders != nil {
		t.Errorf("%+v", in)
	}
}

// TestVisitorsTakeSeatsOfTheSessionTheyName: by any built-in graph of seats, of which they choose no version, and by nothing else.
func TestVisitorsTakeSeatsOfTheSessionTheyName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ graph, session, want string }{
		{"group_customer", "o", "group_customer"}, {"group_customer_payment@2", "o", "group_customer_payment"}, {"paid_seat@1", "o", "paid_seat"},
		{"paid_seat", "", "instant"}, {"paid_booking", "o", "instant"}, {"nowhere", "o", "instant"}, {"", "o", "instant"},
	} {
		in := BookingInput{Graph: c.graph, Related: Related{OwnerBookingID: c.session}}
		if got := in.visitorsGraph(&catalogue.Project{}); got != c.want {
			t.Errorf("%s of session %q: %s, want %s", c.graph, c.session, got, c.want)
		}
	}
}
