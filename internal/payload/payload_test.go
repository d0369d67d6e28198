package payload

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/timekit"
)

// TestEveryFormatHasARow holds the table of shapes to the list of formats that endpoints may choose from.
func TestEveryFormatHasARow(t *testing.T) {
	t.Parallel()
	if got, want := slices.Sorted(maps.Keys(formats)), slices.Sorted(slices.Values(outbox.Formats)); !slices.Equal(got, want) {
		t.Errorf("formats has %v, outbox.Formats %v", got, want)
	}
}

// TestEveryArrowHasABody walks every arrow of every graph, as every actor who may, and renders it in all formats.
func TestEveryArrowHasABody(t *testing.T) {
	t.Parallel()
	rendered := 0
	for _, g := range graphs.Published() {
		for _, s := range g.States {
			for _, a := range s.Actions {
				for _, actor := range a.By {
					b := request(t, g.Name)
					b.GraphVersion, b.State = g.Version, s.Name
					if s.Name != g.Initial {
						b.Seq = 3
					}
					c := told(t, b, play{a.Name, actor, booking.ChannelAPI, `{"` + a.Name + `":{"message":"Why"}}`})
					rendered += checkAll(t, g, c)
				}
			}
		}
	}
	if rendered < 150 {
		t.Errorf("only %d bodies", rendered)
	}
}

func checkAll(t *testing.T, g *graphs.Graph, c *outbox.Event) (rendered int) {
	t.Helper()
	kind := outbox.BookingsUpdate
	switch {
	case c.From == g.Initial:
		kind = outbox.BookingsCreate
	case g.Final(c.State) && !booking.TookPlace(c.State):
		kind = outbox.BookingsDelete
	}
	for _, format := range outbox.Formats {
		text := body(t, format, c, customerLinks)
		o := object(t, text)
		if len(text) > 64<<10 {
			t.Errorf("%s as %s has %d bytes", c.Type, format, len(text))
		}
		if format == outbox.FormatCronofy {
			told, _ := o["scheduling_request"].(map[string]any)["holdfast"].(map[string]any)["state"].(string)
			if sort := o["notification"].(map[string]any)["type"]; told != c.State || sort != cronofyType(kind, c.Action) {
				t.Errorf("%s of %s as %s: %v with state %s", c.Action, g.Name, format, sort, told)
			}
			rendered++
			continue
		}
		want, known := map[outbox.Format][2]any{
			outbox.FormatTimekit: {"state", c.State}, outbox.FormatHoldfast: {"type", c.Type}, outbox.FormatReserveKit: {"event_type", kind},
		}[format]
		if !known {
			t.Fatalf("checkAll does not say what a body of %s has", format)
		}
		if got := o[want[0].(string)]; got != want[1] {
			t.Errorf("%s of %s as %s: %v is %v, want %v", c.Action, g.Name, format, want[0], got, want[1])
		}
		if format == outbox.FormatReserveKit {
			status, reason := one(t, c)["status"], one(t, c)["cancel_reason"]
			if gone := kind == outbox.BookingsDelete; gone != (status == "cancelled") || gone != (reason == "Why") {
				t.Errorf("%s of %s: %s with status %v and reason %v", c.Action, g.Name, kind, status, reason)
			}
		}
		rendered++
	}
	return rendered
}

// TestNoticesHaveABody: a notice says in every format how the booking stands, and in none that something was done.
func TestNoticesHaveABody(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"booking.approval_due", "booking.approval_escalated"} {
		c, ok := Sample(nil, name, made)
		if !ok {
			t.Fatalf("no sample of %s", name)
		}
		if b, err := booking.OfEvent(c); err != nil || b.State != "tentative" || b.Dropped() {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
		if o := object(t, body(t, outbox.FormatTimekit, c, nil)); o["state"] != "tentative" {
			t.Errorf("%s as timekit: %v", name, o["state"])
		}
		for _, format := range []outbox.Format{outbox.FormatHoldfast, outbox.FormatCronofy} {
			o := object(t, body(t, format, c, nil))
			data := o["data"].(map[string]any)
			_, acted := data["action"]
			if _, inputs := data["inputs"]; o["type"] != name || data["state"] != "tentative" || acted || inputs {
				t.Errorf("%s as %s: %v", name, format, o)
			}
		}
		o := object(t, body(t, outbox.FormatReserveKit, c, nil))
		if o["event_type"] != outbox.BookingsUpdate || one(t, c)["status"] != "pending" || one(t, c)["cancel_reason"] != nil {
			t.Errorf("%s as reservekit: %v", name, o)
		}
	}
}

func cronofyType(kind, action string) string {
	switch {
	case kind == outbox.BookingsCreate:
		return "scheduling_request_time_chosen"
	case kind == outbox.BookingsUpdate:
		return "scheduling_request_updated"
	case action == "cancel_by_customer", action == "withdraw":
		return "scheduling_request_declined"
	}
	return "scheduling_request_cancelled"
}

// TestMoneyHasOneShape: events of payments and refunds are told in every format as in ours, and without their booking when it was erased.
func TestMoneyHasOneShape(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	for _, name := range []string{"payment_captured", "refund_failed", "payment_of_erased"} {
		want := body(t, outbox.FormatHoldfast, all[name], nil)
		data := object(t, want)["data"].(map[string]any)
		if paid := data["payment"].(map[string]any); paid["id"] == nil || paid["amount"] != 4500.0 {
			t.Errorf("%s: %s", name, want)
		}
		if _, told := data["booking"]; told == (name == "payment_of_erased") {
			t.Errorf("%s: %s", name, want)
		}
		for _, format := range outbox.Formats {
			if got := body(t, format, all[name], nil); !bytes.Equal(got, want) {
				t.Errorf("%s as %s: %s", name, format, got)
			}
		}
	}
}

// TestHoldfastTellsWhatItSays compares a body with the change it was made of.
func TestHoldfastTellsWhatItSays(t *testing.T) {
	t.Parallel()
	c := kinds(t)["cancel_by_owner"]
	o := object(t, body(t, outbox.FormatHoldfast, c, nil))
	data := o["data"].(map[string]any)
	inputs := data["inputs"].(map[string]any)["cancel"].(map[string]any)
	for what, pair := range map[string][2]any{
		"timestamp": {o["timestamp"], "2026-10-01T07:18:00Z"}, "id": {data["id"], "evt_" + c.ID.String()}, "sequence": {data["sequence"], 2.0},
		"previous_state": {data["previous_state"], "confirmed"}, "state": {data["state"], "cancelled"}, "action": {data["action"], "cancel"},
		"actor": {data["actor"], "owner_link"}, "channel": {data["channel"], "link"}, "inputs": {inputs["message"], "Down with a cold"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
	if _, test := data["test"]; test {
		t.Error("it says that it is a test")
	}
	for _, nothing := range []json.RawMessage{nil, {}, json.RawMessage("null"), json.RawMessage("{}")} {
		c.Inputs = nothing
		text := body(t, outbox.FormatHoldfast, c, nil)
		if !bytes.Contains(text, []byte(`"inputs":{},`)) || bytes.Contains(text, []byte(`:null`)) {
			t.Errorf("inputs of %q: %s", nothing, text)
		}
	}
}

// TestHoldfastShowsABookingAsTheAPIDoes wants the same keys as Timekit's body, but for the links and the units, and RFC 3339.
func TestHoldfastShowsABookingAsTheAPIDoes(t *testing.T) {
	t.Parallel()
	c := kinds(t)["confirm"]
	shown := object(t, body(t, outbox.FormatHoldfast, c, nil))["data"].(map[string]any)["booking"].(map[string]any)
	whole := object(t, body(t, outbox.FormatTimekit, c, nil))
	delete(whole, "customer_action_links")
	if shown["units"] != 1.0 || whole["units"] != nil {
		t.Errorf("units are %v, and in Timekit's format %v", shown["units"], whole["units"])
	}
	delete(shown, "units")
	if got, want := slices.Sorted(maps.Keys(shown)), slices.Sorted(maps.Keys(whole)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if start := shown["event"].(map[string]any)["start"]; start != "2026-12-07T00:30:00+01:00" {
		t.Errorf("it starts at %v", start)
	}
}

// TestTimekitStaysAsItWas: who knows Timekit's webhooks gets the very same bytes.
func TestTimekitStaysAsItWas(t *testing.T) {
	t.Parallel()
	for name, c := range kinds(t) {
		b, err := booking.OfEvent(c)
		if err != nil {
			t.Fatal(err)
		}
		if b == nil || c.OfMoney() || c.Type == outbox.MailBouncedEvent {
			continue
		}
		want, err := timekit.WebhookBody(b, customerLinks)
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, outbox.FormatTimekit, c, customerLinks); !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestABodyIsTheSameEachTime renders every kind often: maps are walked in another order each time.
func TestABodyIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	for name, c := range kinds(t) {
		for _, format := range outbox.Formats {
			first := body(t, format, c, customerLinks)
			for range 20 {
				if again := body(t, format, c, maps.Clone(customerLinks)); !bytes.Equal(again, first) {
					t.Fatalf("%s as %s: first\n%s\nthen\n%s", name, format, first, again)
				}
			}
		}
	}
}

func TestWhatCannotBeRendered(t *testing.T) {
	t.Parallel()
	good := kinds(t)["confirm"]
	broken, endpoint := *good, *kinds(t)["endpoint_paused"]
	broken.Data, endpoint.Data = json.RawMessage(`{"id":5}`), json.RawMessage(`[]`)
	for what, c := range map[string]struct {
		format outbox.Format
		change *outbox.Event
	}{
		"a format of a later build": {"later", good},
		"no format":                 {"", &endpoint},
		"a broken booking":          {outbox.FormatTimekit, &broken},
		"a broken endpoint":         {outbox.FormatTimekit, &endpoint},
	} {
		if text, err := Body(c.format, c.change, Links{}); fault.CodeOf(err) != fault.Internal || strings.Contains(err.Error(), "Zadie") {
			t.Errorf("%s: %s, %v", what, text, err)
		}
	}
}

// TestAGraphOfALaterBuild renders every kind of change in every format on a build that does not have the booking's graph yet, as
// happens in the middle of a deploy: only what is said of the open actions may differ.
func TestAGraphOfALaterBuild(t *testing.T) {
	t.Parallel()
	rendered := 0
	for name, c := range kinds(t) {
		later := *c
		later.Data = bytes.Replace(c.Data, []byte(`"graph_version":1`), []byte(`"graph_version":99`), 1)
		if bytes.Equal(later.Data, c.Data) {
			continue // about an endpoint, or of an erased booking
		}
		for _, format := range outbox.Formats {
			want, err := Body(format, c, Links{})
			if err != nil {
				continue // what the format has no shape for
			}
			got, err := Body(format, &later, Links{})
			if err != nil {
				t.Errorf("%s in %s: %v", name, format, err)
			}
			if format == outbox.FormatReserveKit && !slices.Contains([]string{"paid", "session", "reminder", "payment_captured", "refund_failed", "mail_bounced"}, name) && !bytes.Equal(got, want) {
				t.Errorf("%s in %s:\n%s\nwant\n%s", name, format, got, want)
			}
			rendered++
		}
	}
	if rendered < 30 {
		t.Errorf("rendered %d bodies only", rendered)
	}
}

// TestOnlyHoldfastHasRemindersAndEndpoints: the others have no shape for them, but for Timekit's reminders.
func TestOnlyHoldfastHasRemindersAndEndpoints(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	for _, name := range []string{"reminder", "endpoint_failing", "endpoint_paused", "endpoint_resumed", "endpoint_disabled", "sample_endpoint", "mail_bounced", "mail_failing"} {
		want := body(t, outbox.FormatHoldfast, all[name], nil)
		for _, format := range outbox.Formats {
			if name == "reminder" && format == outbox.FormatTimekit {
				continue
			}
			if got := body(t, format, all[name], nil); !bytes.Equal(got, want) {
				t.Errorf("%s as %s: %s", name, format, got)
			}
		}
	}
}
