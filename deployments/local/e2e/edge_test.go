package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// asked are the routes that want a credential, with what each wants.
var asked = []struct{ method, path, need string }{
	{"GET", "/v2/apps", "admin"}, {"POST", "/v2/apps", "admin"}, {"GET", "/v2/app", "server"}, {"PUT", "/v2/app", "server"},
	{"GET", "/v2/keys", "server"}, {"POST", "/v2/keys", "server"}, {"DELETE", "/v2/keys/x", "server"},
	{"GET", "/v2/resources", "server"}, {"POST", "/v2/resources", "server"}, {"GET", "/v2/resources/x", "resource"},
	{"PUT", "/v2/resources/x", "resource"}, {"DELETE", "/v2/resources/x", "server"},
	{"GET", "/v2/resources/timezone/x", "server"},
	{"GET", "/v2/locations", "key"}, {"POST", "/v2/locations", "server"}, {"GET", "/v2/locations/x", "key"},
	{"PUT", "/v2/locations/x", "server"}, {"DELETE", "/v2/locations/x", "server"},
	{"GET", "/v2/location/services", "key"}, {"POST", "/v2/location/services", "server"}, {"GET", "/v2/location/services/x", "key"},
	{"PUT", "/v2/location/services/x", "server"}, {"DELETE", "/v2/location/services/x", "server"},
	{"GET", "/v2/projects", "key"}, {"POST", "/v2/projects", "server"}, {"GET", "/v2/projects/embed/x", "key"},
	{"GET", "/v2/projects/x", "server"}, {"PUT", "/v2/projects/x", "server"}, {"DELETE", "/v2/projects/x", "server"},
	{"GET", "/v2/projects/x/resources", "server"}, {"POST", "/v2/projects/x/resources", "server"},
	{"PUT", "/v2/projects/x/resources", "server"}, {"DELETE", "/v2/projects/x/resources/x", "server"},
	{"GET", "/v2/bookings", "resource"}, {"POST", "/v2/bookings", "key"}, {"GET", "/v2/bookings/x", "resource"},
	{"PUT", "/v2/bookings/x", "server"}, {"DELETE", "/v2/bookings/x", "server"}, {"PUT", "/v2/bookings/x/cancel", "resource"},
	{"POST", "/v2/availability", "key"}, {"POST", "/v2/availability/dates", "key"}, {"POST", "/v2/availability/count", "key"},
	{"POST", "/v2/availability/explain", "server"}, {"POST", "/v2/policies/preview", "server"}, {"POST", "/v2/unavailable/slots", "key"},
	{"POST", "/v2/bookings/bulk", "server"}, {"PUT", "/v2/bookings/bulk", "server"}, {"GET", "/v2/bookings/groups", "key"},
	{"GET", "/v2/bookings/groups/x", "key"}, {"POST", "/v2/bookings/reserve", "key"}, {"PUT", "/v2/bookings/reserve/extend", "key"},
	{"POST", "/v2/bookings/x/reschedule", "key"}, {"POST", "/v2/bookings/x/force", "admin"}, {"POST", "/v2/bookings/migrate", "server"},
	{"GET", "/v2/events", "resource"}, {"POST", "/v2/events", "resource"}, {"GET", "/v2/events/x", "resource"},
	{"PUT", "/v2/events/x", "resource"}, {"DELETE", "/v2/events/x", "resource"},
	{"GET", "/v2/calendars", "resource"}, {"POST", "/v2/calendars", "resource"}, {"GET", "/v2/calendars/x", "resource"},
	{"PUT", "/v2/calendars/x", "resource"}, {"DELETE", "/v2/calendars/x", "resource"},
	{"GET", "/v2/accounts", "resource"}, {"GET", "/v2/accounts/sync", "key"}, {"POST", "/v2/users", "key"}, {"POST", "/v2/app/invite", "key"},
	{"GET", "/v2/apps/x", "app"}, {"PUT", "/v2/apps/x", "app"}, {"DELETE", "/v2/apps/x", "admin"},
	{"GET", "/v2/credentials", "resource"}, {"POST", "/v2/credentials", "resource"}, {"DELETE", "/v2/credentials/x", "resource"},
	{"GET", "/v2/webhooks", "server"}, {"POST", "/v2/webhooks", "server"}, {"GET", "/v2/webhooks/x", "server"},
	{"PUT", "/v2/webhooks/x", "server"}, {"DELETE", "/v2/webhooks/x", "server"},
	{"GET", "/v2/webhooks/event_types", "server"}, {"POST", "/v2/webhooks/x/pause", "server"}, {"POST", "/v2/webhooks/x/resume", "server"},
	{"POST", "/v2/webhooks/x/rotate", "server"}, {"POST", "/v2/webhooks/x/test", "server"}, {"POST", "/v2/webhooks/x/replay", "server"},
	{"GET", "/v2/webhooks/x/deliveries", "server"}, {"GET", "/v2/deliveries/x", "server"}, {"POST", "/v2/deliveries/x/retry", "server"},
	{"POST", "/v2/bookings/x/effects/x/retry", "server"}, {"POST", "/v2/bookings/x/effects/x/give_up", "server"},
	{"POST", "/v2/graphs", "server"}, {"GET", "/v2/graphs/x/draft", "server"}, {"DELETE", "/v2/graphs/x/draft", "server"},
	{"POST", "/v2/graphs/x/validate", "server"}, {"POST", "/v2/graphs/x/publish", "server"}, {"GET", "/v2/graphs/x/versions", "server"},
	{"PUT", "/v2/graphs/x/alias", "server"}, {"GET", "/v2/graph_drafts", "server"},
	{"GET", "/v2/payment_accounts", "server"}, {"POST", "/v2/payment_accounts", "server"}, {"PUT", "/v2/payment_accounts/x", "server"},
	{"DELETE", "/v2/payment_accounts/x", "server"}, {"GET", "/v2/payments", "server"}, {"POST", "/v2/payments", "server"},
	{"GET", "/v2/payments/x", "server"}, {"POST", "/v2/payments/x/refresh", "server"}, {"POST", "/v2/payments/x/mark_paid", "server"},
	{"POST", "/v2/payments/x/refunds", "server"}, {"POST", "/v2/payments/x/refunds/x/retry", "server"},
	{"POST", "/v2/payments/x/refunds/x/mark_paid", "server"}, {"GET", "/v2/bookings/x/cancel/preview", "server"},
	{"GET", "/v2/mails", "server"}, {"POST", "/v2/mails/x/retry", "server"}, {"POST", "/v2/mails/bounces", "server"},
	{"POST", "/v2/mails/revive", "server"}, {"POST", "/v2/sms/stop", "server"}, {"POST", "/v2/sms/start", "server"},
	{"GET", "/v2/mailer", "server"}, {"PUT", "/v2/mailer", "server"}, {"DELETE", "/v2/mailer", "server"},
	{"POST", "/v2/mailer/pause", "server"}, {"POST", "/v2/mailer/resume", "server"}, {"POST", "/v2/mailer/test", "server"},
	{"GET", "/v2/templates", "server"}, {"GET", "/v2/templates/x", "server"}, {"PUT", "/v2/templates/x", "server"},
	{"DELETE", "/v2/templates/x", "server"}, {"POST", "/v2/templates/x/preview", "server"},
	{"GET", "/v2/events?after=", "server"}, {"GET", "/v2/events/evt_x", "server"},
}

func TestRoutesRefuseWithoutTheirCredential(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"widget_requires_project":false}`)
	visitor := b.anonymous()
	widget := *b
	widget.key = b.post(t, "/v2/keys", `{"kind":"widget","name":"site"}`).want(t, http.StatusCreated).str("data.key")
	wrong := *b
	wrong.key = "live_api_key_nonsense"
	for _, r := range asked {
		visitor.call(t, r.method, r.path, "").refused(t, http.StatusUnauthorized, "unauthorized")
		wrong.call(t, r.method, r.path, "").refused(t, http.StatusUnauthorized, "unauthorized")
		if r.need == "server" || r.need == "app" || r.need == "resource" {
			widget.call(t, r.method, r.path, "").refused(t, http.StatusForbidden, "forbidden")
		}
		if r.need == "admin" {
			b.call(t, r.method, r.path, "").refused(t, http.StatusUnauthorized, "unauthorized")
		}
	}
	resource := b.resource(t)
	widget.post(t, "/v2/bookings", request(resource, "instant", 9)).want(t, http.StatusCreated)
	widget.post(t, "/v2/bookings", request(resource, "instant", 9, `,"settings":{"allow_double_bookings":true}`)).
		refused(t, http.StatusForbidden, "forbidden")
	visitor.get(t, "/v2/app", "Authorization", "Bearer "+b.key).want(t, http.StatusOK)
	visitor.get(t, "/v2/app", "Authorization", "bearer "+widget.key).refused(t, http.StatusForbidden, "forbidden")
}

// TestForeignThingsDoNotExist uses one app's ids with another app's key.
func TestForeignThingsDoNotExist(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	resource := b.resource(t)
	id := b.book(t, resource, "instant", 9)
	hook := b.webhook(t, "https://example.com/hook", "").str("data.id")
	key := b.get(t, "/v2/keys").str("data.0.id")
	for _, c := range [][2]string{
		{"GET", "/v2/bookings/" + id}, {"PUT", "/v2/bookings/" + id}, {"DELETE", "/v2/bookings/" + id}, {"PUT", "/v2/bookings/" + id + "/cancel"},
		{"GET", "/v2/resources/" + resource}, {"PUT", "/v2/resources/" + resource}, {"DELETE", "/v2/resources/" + resource},
		{"GET", "/v2/webhooks/" + hook}, {"PUT", "/v2/webhooks/" + hook}, {"DELETE", "/v2/webhooks/" + hook},
		{"POST", "/v2/webhooks/" + hook + "/pause"}, {"POST", "/v2/webhooks/" + hook + "/resume"}, {"POST", "/v2/webhooks/" + hook + "/rotate"},
		{"GET", "/v2/webhooks/" + hook + "/deliveries"}, {"POST", "/v2/webhooks/" + hook + "/test"}, {"DELETE", "/v2/keys/" + key},
	} {
		other.call(t, c[0], c[1], `{}`).refused(t, http.StatusNotFound, "not_found")
	}
	if got := other.get(t, "/v2/bookings").str("total"); got != "0" {
		t.Errorf("the other app sees %s bookings", got)
	}
	b.call(t, http.MethodDelete, "/v2/resources/"+resource, "").refused(t, http.StatusConflict, "in_use")
}

// TestErrorsTellNothingOfTheInside posts nonsense everywhere and reads the answers.
func TestErrorsTellNothingOfTheInside(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	nonsense := []string{`{`, `[]`, `null`, `"x"`, `{"name":7}`, `{"name":"'; drop table apps --","timezone":"Mars/Olympus"}`,
		`{"url":"http://[::1%25lo]/","graph":"\u0000"}`, `{"customer":{"name":{"a":1}},"start":{},"end":[]}`, `{"meta":"x","settings":{"timers":7}}`}
	for _, r := range asked {
		if r.need == "admin" {
			continue
		}
		for _, body := range nonsense {
			a := b.call(t, r.method, r.path+"?search=%27:%00&orderBy=%27&page=-1&start=x&include=%27", body)
			if a.status >= 500 && a.status != http.StatusNotImplemented {
				t.Errorf("%s %s %s: %d %s", r.method, r.path, body, a.status, a.body)
			}
			if a.status >= 400 {
				var problem map[string]any
				if err := json.Unmarshal([]byte(a.body), &problem); err != nil || problem["code"] == "" || problem["request_id"] == "" || problem["error"] == nil {
					t.Errorf("%s %s: not a problem document: %s", r.method, r.path, a.body)
				}
			}
			if a.status < 400 {
				continue // made: it has a random key, and fields of the contract that are named so
			}
			for _, inside := range []string{"sql", ".go:", "pgx", "goroutine", "temporal", "constraint", "unmarshal", "SQLSTATE"} {
				if strings.Contains(strings.ToLower(a.body), strings.ToLower(inside)) {
					t.Errorf("%s %s tells of %q: %s", r.method, r.path, inside, a.body)
				}
			}
		}
	}
}

func TestEdges(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	b.get(t, "/nowhere").refused(t, http.StatusNotFound, "not_found")
	b.call(t, http.MethodDelete, "/v2/graphs", "").refused(t, http.StatusMethodNotAllowed, "method_not_allowed")
	b.get(t, "/healthz").want(t, http.StatusOK)
	b.get(t, "/readyz").want(t, http.StatusOK).same(t, "temporal", "ok")
	for _, stranger := range []*bundle{b, b.anonymous()} {
		stranger.get(t, "/metrics").refused(t, http.StatusUnauthorized, "unauthorized")
	}
	admin := *b
	admin.key = b.admin
	var metrics answer
	eventually(t, "what waits was read from the record", func() bool {
		metrics = admin.get(t, "/metrics").want(t, http.StatusOK)
		return strings.Contains(metrics.body, "holdfast_oldest_waiting_seconds")
	})
	for _, name := range []string{
		"holdfast_http_request_seconds_bucket", "holdfast_database_connections_max", "holdfast_outcomes_listening 1", "temporal_request{",
		`holdfast_oldest_waiting_seconds{kind="pending_action"}`, `holdfast_oldest_waiting_seconds{kind="due_effect"}`,
		`holdfast_past_retention_seconds{kind="deliveries"} 0`, "holdfast_due_deliveries",
	} {
		if !strings.Contains(metrics.body, name) {
			t.Errorf("no %s among the metrics", name)
		}
	}
	if echoed := b.get(t, "/healthz", "X-Request-Id", "mine-1").header.Get("X-Request-Id"); echoed != "mine-1" {
		t.Errorf("request id %q", echoed)
	}
	if echoed := b.get(t, "/healthz", "X-Request-Id", "not good\"").header.Get("X-Request-Id"); strings.Contains(echoed, "good") {
		t.Errorf("request id %q", echoed)
	}
	graphs := b.anonymous().get(t, "/v2/graphs").want(t, http.StatusOK)
	if graphs.str("data.0.name") != "confirm_decline" || graphs.str("data.1.version") != "2" || graphs.str("data.10.name") != "instant_payment" {
		t.Error(graphs.body)
	}
	for path, kind := range map[string]string{"/v2/graphs/instant": "application/json", "/v2/graphs/instant.svg": "image/svg+xml", "/v2/graphs/instant.mmd": "text/"} {
		if got := b.get(t, path).want(t, http.StatusOK).header.Get("Content-Type"); !strings.HasPrefix(got, kind) {
			t.Errorf("%s is %s", path, got)
		}
	}
	b.get(t, "/v2/graphs/nope").refused(t, http.StatusNotFound, "not_found")
	b.put(t, "/v2/app", `{"settings":{"action_links":"sometimes","redirect_hosts":["HTTP://x"]}}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	if changed := b.put(t, "/v2/app", `{"settings":{"redirect_hosts":["example.org:8443"]}}`).want(t, http.StatusOK); changed.str("data.settings.redirect_hosts.0") != "example.org:8443" {
		t.Error(changed.body)
	}
}
