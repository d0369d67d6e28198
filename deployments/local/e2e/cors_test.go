package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// preflight is what a browser asks before it lets a page of another site make a call. No credential comes with it.
func (b *bundle) preflight(t testing.TB, method, path, headers string) answer {
	t.Helper()
	return b.anonymous().call(t, http.MethodOptions, path, "", "Origin", "https://barber.example", "Access-Control-Request-Method", method,
		"Access-Control-Request-Headers", headers)
}

// TestCORSPreflights asks as the booking widget's browser does, on every path it may ever call.
func TestCORSPreflights(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for _, c := range [][3]string{
		{"GET", "/v2/projects/embed/0fd4c7a2", "authorization,timekit-context"},
		{"POST", "/v2/availability", "authorization,content-type,timekit-context"},
		{"POST", "/v2/bookings?include=attributes,event,user", "authorization,content-type,timekit-context"},
		{"GET", "/v2/bookings/groups?search=project.id:x", "authorization,timekit-context,timekit-timezone"},
		{"POST", "/v2/bookings/x/reschedule", "authorization,content-type"},
		{"PUT", "/v2/bookings/x/cancel/", "authorization,content-type,idempotency-key,if-match,prefer,x-request-id"},
		{"DELETE", "/v2/resources/x", "authorization,timekit-inputtimestampformat,timekit-outputtimestampformat"},
		{"GET", "/v2/app", "authorization"},
		{"GET", "/v2/nowhere", "authorization"},
		{"GET", "/openapi.json", ""},
	} {
		a := b.preflight(t, c[0], c[1], c[2])
		got := fmt.Sprint(a.status, a.header["Access-Control-Allow-Origin"], a.header["Access-Control-Allow-Methods"],
			a.header.Get("Access-Control-Allow-Headers"), a.header["Access-Control-Allow-Credentials"], a.header["Access-Control-Max-Age"])
		if want := fmt.Sprint(204, []string{"*"}, []string{c[0]}, c[2], []string(nil), []string{"86400"}); got != want {
			t.Errorf("%s: got %s, want %s", c[1], got, want)
		}
	}
	resource := b.resource(t)
	for _, path := range []string{"/v2/apps", "/v2/apps/", "/healthz", "/metrics", "/v2/bookings/" + resource + "/external_action/confirm"} {
		a := b.preflight(t, http.MethodPost, path, "authorization")
		if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Access-Control-Allow-Headers") != "" {
			t.Errorf("%s is open to other sites: %v", path, a.header)
		}
	}
	if a := b.preflight(t, http.MethodPatch, "/v2/bookings", ""); a.header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("PATCH is allowed: %v", a.header)
	}
	b.anonymous().call(t, http.MethodOptions, "/v2/bookings/"+resource+"/external_action/confirm", "").want(t, http.StatusNoContent)
	b.anonymous().call(t, http.MethodOptions, "/v2/bookings", "").refused(t, http.StatusMethodNotAllowed, "method_not_allowed")
}

// TestCORSOfErrors: without them a browser shows its page nothing, not even the status.
func TestCORSOfErrors(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"widget_requires_project":false}`)
	widget, site := b.widget(t), []string{"Origin", "https://barber.example"}
	for status, a := range map[int]answer{
		200: b.get(t, "/v2/app", site...),
		201: widget.post(t, "/v2/bookings", request(b.resource(t), "instant", 9), site...),
		400: widget.post(t, "/v2/bookings", "{", site...),
		401: b.anonymous().get(t, "/v2/bookings", site...),
		403: widget.get(t, "/v2/bookings", site...),
		404: widget.get(t, "/v2/nowhere", site...),
		405: widget.call(t, http.MethodDelete, "/v2/graphs", "", site...),
		422: widget.post(t, "/v2/bookings", "{}", site...),
	} {
		a.want(t, status)
		exposed := a.header.Get("Access-Control-Expose-Headers")
		for _, name := range []string{"Timekit-TestMode", "Timekit-Request-Id", "RateLimit", "Retry-After", "X-RateLimit-Remaining", "ETag", "Location"} {
			if !strings.Contains(", "+strings.ToLower(exposed)+",", ", "+strings.ToLower(name)+",") {
				t.Errorf("%d: %s is not exposed: %s", status, name, exposed)
			}
		}
		if got := a.header["Access-Control-Allow-Origin"]; !slices.Equal(got, []string{"*"}) || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%d: allowed are %q, credentials %q", status, got, a.header.Get("Access-Control-Allow-Credentials"))
		}
	}
}
