package portal

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// overhear keeps what pages send to the API, and answers in its place: Temporal, which would carry it out, is away here.
func (h *house) overhear(answer string) *[]map[string]any {
	inner, heard := h.portal.API, []map[string]any{}
	h.portal.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			inner.ServeHTTP(w, r)
			return
		}
		text, err := io.ReadAll(r.Body)
		check(h.t, err)
		body := map[string]any{"path": r.URL.Path}
		check(h.t, json.Unmarshal(append([]byte(nil), text...), &body))
		heard = append(heard, body)
		_, err = io.WriteString(w, answer)
		check(h.t, err)
	})
	return &heard
}

// hook makes a webhook and returns its address in the portal.
func (b *browser) hook() string {
	b.t.Helper()
	b.send("/portal/webhooks/new", "url", "https://example.com/hook", "format", "holdfast", "method", "post").want(b.t, http.StatusCreated)
	_, rest, _ := strings.Cut(b.get("/portal/webhooks").text, `class="url" href="`)
	address, _, _ := strings.Cut(rest, `"`)
	return address
}

// TestReplayCountsFirst: the first button changes nothing, and the second sends what was counted.
func TestReplayCountsFirst(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	hook := b.hook()
	heard := h.overhear(`{"data":{"count":12}}`)
	fields := []string{"since", "2030-06-03T09:30", "until", "", "only", "all", "step"}
	b.send(hook+"/replay", append(fields, "count")...).want(t, http.StatusOK).says(t, "12 deliveries would be sent again", `value="2030-06-03T09:30"`)
	b.send(hook+"/replay", append(fields, "send")...).leads(t, hook+"/deliveries?replayed=12")
	b.get(hook+"/deliveries?replayed=12").says(t, "12 deliveries will be sent again.")
	for i, dry := range []bool{true, false} {
		got := (*heard)[i]
		if _, until := got["until"]; got["dry_run"] != dry || got["only"] != "all" || got["since"] != "2030-06-03T09:30:00Z" || until {
			t.Errorf("button %d asks for %v", i, got)
		}
	}
}

// TestReplayMinds what the API says is wrong.
func TestReplayMinds(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	b.send(b.hook()+"/replay", "since", "yesterday", "only", "all", "step", "count").want(t, http.StatusUnprocessableEntity).
		says(t, "That did not work", "since", `value="yesterday"`)
}

func TestRotate(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	hook := b.hook()
	b.get(hook+"/rotate").want(t, http.StatusOK).says(t, `value="0"`, `value="604800"`)
	first := b.send(hook+"/rotate", "grace_period_seconds", "3600").want(t, http.StatusOK).says(t, `value="whsec_`, "An old secret signs, too, until")
	if strings.Contains(b.get(hook).text, valueOf(first.text)) {
		t.Error("the secret is shown again")
	}
	heard := h.overhear(`{"data":{"secret":"whsec_new"}}`)
	b.send(hook+"/rotate", "grace_period_seconds", "3600")
	if got := (*heard)[0]["grace_period_seconds"]; got != 3600.0 {
		t.Errorf("the old one signs for %v", got)
	}
}

// TestTestsGoWhereTheyAreSent leads to the delivery, and says what the API has against an event.
func TestTestsGoWhereTheyAreSent(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	hook := b.hook()
	page := b.get(hook+"/test").want(t, http.StatusOK).says(t, ">booking.confirmed<")
	if strings.Contains(page.text, "booking.*") {
		t.Error("a family can be sent")
	}
	b.send(hook+"/test", "event_type", "booking.nonsense").want(t, http.StatusUnprocessableEntity).says(t, "That did not work")
	heard := h.overhear(`{"data":{"id":"018f0000-0000-7000-8000-000000000009"}}`)
	b.send(hook+"/test", "event_type", "booking.confirmed").leads(t, "/portal/deliveries/018f0000-0000-7000-8000-000000000009")
	b.send(hook+"/test", "event_type", "")
	if _, named := (*heard)[1]["event_type"]; (*heard)[0]["event_type"] != "booking.confirmed" || named {
		t.Errorf("asked for %v", *heard)
	}
}
