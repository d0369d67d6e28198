package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"holdfast/api/edge"
	"holdfast/api/tenants"
	"holdfast/internal/fault"
)

// TestATokenIsGoodAtOnceAndKeptAsAHash: the token of a sign-in opens what is the resource's right away. The record has its hash and
// not the token, knows it as the resource's own, and keeps only the newest ones.
func TestATokenIsGoodAtOnceAndKeptAsAHash(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const email, password = "ada@example.com", "correct horse battery"
	resource := f.post(f.server, "/v2/resources", fmt.Sprintf(`{"name":"Ada","timezone":"UTC","email":%q,"password":%q}`, email, password)).id(t)
	own := func(token string) answer {
		return f.send("", http.MethodGet, "/v2/resources/"+resource, "", "Authorization", basicHeader(email, token))
	}
	signIn := func() string {
		return f.post("", "/v2/auth", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)).want(t, http.StatusOK).text(t, "api_token")
	}
	token := signIn()
	own(token).want(t, http.StatusOK)
	for user, wrong := range map[string]string{"": token, "bob@example.com": token, email: token + "x"} {
		f.send("", http.MethodGet, "/v2/resources/"+resource, "", "Authorization", basicHeader(user, wrong)).refused(t, fault.Unauthorized, "")
	}
	f.send("", http.MethodGet, "/v2/resources/"+resource, "", "Authorization", "Bearer "+token).refused(t, fault.Unauthorized, "")
	in := func(app string) answer {
		return f.send("", http.MethodGet, "/v2/resources/"+resource, "", "Authorization", basicHeader(email, token), edge.AppHeader, app)
	}
	in(f.app.Slug).want(t, http.StatusOK)
	in("another-app").refused(t, fault.Unauthorized, "")
	secret := strings.TrimPrefix(token, "resource_token_")[8:] // the hint may show how it begins
	if n := value[int](f, `SELECT count(*) FROM resource_credentials c WHERE c::text || encode(hash, 'escape') LIKE '%' || $1 || '%'`, secret); n != 0 {
		t.Error("the record holds the token itself")
	}
	if n := value[int](f, `SELECT count(*) FROM resource_credentials WHERE hash = sha256($1::bytea) AND own`, []byte(token)); n != 1 {
		t.Error("the record lacks the token's hash, as the resource's own")
	}

	// More sign-ins than are kept, but for the last.
	f.sql(`INSERT INTO resource_credentials (id, app_id, resource_id, type, name, hint, hash, own, created_at)
		SELECT gen_random_uuid(), app_id, resource_id, type, name, hint, n::text::bytea, true, created_at + n * interval '1 millisecond'
		FROM resource_credentials, generate_series(1, $1) n`, tenants.OwnTokensKept-1)
	own(token).want(t, http.StatusOK)
	newest := signIn()
	own(token).refused(t, fault.Unauthorized, "") // the oldest has to go
	own(newest).want(t, http.StatusOK)
	wantKept := func() {
		t.Helper()
		if n := value[int](f, `SELECT count(*) FROM resource_credentials WHERE own`); n != tenants.OwnTokensKept {
			t.Errorf("%d tokens of its own are kept, want %d", n, tenants.OwnTokensKept)
		}
	}
	wantKept()
	f.send("", http.MethodPost, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"client-token"}`, resource),
		"Authorization", basicHeader(email, newest)).want(t, http.StatusCreated)
	wantKept()
	f.post(f.server, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"server-token"}`, resource)).want(t, http.StatusCreated)
	own(newest).want(t, http.StatusOK)
	f.sql(`UPDATE resources SET email = ''`)
	f.send("", http.MethodGet, "/v2/resources/"+resource, "", "Authorization", basicHeader("", newest)).refused(t, fault.Unauthorized, "")
	f.sql(`UPDATE resources SET email = $1`, email)
	f.put(f.server, "/v2/resources/"+resource, `{"password":"another horse"}`).want(t, http.StatusOK)
	own(newest).refused(t, fault.Unauthorized, "")
	if n := value[int](f, `SELECT count(*) FROM resource_credentials`); n != 1 {
		t.Errorf("after a new password %d tokens are good, want the one that a server key made", n)
	}
}

// TestAResourceBooksItsColleaguesAsOffered: its own time is a resource's at any hour. A colleague's is only by a project of both, and
// as that offers it.
func TestAResourceBooksItsColleaguesAsOffered(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const email, password = "ada@example.com", "correct horse battery"
	ada := f.post(f.server, "/v2/resources", fmt.Sprintf(`{"name":"Ada","timezone":"UTC","email":%q,"password":%q}`, email, password)).id(t)
	bob, stranger := f.resource(`[]`), f.resource(`[]`)
	const offers = `,"availability":{"length":"1 hour","timeslot_increments":"1 hour"},"availability_constraints":[{"allow_hours":{"start":12,"end":17}}]`
	both := f.post(f.server, "/v2/projects", fmt.Sprintf(`{"name":"Both","resources":[%q,%q]%s}`, ada, bob, offers)).id(t)
	others := f.post(f.server, "/v2/projects", fmt.Sprintf(`{"name":"Others","resources":[%q,%q]%s}`, bob, stranger, offers)).id(t)
	token := f.post("", "/v2/auth", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)).want(t, http.StatusOK).text(t, "api_token")
	for i, path := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
		book := func(project, slot string) answer {
			body := fmt.Sprintf(`{"project_id":%q,%s}`, project, slot)
			return f.send("", http.MethodPost, path, body, "Authorization", basicHeader(email, token))
		}
		hour := float64(i)
		book(both, slot(ada, hour+8, 0.75)).want(t, http.StatusCreated)
		book(both, slot(bob, hour, 1)).want(t, http.StatusCreated)
		book(both, slot(bob, hour+8, 1)).refused(t, fault.Invalid, "start")
		book(both, slot(bob, hour+2, 2)).refused(t, fault.Invalid, "end")
		book(both, slot(bob, hour-100, 1)).refused(t, fault.Invalid, "start")
		book(both, slot(stranger, hour, 1)).refused(t, fault.Invalid, "resource_id")
		book(others, slot(bob, hour+2, 1)).refused(t, fault.Invalid, "resource_id")
	}
}

// basicHeader names a resource by its e-mail address and token.
func basicHeader(user, token string) string {
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	r.SetBasicAuth(user, token)
	return r.Header.Get("Authorization")
}
