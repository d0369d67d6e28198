package payload

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/outbox"
)

var update = flag.Bool("update", false, "write the golden bodies anew")

// kinds are the changes there are, one of each kind.
func kinds(t testing.TB) map[string]*outbox.Event {
	t.Helper()
	owner := func(action, inputs string) play {
		return play{action, graphs.ActorOwnerLink, booking.ChannelLink, inputs}
	}
	customer := func(action, inputs string) play {
		return play{action, graphs.ActorCustomerLink, booking.ChannelLink, inputs}
	}
	paid := play{"pay", graphs.ActorPayment, booking.ChannelAPI, `{"pay":{"payment_id":"pay_7"}}`}
	all := map[string]*outbox.Event{
		"create_tentative":       told(t, request(t, "confirm_decline"), byAPI("create")),
		"create_confirmed":       told(t, request(t, "instant"), byAPI("confirm")),
		"create_pending_payment": told(t, request(t, "instant_payment"), byAPI("create")),
		"confirm":                told(t, request(t, "confirm_decline"), byAPI("create"), owner("confirm", `{}`)),
		"decline": told(t, request(t, "confirm_decline"), byAPI("create"),
			owner("decline", `{"notify_customer_declined_by_email":{"message":"No room that day."}}`)),
		"cancel_by_owner": told(t, request(t, "instant"), byAPI("confirm"), owner("cancel", `{"cancel":{"message":"Down with a cold"}}`)),
		"cancel_by_customer": told(t, request(t, "confirm_decline"), byAPI("create"), byAPI("confirm"),
			customer("cancel_by_customer", `{}`)),
		"payment_timeout": told(t, request(t, "instant_payment"), byAPI("create"), byTimer("timeout")),
		"paid":            told(t, request(t, "instant_payment"), byAPI("create"), paid),
		"completed":       told(t, request(t, "instant"), byAPI("confirm"), byTimer("complete")),
		"hold":            told(t, request(t, "reservation"), byAPI("reserve")),
		"session":         session(t),
		"seat":            seat(t),
		"reminder":        reminder(t),
		"sample":          sampled(t, "bookings.delete"),
		"sample_endpoint": sampled(t, "endpoint.paused"),

		"endpoint_failing": endpointChange(t, outbox.EndpointFailingEvent,
			outbox.EndpointData{Status: outbox.EndpointActive, FailingSince: new(made.AddDate(0, 0, -1))}),
		"endpoint_paused": endpointChange(t, outbox.EndpointPausedEvent,
			outbox.EndpointData{Status: outbox.EndpointPaused, Reason: outbox.PausedByHand}),
		"endpoint_resumed": endpointChange(t, outbox.EndpointResumedEvent, outbox.EndpointData{Status: outbox.EndpointActive}),
		"endpoint_disabled": endpointChange(t, outbox.EndpointDisabledEvent, outbox.EndpointData{
			Status: outbox.EndpointDisabled, Reason: outbox.ReceiverGone,
			FailingSince: new(made.In(time.FixedZone("", 3600))), // as a database on another clock has it
		}),
	}
	all["payment_captured"], all["refund_failed"] = sampled(t, outbox.PaymentCapturedEvent), sampled(t, outbox.RefundFailedEvent)
	all["payment_of_erased"] = erased(sampled(t, outbox.PaymentLateRefundedEvent))
	all["mail_bounced"], all["mail_failing"] = sampled(t, outbox.MailBouncedEvent), sampled(t, outbox.MailFailingEvent)
	all["cancel_lifted"] = told(t, request(t, "instant"), byAPI("confirm"), byAPI("cancel"))
	all["cancel_lifted"].Lifted = []string{"cancel"}
	old, successor := request(t, "instant"), request(t, "instant")
	old.Related.RescheduledTo, successor.Related.RescheduledFrom = new(id("09")), &old.ID
	successor.ID, successor.Start, successor.End = id("09"), successor.Start.Add(24*time.Hour), successor.End.Add(24*time.Hour)
	all["reschedule_old"] = told(t, old, byAPI("confirm"), play{booking.RescheduleAction, graphs.ActorAPI, booking.ChannelRelay, `{}`})
	all["reschedule_new"] = told(t, successor, byAPI("confirm"))
	return all
}

// erased is the event of money of a booking that does not exist any more.
func erased(c *outbox.Event) *outbox.Event {
	return &outbox.Event{ID: c.ID, AppID: c.AppID, Type: c.Type, At: c.At, Data: json.RawMessage("{}"), Payment: c.Payment}
}

func session(t testing.TB) *outbox.Event {
	t.Helper()
	b := request(t, "group_owner")
	b.Customers, b.Description = []booking.Customer{}, "Bring a mat."
	b.Settings.MaxSeats, b.Session = 12, &booking.Session{MaxSeats: 12}
	return told(t, b, byAPI("create"))
}

func seat(t testing.TB) *outbox.Event {
	t.Helper()
	b := request(t, "group_customer")
	b.Related.OwnerBooking, b.Session = new(id("0a")), &booking.Session{MaxSeats: 12, Taken: 4, Open: true}
	return told(t, b, byAPI("create"))
}

// reminder has nothing of a transition, and the booking's number.
func reminder(t testing.TB) *outbox.Event {
	t.Helper()
	c := told(t, request(t, "instant"), byAPI("confirm"))
	c.Type, c.At = outbox.ReminderEvent, c.At.AddDate(0, 2, 0)
	c.State, c.From, c.Action, c.Actor, c.Channel, c.Inputs = "", "", "", "", "", json.RawMessage(`{}`)
	return c
}

func sampled(t testing.TB, event string) *outbox.Event {
	t.Helper()
	c, ok := Sample(nil, event, made)
	if !ok {
		t.Fatalf("there is no sample of %s", event)
	}
	c.ID = id("0e")
	return c
}

var customerLinks = map[string]string{
	"reschedule_by_customer": "https://book.example.com/v2/bookings/x/external_action/reschedule_by_customer?signature=e30",
	"cancel_by_customer":     "https://book.example.com/v2/bookings/x/external_action/cancel_by_customer?signature=e30",
}

// TestBodiesAreFrozen keeps every format of every kind of change as receivers have come to know it.
func TestBodiesAreFrozen(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	for _, format := range outbox.Formats {
		kept, err := filepath.Glob(filepath.Join("testdata", string(format), "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range all {
			file := filepath.Join("testdata", string(format), name+".json")
			links := customerLinks
			if c.Test || c.From == "confirmed" {
				links = nil
			}
			golden(t, file, body(t, format, c, links))
			kept = slices.DeleteFunc(kept, func(one string) bool { return one == file })
		}
		if len(kept) > 0 {
			t.Errorf("%v are of no kind any more", kept)
		}
	}
}

func golden(t testing.TB, file string, text []byte) {
	t.Helper()
	var got bytes.Buffer
	if err := json.Indent(&got, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./internal/payload -update writes it)", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs: receivers would meet what they do not know\ngot\n%s\nwant\n%s", file, got.Bytes(), want)
	}
}
