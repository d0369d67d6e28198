package timekit

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
)

var update = flag.Bool("update", false, "write the golden files anew")

func id(last string) uuid.UUID { return uuid.MustParse("5f0c7ed2-63a6-4a3c-9f0e-2f4a4c5a7a" + last) }

// confirmed is a booking that timekit.json tells of.
func confirmed() *booking.Booking {
	made := time.Date(2026, 9, 1, 6, 0, 0, 999_999_000, time.UTC)
	created := time.Date(2026, 10, 1, 7, 15, 0, 123_456_000, time.UTC)
	b := &booking.Booking{
		ID: id("01"), AppID: id("06"), Graph: "instant", GraphVersion: 1, State: "confirmed", Seq: 1, Revision: 1,
		Start: time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC), End: time.Date(2026, 12, 7, 10, 0, 0, 0, time.UTC),
		What: "Check-up", Where: "Room 4", Participants: []string{"grau@example.com"}, EventID: id("03"),
		Meta:      json.RawMessage(`{"ticket": "T-1"}`),
		Customers: []booking.Customer{{ID: id("02"), Name: "Zadie Quill", Email: "zadie@example.org", Timezone: "Europe/London"}},
		CreatedAt: created, UpdatedAt: created.Add(time.Second), EnteredAt: created.Add(time.Second),
	}
	b.Resource = catalogue.Resource{
		ID: id("05"), AppID: id("06"), Name: "Dr. Grau", Email: "grau@example.com", Timezone: "Europe/Berlin", CreatedAt: made, UpdatedAt: made,
	}
	b.Calendar = catalogue.Calendar{
		ID: id("04"), ResourceID: id("05"), Name: "Dr. Grau", ForegroundColor: "#ffffff", BackgroundColor: "#1a6b54",
		CreatedAt: made, UpdatedAt: made,
	}
	return b
}

func body(t *testing.T, b *booking.Booking) []byte {
	t.Helper()
	text, err := WebhookBody(b, map[string]string{"cancel_by_customer": "https://book.example.com/v2/bookings/x"})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func object(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestWebhookTellsWhatTimekitTells compares our body with one of Timekit's shape, field by field: clients that read the
// one must be able to read the other.
func TestWebhookTellsWhatTimekitTells(t *testing.T) {
	t.Parallel()
	wantFields(t, "", object(t, body(t, confirmed())), object(t, file(t, "timekit.json")))
}

// wantFields asserts that got has everything that want has, of the same value; it may have more.
func wantFields(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s is %T, not an object", path, got)
			return
		}
		for name, value := range want {
			there, ok := object[name]
			if !ok {
				t.Errorf("%s.%s is missing", path, name)
				continue
			}
			wantFields(t, path+"."+name, there, value)
		}
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			t.Errorf("%s is %v, not a list of %d", path, got, len(want))
			return
		}
		for i := range want {
			wantFields(t, path+"[]", list[i], want[i])
		}
	default:
		if got != want {
			t.Errorf("%s: got %#v, want %#v", path, got, want)
		}
	}
}

// TestWebhookIsFrozen keeps the whole body as receivers have come to know it.
func TestWebhookIsFrozen(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	if err := json.Indent(&got, body(t, confirmed()), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", "webhook.json"), got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := file(t, "webhook.json"); !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
	}
}

func TestWebhookOfEmptyParts(t *testing.T) {
	t.Parallel()
	for _, nothing := range []json.RawMessage{nil, {}, json.RawMessage("null"), json.RawMessage("{}")} {
		b := confirmed()
		b.Meta, b.Customers[0].Meta, b.Resource.Meta = nothing, nothing, nothing
		o := object(t, body(t, b))
		if meta, ok := o["meta"].(map[string]any); !ok || len(meta) != 0 {
			t.Errorf("meta of %q: %v", nothing, o["meta"])
		}
		wantFields(t, "", o, map[string]any{"customers": []any{map[string]any{"meta": "{}"}}})
	}
	b := confirmed()
	b.Customers, b.Participants = nil, nil
	text, err := WebhookBody(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, hole := range []string{`"customers":null`, `"participants":null`, `"customer_action_links":null`, `"available_actions":null`} {
		if bytes.Contains(text, []byte(hole)) {
			t.Errorf("the body holds %s", hole)
		}
	}
	b = confirmed()
	b.Customers[0].Meta = json.RawMessage(`{"allergy":"\"nuts\"","name":"not theirs"}`)
	o := object(t, body(t, b))
	meta, ok := o["customers"].([]any)[0].(map[string]any)["meta"].(string)
	if !ok || meta != `{"allergy":"\"nuts\"","name":"not theirs"}` {
		t.Errorf("meta %#v", meta)
	}
	wantFields(t, "", o, map[string]any{"attributes": map[string]any{"customer": map[string]any{"allergy": `"nuts"`, "name": "Zadie Quill"}}})
}

// TestEveryMomentIsCompact finds whatever looks like a moment in a body: none may have the colon that RFC 3339 wants.
func TestEveryMomentIsCompact(t *testing.T) {
	t.Parallel()
	moments := regexp.MustCompile(`"\d{4}-\d\d-\d\dT[^"]*"`).FindAll(body(t, confirmed()), -1)
	if len(moments) < 14 {
		t.Errorf("only %d moments", len(moments))
	}
	compact := regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}"$`)
	for _, moment := range moments {
		if !compact.Match(moment) {
			t.Errorf("%s", moment)
		}
	}
}
