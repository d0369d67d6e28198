package portal

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestWebhookForm(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	b.get("/portal/webhooks/new").want(t, http.StatusOK).says(t, `value="booking.confirmed"`, `value="booking.*"`, `value="endpoint.failing"`, `value="reservekit"`)

	fields := []string{
		"url", "http://example.com/hook", "description", `The "till"`, "format", "holdfast", "method", "post", "headers", "X Team: green\n",
		"in_flight", "99", "rate_per_second", "many", "event_types", "booking.confirmed", "states", "confirmed", "secret", "whsec_short",
	}
	wrong := b.send("/portal/webhooks/new", fields...).want(t, http.StatusUnprocessableEntity)
	wrong.says(t, `value="http://example.com/hook"`, `value="The &#34;till&#34;"`, "X Team: green", "rate_per_second") // what was typed is kept
	if !regexp.MustCompile(`value="booking.confirmed" checked`).MatchString(wrong.text) || strings.Contains(wrong.text, "whsec_short") {
		t.Errorf("the form came back as %s", wrong.text)
	}
	fields[13] = ""
	b.send("/portal/webhooks/new", fields...).want(t, http.StatusUnprocessableEntity).says(t, `id="url" name="url" type="url"`, "https", "must have valid names",
		"must be a number from 1 to 32")

	made := b.send("/portal/webhooks/new", "url", "https://example.com/hook", "format", "holdfast", "method", "put", "headers", "X-Team: chartreuse\nX-Other:blue",
		"event_types", "booking.confirmed", "event_types", "bookings.*", "in_flight", "", "rate_per_second", "5", "ordered", "1").want(t, http.StatusCreated)
	made.says(t, "shown this once", `value="whsec_`)
	secret := valueOf(made.text)
	list := b.get("/portal/webhooks").says(t, "https://example.com/hook", "booking.confirmed, bookings.*", "Holdfast format", "Active")
	_, rest, _ := strings.Cut(list.text, `class="url" href="/portal/webhooks/`)
	edit := "/portal/webhooks/" + rest[:36] + "/edit"

	page := b.get(edit).want(t, http.StatusOK).says(t, "X-Other: (hidden)\nX-Team: (hidden)", `value="bookings.*" checked`, `<option value="put" selected>`,
		`name="rate_per_second" type="text" inputmode="numeric" pattern="[0-9]*" title="A whole number" value="5"`)
	for _, hidden := range []string{secret, "chartreuse", "blue", `name="secret"`} {
		if strings.Contains(page.text+list.text, hidden) {
			t.Errorf("a page has %s", hidden)
		}
	}
	b.send(edit, "url", "https://example.com/hook", "format", "timekit", "method", "put", "headers", "X-Team: (hidden)").leads(t, strings.TrimSuffix(edit, "/edit")+"?said=updated")
	page = b.get(edit).says(t, "X-Team: (hidden)")
	if strings.Contains(page.text, "X-Other") || strings.Contains(page.text, `name="event_types" value="booking.confirmed" checked`) || strings.Contains(page.text, `name="ordered" value="1" checked`) {
		t.Errorf("what was taken away is there: %s", page.text)
	}
	b.get("/portal/webhooks").says(t, "All events of bookings")
	b.send(edit, "url", "nonsense", "headers", "X-New: (hidden)").want(t, http.StatusUnprocessableEntity).says(t, "there is none to keep")
}

func TestFaults(t *testing.T) {
	t.Parallel()
	f := faultList{"url": {"a"}, "headers.X": {"b"}, "headers": {"c"}, "urls": {"d"}}
	if got := strings.Join(f.Of("headers"), " "); got != "c b" {
		t.Errorf("headers: %s", got)
	}
	if !f.Any("none", "url") || f.Any("ur") || len(f.Of("url")) != 1 {
		t.Errorf("%v", f)
	}
	if _, is := faultsOf(&refusal{Status: http.StatusNotFound}); is {
		t.Error("what does not exist is no fault of a form")
	}
	if whole, is := faultsOf(&refusal{Status: http.StatusConflict, Detail: "taken"}); !is || whole.Of("form")[0] != "taken" {
		t.Errorf("%v", whole)
	}
}

func TestInstants(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2030-06-03T09:30": "2030-06-03T09:30:00Z", "2030-06-03T09:30:15": "2030-06-03T09:30:15Z", "yesterday": "yesterday", "": "",
		"2030-06-03T09:30:00+02:00": "2030-06-03T09:30:00+02:00",
	} {
		if got := instant(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"q=Ada": "customer.name:*Ada*", "q=ada%40example.com": "customer.email:*ada@example.com*", "q=meta.ticket:T-1": "meta.ticket:T-1",
		"q=018f0000-0000-7000-8000-000000000000": "id:018f0000-0000-7000-8000-000000000000", "graph=instant&state=paid": "graph:instant;state:paid",
		"q=a%3Bstate:paid": "customer.name:*a*", "": "",
	} {
		q, err := url.ParseQuery(given)
		check(t, err)
		if got := search(q).Get("search"); got != want {
			t.Errorf("%q asks for %q, want %q", given, got, want)
		}
	}
}

func TestReadHeaders(t *testing.T) {
	t.Parallel()
	got := readHeaders("X-A: 1\r\n\r\n  X-B:2:3 \nbare\n")
	if len(got) != 3 || got["X-A"] != "1" || got["X-B"] != "2:3" {
		t.Errorf("%q", got)
	}
}

func TestInputs(t *testing.T) {
	t.Parallel()
	got := inputs(url.Values{"input.cancel.message": {"ill"}, "input.x": {"y"}, "input.other.field": {""}, "csrf": {"z"}, "bulk": {"one"}})
	fields, _ := got["cancel"].(map[string]string)
	if len(got) != 2 || fields["message"] != "ill" || got["apply_to_bulked_bookings"] != false {
		t.Errorf("%v", got)
	}
}
