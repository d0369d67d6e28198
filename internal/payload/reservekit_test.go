package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
)

// shape lists the fields of a JSON text in their order, each with the type of its value.
func shape(t testing.TB, text []byte) []string {
	t.Helper()
	var fields []string
	decoder := json.NewDecoder(bytes.NewReader(text))
	var value func(path string)
	value = func(path string) {
		token, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		delim, nested := token.(json.Delim)
		if !nested {
			fields = append(fields, fmt.Sprintf("%s %T", path, token))
			return
		}
		fields = append(fields, path+" "+delim.String())
		for decoder.More() {
			under := path + "[]"
			if delim == '{' {
				name, err := decoder.Token()
				if err != nil {
					t.Fatal(err)
				}
				under = fmt.Sprintf("%s.%s", path, name)
			}
			value(under)
		}
		_, _ = decoder.Token()
	}
	value("")
	return fields
}

// TestReserveKitHasThePublishedShape holds our bodies against the samples that ReserveKit published: the same fields in the
// same order, of the same types. Ours has one more.
func TestReserveKitHasThePublishedShape(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	for published, kind := range map[string]string{"create": "create_tentative", "update": "confirm", "delete": "cancel_by_owner"} {
		text, err := os.ReadFile(filepath.Join("testdata", "published", published+".json"))
		if err != nil {
			t.Fatal(err)
		}
		ours := body(t, outbox.FormatReserveKit, all[kind], nil)
		got := slices.DeleteFunc(shape(t, ours), func(f string) bool { return f == ".bookings[].uuid string" })
		if want := shape(t, text); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%v\nwant\n%v", published, got, want)
		}
		theirs := object(t, text)
		if got := object(t, ours)["event_type"]; got != theirs["event_type"] || len(got.(string)) == 0 {
			t.Errorf("%s: the type is %v", published, got)
		}
		status := func(o map[string]any) any { return o["bookings"].([]any)[0].(map[string]any)["status"] }
		if got := status(object(t, ours)); got != status(theirs) {
			t.Errorf("%s: the status is %v, want %v", published, got, status(theirs))
		}
	}
}

// TestReserveKitStatus knows every state of every graph: a new one has to be thought of here.
func TestReserveKitStatus(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"initialized": "pending", "tentative": "pending", "group_owner tentative": "confirmed", "reserved": "pending",
		"confirmed": "confirmed", "paid": "confirmed", "completed": "confirmed",
		"balance_due": "confirmed", "balance_overdue": "confirmed", "settled": "confirmed",
		"declined": "cancelled", "cancelled": "cancelled", "cancelled_by_customer": "cancelled", "cancelled_by_owner": "cancelled",
		"rescheduled_by_customer": "cancelled", "unpaid": "cancelled", "error": "cancelled",
		"booked": "cancelled", "released": "cancelled", "expired": "cancelled",
		"withdrawn": "cancelled", "attended": "confirmed", "no_show": "confirmed",
		"expiring": "pending", "requested": "pending", "lapsed": "cancelled", "refunded_late": "cancelled",
		// Money that comes late can still bring these back.
		"paid_booking unpaid": "pending", "paid_seat unpaid": "pending",
	}
	for _, g := range graphs.Published() {
		for _, s := range g.States {
			expected := want[s.Name]
			if own, ok := want[g.Name+" "+s.Name]; ok {
				expected = own
			}
			if got := reserveKitStatus(g, s.Name); got != expected {
				t.Errorf("%s of %s is %q, want %q", s.Name, g.Name, got, expected)
			}
		}
		if got := reserveKitStatus(g, "nowhere"); got != "pending" {
			t.Errorf("an unknown state is %q", got)
		}
	}
}

// TestAliases were worked out by another program: SHA-256 of the 16 bytes, the first 13 hex digits.
func TestAliases(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, 12, 7, 0, 30, 0, 0, time.UTC)
	for want, got := range map[int64]int64{
		591483349116232:  alias(id("01")),
		2162137360420154: alias(id("07")),
		2319024879950341: alias(timeSlot(id("07"), monday)),
	} {
		if got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	for range 10_000 {
		if n := alias(uuid.New()); n < 1 || n > 1<<53-1 {
			t.Fatalf("%d is not a safe number", n)
		}
	}
}

func TestATimeSlotIsAWeeklyOne(t *testing.T) {
	t.Parallel()
	slot := func(start string, zone string) any {
		b := request(t, "instant")
		b.Resource.Timezone = zone
		at, err := time.Parse(time.RFC3339, start)
		if err != nil {
			t.Fatal(err)
		}
		b.Start, b.End = at, at.Add(time.Hour)
		return one(t, told(t, b, byAPI("confirm")))["time_slot_id"]
	}
	base := slot("2026-12-07T09:00:00Z", "Europe/Berlin") // Monday, ten o'clock
	for start, same := range map[string]bool{
		"2026-12-14T09:00:00Z": true, "2026-07-06T08:00:00Z": true, // a week later; in summer
		"2026-12-08T09:00:00Z": false, "2026-12-07T10:00:00Z": false, "2026-12-07T09:30:00Z": false,
	} {
		if got := slot(start, "Europe/Berlin"); (got == base) != same {
			t.Errorf("%s: %v, and the base is %v", start, got, base)
		}
	}
	if slot("2026-12-07T10:00:00Z", "Europe/London") != base {
		t.Error("the service's own zone does not count")
	}
}

// one is the booking of a body of ReserveKit's format.
func one(t testing.TB, c *outbox.Event) map[string]any {
	t.Helper()
	list := object(t, body(t, outbox.FormatReserveKit, c, nil))["bookings"].([]any)
	if len(list) != 1 {
		t.Fatalf("%d bookings", len(list))
	}
	return list[0].(map[string]any)
}

func TestReserveKitDateAndService(t *testing.T) {
	t.Parallel()
	b := request(t, "instant")
	b.Related.Project = nil
	b.Resource.Timezone = "America/New_York" // where it is still Sunday
	got := one(t, told(t, b, byAPI("confirm")))
	if got["date"] != "2026-12-06" || got["service_id"] != float64(alias(b.Resource.ID)) {
		t.Errorf("%v", got)
	}
}

func TestReserveKitMessage(t *testing.T) {
	t.Parallel()
	for meta, want := range map[string]string{
		`{"message":"A","comment":"B"}`: "A", `{"comment":"B"}`: "B", `{"message":"","comment":"B"}`: "B",
		`{}`: "described", `null`: "described", ``: "described", `{"message":5}`: "described", `{"note":"C"}`: "described",
	} {
		b := request(t, "instant")
		b.Description, b.Customers[0].Meta = "described", json.RawMessage(meta)
		if meta == "" {
			b.Customers[0].Meta = nil
		}
		if got := one(t, told(t, b, byAPI("confirm")))["message"]; got != want {
			t.Errorf("%s: %v, want %s", meta, got, want)
		}
	}
}

func TestReserveKitReason(t *testing.T) {
	t.Parallel()
	cancel := func(inputs string) play {
		return play{"cancel_by_customer", graphs.ActorAPI, booking.ChannelAPI, inputs}
	}
	for inputs, want := range map[string]string{
		`{"cancel_by_customer":{"message":"Ill"}}`: "Ill",
		`{"cancel_by_customer":{"message":""}}`:    "Cancelled by customer",
		`{}`:                                       "Cancelled by customer",
	} {
		if got := one(t, told(t, request(t, "instant"), byAPI("confirm"), cancel(inputs)))["cancel_reason"]; got != want {
			t.Errorf("%s: %v, want %s", inputs, got, want)
		}
	}
	done := told(t, request(t, "instant"), byAPI("confirm"), play{"complete", graphs.ActorAPI, booking.ChannelAPI, `{"x":{"message":"Fine"}}`})
	if _, told := one(t, done)["cancel_reason"]; told {
		t.Error("a booking that took place has a cancel_reason")
	}
}
