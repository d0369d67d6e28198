package portal

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/outbox"
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

// TestDroppedIsShown: the owner of a webhook sees that it has lost deliveries, in the list and on its page, and how many are kept.
func TestDroppedIsShown(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	e, err := h.CreateEndpoint(t.Context(), &outbox.Endpoint{
		ID: uuid.Must(uuid.NewV7()), AppID: h.app.ID, URL: "https://example.com/hook", Method: http.MethodPost, Secret: []byte("sealed"),
	})
	check(t, err)
	page := "/portal/webhooks/" + e.ID.String()
	if whole := b.get(page).text + b.get("/portal/webhooks").text; strings.Contains(whole, "dropped") {
		t.Errorf("it tells of nothing: %s", whole)
	}
	b.send(page+"/pause").leads(t, page+"?said=paused")
	b.get(page).says(t, "0 deliveries of 4321 that are kept")
	h.sql(`UPDATE webhook_endpoints SET dropped = 17, dropped_at = now()`)
	b.get(page).says(t, `role="alert"`, "17 deliveries were dropped", "4321")
	b.get("/portal/webhooks").says(t, "17 dropped")
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

// TestSearch: what the list is asked for. Dates are those of the zone, a "to" is included, and nothing typed breaks out of its term.
func TestSearch(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 6, 3, 12, 0, 0, 0, time.UTC)
	for given, want := range map[string]string{
		"": "sortedBy=desc", "q=Ada": "q=Ada&sortedBy=desc", "q=ada%40example.com": "q=ada@example.com&sortedBy=desc",
		"q=meta.ticket:T-1": "search=meta.ticket:T-1&sortedBy=desc", "q=Re: hair": "q=Re: hair&sortedBy=desc",
		"q=a%3Bstate:paid": "q=a;state:paid&sortedBy=desc", "q=meta.a:b%3Bstate:paid": "search=meta.a:b&sortedBy=desc",
		"graph=instant&state=paid":               "search=graph:instant;state:paid&sortedBy=desc",
		"resource=r%3Bstate:paid":                "search=resource.id:r&sortedBy=desc",
		"when=upcoming":                          "orderBy=event.start&search=completed:false&sortedBy=asc&start=2030-06-03T12:00:00Z",
		"when=upcoming&from=2030-06-05":          "orderBy=event.start&search=completed:false&sortedBy=asc&start=2030-06-04T22:00:00Z",
		"when=upcoming&order=made":               "search=completed:false&sortedBy=desc&start=2030-06-03T12:00:00Z",
		"when=past&to=2030-06-01":                "end=2030-06-01T22:00:00Z&sortedBy=desc",
		"when=past":                              "end=2030-06-03T12:00:00Z&sortedBy=desc",
		"from=2030-03-31&to=2030-03-31":          "end=2030-03-31T22:00:00Z&sortedBy=desc&start=2030-03-30T23:00:00Z", // the clocks go forward
		"from=soon&order=start&page=2":           "orderBy=event.start&page=2&sortedBy=asc",
		"order=latest":                           "orderBy=event.start&sortedBy=desc",
		"q=018f0000-0000-7000-8000-000000000000": "q=018f0000-0000-7000-8000-000000000000&sortedBy=desc",
	} {
		q, err := url.ParseQuery(given)
		check(t, err)
		asked := search(q, "Europe/Berlin", now)
		asked.Del("include")
		asked.Del("limit")
		if got, _ := url.QueryUnescape(asked.Encode()); got != want {
			t.Errorf("%q asks for %q, want %q", given, got, want)
		}
	}
}

// TestZoneOfTheList is that of the resource it is about, the one all share, or UTC.
func TestZoneOfTheList(t *testing.T) {
	t.Parallel()
	berlin, tokyo := resourceView{ID: "b", Timezone: "Europe/Berlin"}, resourceView{ID: "t", Timezone: "Asia/Tokyo"}
	for _, c := range []struct {
		all      []resourceView
		id, want string
	}{
		{nil, "", "UTC"}, {[]resourceView{berlin, berlin}, "", "Europe/Berlin"}, {[]resourceView{berlin, tokyo}, "", "UTC"},
		{[]resourceView{berlin, tokyo, tokyo}, "", "UTC"}, {[]resourceView{berlin, tokyo}, "t", "Asia/Tokyo"},
	} {
		if got := zoneOf(c.all, c.id); got != c.want {
			t.Errorf("%v, %q: %s", c.all, c.id, got)
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
