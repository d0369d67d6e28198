package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// widget returns the bundle of a visitor's browser.
func (b *bundle) widget(t testing.TB) *bundle {
	t.Helper()
	w := *b
	w.key = b.post(t, "/v2/keys", `{"kind":"widget"}`).want(t, http.StatusCreated).str("data.key")
	return &w
}

func TestHeadersTellTestMode(t *testing.T) {
	t.Parallel()
	demo, live := start(t), tenant(t, plain) // the demo app is in test mode
	for _, b := range []*bundle{demo, demo.widget(t)} {
		for _, path := range []string{"/v2/bookings", "/v2/bookings/nothing", "/v2/app"} {
			a := b.get(t, path)
			if got := a.header.Get("Timekit-TestMode"); got != "true" {
				t.Errorf("%s with %.8s… (%d): Timekit-TestMode is %q", path, b.key, a.status, got)
			}
		}
	}
	for _, a := range []answer{live.get(t, "/v2/bookings"), live.widget(t).get(t, "/v2/app"), live.anonymous().get(t, "/v2/app")} {
		if got := a.header.Values("Timekit-TestMode"); got != nil {
			t.Errorf("%d: Timekit-TestMode is %q", a.status, got)
		}
	}
}

func TestHeadersTellTheRequestID(t *testing.T) {
	t.Parallel()
	b := start(t)
	for _, a := range []answer{b.get(t, "/v2/app"), b.get(t, "/nowhere"), b.anonymous().get(t, "/v2/app"), b.get(t, "/healthz", "X-Request-Id", "mine-2")} {
		if id := a.header.Get("Timekit-Request-Id"); id == "" || id != a.header.Get("X-Request-Id") {
			t.Errorf("%d: Timekit-Request-Id %q, X-Request-Id %q", a.status, id, a.header.Get("X-Request-Id"))
		}
	}
}

// TestHeadersChooseTheClock sends times in the client's form and zone, and gets them back so.
func TestHeadersChooseTheClock(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	body := func(start, end string) string {
		return fmt.Sprintf(`{"resource_id":%q,"graph":"instant","what":"Haircut","start":%s,"end":%s}`, resource, start, end)
	}
	hour := func(day int) (int64, string) {
		at := time.Date(2030, 6, day, 12, 0, 0, 0, time.UTC) // Berlin: 14:00, New York: 8:00
		return at.Unix(), at.Format("2006-01-02")
	}
	for day, c := range []struct {
		headers    []string
		start, end string // with the day for %s
		shown      string
	}{
		{nil, `"%sT12:00:00Z"`, `"%sT13:00:00Z"`, "%sT14:00:00+02:00"},
		{[]string{"Timekit-Timezone", "America/New_York"}, `"%s 08:00"`, `"%sT09:00:00"`, "%sT08:00:00-04:00"},
		{
			[]string{"Timekit-Timezone", "America/New_York", "Timekit-InputTimestampFormat", "Y-m-d h:ia", "Timekit-OutputTimestampFormat", "Y-m-d h:ia"},
			`"%s 08:00am"`, `"%s 09:00am"`, "%s 08:00am",
		},
		{[]string{"Timekit-InputTimestampFormat", "Y-m-d g:i A"}, `"%s 12:00 PM"`, `"%s 1:00 PM"`, "%sT14:00:00+02:00"},
		{[]string{"Timekit-OutputTimestampFormat", `Y-m-d\TH:i:sO`}, `"%sT12:00:00Z"`, `"%sT13:00:00Z"`, "%sT14:00:00+0200"},
	} {
		_, date := hour(day + 1)
		made := b.post(t, "/v2/bookings?include=event,attributes", body(fmt.Sprintf(c.start, date), fmt.Sprintf(c.end, date)), c.headers...).want(t, http.StatusCreated)
		for _, at := range []string{"data.event.start", "data.attributes.event_info.start"} {
			if want := fmt.Sprintf(c.shown, date); made.str(at) != want {
				t.Errorf("%q: %s is %s, want %s", c.headers, at, made.str(at), want)
			}
		}
	}
	at, date := hour(20)
	unix := []string{"Timekit-InputTimestampFormat", "U", "Timekit-OutputTimestampFormat", "U"}
	for _, form := range []string{`%d`, `"%d"`} {
		made := b.post(t, "/v2/bookings?include=event", body(fmt.Sprintf(form, at), fmt.Sprintf(form, at+3600)), unix...).want(t, http.StatusCreated)
		if got := made.at("data.event.start"); got != fmt.Sprint(at) {
			t.Errorf("U shows %#v, want the text %d", got, at)
		}
		if found := b.get(t, fmt.Sprintf("/v2/bookings?start=%d&end=%d&InputTimestampFormat=U", at, at+1)); found.str("total") != "1" {
			t.Errorf("%s bookings on %s", found.str("total"), date)
		}
		b.put(t, "/v2/bookings/"+made.str("data.id")+"/cancel", "{}").want(t, http.StatusOK)
		b.call(t, http.MethodDelete, "/v2/bookings/"+made.str("data.id"), "").want(t, http.StatusNoContent)
	}
	b.webhook(t, "https://example.com/hook", "")
	for path, at := range map[string]string{"/v2/webhooks": "data.0.updated_at", "/v2/app": "data.created_at", "/v2/keys": "data.0.created_at", "/v2/resources": "data.0.updated_at", "/v2/resources/" + resource: "data.created_at"} {
		if got := b.get(t, path+"?OutputTimestampFormat=L,U", "Timekit-OutputTimestampFormat", "c").str(at); len(got) != len("0,1796131800") || got[:2] != "0," {
			t.Errorf("%s: %s is %s", path, at, got)
		}
	}
}

// TestHeadersWithClocksPutForward asks for times that the clocks of Berlin skip, and for one that they show twice.
func TestHeadersWithClocksPutForward(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	book := func(start, end string, headers ...string) answer {
		body := fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":%q,"end":%q}`, resource, start, end)
		return b.post(t, "/v2/bookings?include=event", body, append(headers, "Timekit-Timezone", "Europe/Berlin")...)
	}
	format := []string{"Timekit-InputTimestampFormat", "Y-m-d H:i"}
	for _, headers := range [][]string{nil, format} {
		a := book("2030-03-31 02:30", "2030-03-31 03:30", headers...).refused(t, http.StatusUnprocessableEntity, "invalid")
		if got := a.str("errors.start.0"); got != "does not exist in Europe/Berlin: the clocks are put forward over it" || a.at("errors.end") != nil {
			t.Errorf("%s", a.body)
		}
	}
	if got := book("2030-03-31 01:30", "2030-03-31 03:30", format...).want(t, http.StatusCreated); got.str("data.event.end") != "2030-03-31T03:30:00+02:00" {
		t.Errorf("an hour on the last night of winter ends at %s", got.str("data.event.end"))
	}
	if got := book("2030-10-27 02:30", "2030-10-27 03:30", format...).want(t, http.StatusCreated); got.str("data.event.start") != "2030-10-27T02:30:00+02:00" {
		t.Errorf("the first half past two is %s", got.str("data.event.start"))
	}
	book("2030-10-27T02:30:00+01:00", "2030-10-27T03:30:00+01:00").refused(t, http.StatusConflict, "slot_taken")
}

// TestHeadersOfAvailability: output_timezone of the body comes before the zone that a client sends with every request.
func TestHeadersOfAvailability(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	b.resource(t)
	zone, unix := []string{"Timekit-Timezone", "Europe/Berlin"}, []string{"Timekit-InputTimestampFormat", "U"}
	for _, c := range []struct {
		body, start string
		headers     []string
	}{
		{`"from":"2030-12-02 09:00","to":"2030-12-02 10:00"`, "2030-12-02T09:00:00+01:00", append(zone, "Timekit-InputTimestampFormat", "Y-m-d H:i")},
		{`"from":"2030-12-02 09:00","to":"2030-12-02 10:00","output_timezone":"America/New_York"`, "2030-12-02T09:00:00-05:00", append(zone, "Timekit-InputTimestampFormat", "Y-m-d H:i")},
		{`"from":"2030-12-02T09:00:00Z","to":"2030-12-02T10:00:00Z","output_timezone":"Asia/Tokyo"`, "2030-12-02T18:00:00+09:00", zone},
		{`"from":1922432400,"to":"1922436000"`, "2030-12-02T09:00:00Z", unix},
		{`"from":"1922432400","to":"1922436000"`, "1922432400", append(unix, "Timekit-OutputTimestampFormat", "U")},
	} {
		slots := b.post(t, "/v2/availability", `{"length":"1 hour",`+c.body+`}`, c.headers...).want(t, http.StatusOK)
		if slots.str("data.0.start") != c.start || slots.at("data.1") != nil {
			t.Errorf("%s: want one at %s: %s", c.body, c.start, slots.body)
		}
	}
	b.post(t, "/v2/availability", `{"from":"now","to":"1 week","length":"1 hour"}`, unix...).want(t, http.StatusOK)
}

func TestHeadersThatSayNothing(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for _, h := range [][2]string{
		{"Timekit-Timezone", "Europe/Berlim"}, {"Timekit-Timezone", "+02:00"}, {"Timekit-InputTimestampFormat", "H:i"},
		{"Timekit-OutputTimestampFormat", "YYYY-MM-DDX"}, {"Timekit-OutputTimestampFormat", `Y\`},
	} {
		a := b.get(t, "/v2/resources", h[0], h[1]).refused(t, http.StatusUnprocessableEntity, "invalid")
		if a.at("errors."+h[0]+".0") == nil {
			t.Errorf("%s: %s is not blamed: %s", h[0], h[1], a.body)
		}
		b.anonymous().get(t, "/v2/resources", h[0], h[1]).refused(t, http.StatusUnauthorized, "unauthorized")
	}
}

// untold is a header of our own that the document does not have; "" when it has all. Those of refusals are told once, with
// the limits.
func (a answer) untold(document openapi3.Headers) string {
	told := map[string]bool{"Timekit-Request-Id": true} // with X-Request-Id
	for name := range document {
		told[http.CanonicalHeaderKey(name)] = true
	}
	for name := range a.header {
		edge := strings.HasPrefix(name, "Timekit-") || strings.Contains(name, "Ratelimit")
		if !told[name] && (strings.HasPrefix(name, "Holdfast-") || edge && a.status < http.StatusBadRequest) {
			return name
		}
	}
	return ""
}
