package e2e_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"
)

// rows runs a query that counts on the record.
func (b *bundle) rows(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.stack.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// asAdmin is the bundle with the admin key.
func (b *bundle) asAdmin() *bundle {
	admin := *b
	admin.key = b.admin
	return &admin
}

func TestAppsByTheirSlug(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	admin := b.asAdmin()
	own := b.get(t, "/v2/app").want(t, http.StatusOK)
	path := "/v2/apps/" + own.str("data.slug")
	for _, caller := range []*bundle{b, admin} {
		if got := caller.get(t, path).want(t, http.StatusOK); got.body != own.body || got.str("data.role") != "admin" || got.str("data.webhook_secret") == "" {
			t.Errorf("%s\n%s", got.body, own.body)
		}
	}
	b.put(t, path, `{"name":"Mine"}`).want(t, http.StatusOK)
	if got := admin.put(t, path, `{"settings":{"redirect_hosts":["example.org"]}}`).want(t, http.StatusOK); got.str("data.name") != "Mine" {
		t.Error(got.body)
	}
	b.put(t, path, `{"name":""}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.widget(t).get(t, path).refused(t, http.StatusForbidden, "forbidden")
	other.get(t, path).refused(t, http.StatusNotFound, "not_found")
	other.put(t, path, `{"name":"Yours"}`).refused(t, http.StatusNotFound, "not_found")
	b.call(t, http.MethodDelete, path, "").refused(t, http.StatusUnauthorized, "unauthorized")
	admin.get(t, "/v2/apps/no-such-app").refused(t, http.StatusNotFound, "not_found")
	admin.call(t, http.MethodDelete, "/v2/apps/no-such-app", "").refused(t, http.StatusNotFound, "not_found")
}

// TestAnAppGoesWithEverything deletes an app that has one of each, once its bookings are over.
func TestAnAppGoesWithEverything(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	admin := b.asAdmin()
	app := b.get(t, "/v2/app").want(t, http.StatusOK)
	path, id := "/v2/apps/"+app.str("data.slug"), app.str("data.id")
	resource := b.resource(t)
	b.webhook(t, "https://example.com/hook", "")
	b.event(t, resource, 20, 21, "").want(t, http.StatusCreated)
	open := b.book(t, resource, "instant", 9)
	b.put(t, "/v2/bookings/"+b.book(t, resource, "instant", 11)+"/cancel", "", "Idempotency-Key", "over").want(t, http.StatusOK)
	b.publicLink(t, "")
	b.embedKeys(t, "")
	b.clientSecret(t)
	b.asked(t, resource, "")
	b.put(t, "/v2/templates/booking_confirmed", `{"closing":"Ring twice."}`).want(t, http.StatusOK)
	admin.call(t, http.MethodDelete, path, "").refused(t, http.StatusConflict, "in_use")
	b.get(t, "/v2/bookings/"+open).want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+open+"/cancel", "").want(t, http.StatusOK)
	others := other.book(t, other.resource(t), "instant", 9)
	admin.call(t, http.MethodDelete, path, `{}`).want(t, http.StatusNoContent)
	b.get(t, "/v2/app").refused(t, http.StatusUnauthorized, "unauthorized")
	admin.get(t, path).refused(t, http.StatusNotFound, "not_found")
	other.get(t, "/v2/bookings/"+others).want(t, http.StatusOK)
	for _, table := range []string{
		"api_keys", "resources", "calendars", "bookings", "customers", "actions", "occupancies", "events", "webhook_endpoints",
		"calendar_events", "idempotency_keys", "public_links", "embed_credentials", "client_secrets", "scheduling_requests", "mailers", "contact_blocks",
		"mail_templates",
	} {
		if n := b.rows(t, `SELECT count(*) FROM `+table+` WHERE app_id = $1`, id); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
}
