package e2e_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const password = "correct horse battery"

// basic is the header of a resource's e-mail address and token.
func basic(user, token string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+token))}
}

// member is a resource that can sign in, and calls with its own token.
type member struct {
	*bundle
	id, email, token string
}

// member makes a resource with a password and signs in as it.
func (b *bundle) member(t testing.TB) *member {
	t.Helper()
	m := &member{bundle: b, email: fmt.Sprintf("m%d@example.com", time.Now().UnixNano())}
	m.id = b.post(t, "/v2/resources", fmt.Sprintf(`{"name":"Ada","timezone":"UTC","email":%q,"password":%q}`, m.email, password)).
		want(t, http.StatusCreated).str("data.id")
	in := b.anonymous().post(t, "/v2/auth", fmt.Sprintf(`{"email":%q,"password":%q}`, m.email, password)).want(t, http.StatusOK)
	m.token = in.str("data.api_token")
	return m
}

// try makes a request with the member's token, patiently.
func (m *member) try(ctx context.Context, method, path, body string, headers ...string) (answer, error) {
	return m.bundle.anonymous().patiently(ctx, method, path, body, append(basic(m.email, m.token), headers...)...)
}

func (m *member) do(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	a, err := m.try(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAResourceSignsIn(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	slug := b.get(t, "/v2/app").str("data.slug")
	visitor := b.anonymous()
	email := fmt.Sprintf("ada%d@example.com", time.Now().UnixNano())
	made := b.post(t, "/v2/resources", fmt.Sprintf(`{"name":"Ada","timezone":"UTC","email":%q,"password":"1234567"}`, email)).
		refused(t, http.StatusUnprocessableEntity, "invalid")
	if made.at("errors.password") == nil {
		t.Error(made.body)
	}
	made = b.post(t, "/v2/resources", fmt.Sprintf(`{"name":"Ada","timezone":"UTC","email":%q,"password":%q}`, email, password)).want(t, http.StatusCreated)
	resource := made.str("data.id")
	if strings.Contains(made.body, "horse") || strings.Contains(made.body, "pbkdf2") || strings.Contains(made.body, "password") {
		t.Errorf("the answer tells the password: %s", made.body)
	}
	give := func(email, password string) string { return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password) }
	for _, ways := range [][]string{{}, {"Timekit-App", slug}, {"Authorization", "Bearer " + b.key}, {"Authorization", "Bearer " + b.key, "Timekit-App", slug}} {
		in := visitor.post(t, "/v2/auth", give(strings.ToUpper(email), password), ways...).want(t, http.StatusOK)
		if in.str("data.id") != resource || in.str("data.email") != email || !strings.HasPrefix(in.str("data.api_token"), "resource_token_") ||
			in.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v: %s", ways, in.body)
		}
		own := visitor.get(t, "/v2/resources/"+resource, basic(email, in.str("data.api_token"))...).want(t, http.StatusOK)
		if own.str("data.email") != email {
			t.Error(own.body)
		}
	}
	wrong := visitor.post(t, "/v2/auth", give(email, "wrong horse battery")).refused(t, http.StatusUnauthorized, "unauthorized")
	nobody := visitor.post(t, "/v2/auth", give("nobody@example.com", password)).refused(t, http.StatusUnauthorized, "unauthorized")
	if wrong.str("error") != nobody.str("error") {
		t.Errorf("%q and %q", wrong.str("error"), nobody.str("error"))
	}
	other := tenant(t, plain)
	for _, ways := range [][]string{
		{"Timekit-App", "no-such-app"}, {"Timekit-App", "\xff"}, {"Authorization", "Bearer " + other.key},
		{"Authorization", "Bearer " + b.key, "Timekit-App", other.get(t, "/v2/app").str("data.slug")},
	} {
		visitor.post(t, "/v2/auth", give(email, password), ways...).refused(t, http.StatusUnauthorized, "unauthorized")
	}
	b.put(t, "/v2/resources/"+resource, `{"password":"another horse"}`).want(t, http.StatusOK)
	visitor.post(t, "/v2/auth", give(email, "another horse")).want(t, http.StatusOK)
	b.put(t, "/v2/resources/"+resource, `{"name":"Ada L."}`).want(t, http.StatusOK) // and the password stays
	visitor.post(t, "/v2/auth", give(email, "another horse")).want(t, http.StatusOK)
	visitor.post(t, "/v2/auth", `{}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	if n := b.rows(t, `SELECT count(*) FROM resources WHERE password LIKE '%horse%'`); n != 0 {
		t.Error("a password is kept as it is")
	}
}

func TestOneAddressOfSeveralApps(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	m := b.member(t)
	body := fmt.Sprintf(`{"name":"Twin","timezone":"UTC","email":%q,"password":%q}`, m.email, password)
	twin := other.post(t, "/v2/resources", body).want(t, http.StatusCreated).str("data.id")
	give := fmt.Sprintf(`{"email":%q,"password":%q}`, m.email, password)
	b.anonymous().post(t, "/v2/auth", give).refused(t, http.StatusUnprocessableEntity, "invalid")
	if in := other.post(t, "/v2/auth", give).want(t, http.StatusOK); in.str("data.id") != twin {
		t.Error(in.body)
	}
	slug := b.get(t, "/v2/app").str("data.slug")
	if in := b.anonymous().post(t, "/v2/auth", give, "Timekit-App", slug).want(t, http.StatusOK); in.str("data.id") != m.id {
		t.Error(in.body)
	}
	m.do(t, http.MethodGet, "/v2/resources/"+m.id, "", "Timekit-App", slug).want(t, http.StatusOK)
	m.do(t, http.MethodGet, "/v2/resources/"+m.id, "", "Timekit-App", other.get(t, "/v2/app").str("data.slug")).
		refused(t, http.StatusUnauthorized, "unauthorized")
}

// TestGuessersMustWait lets 30 guesses come at once: ten are looked at, whatever they are.
func TestGuessersMustWait(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_BAD_KEY_LIMIT=0")
	m := b.member(t)
	var looked, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	guesser := b.anonymous()
	for i := range 30 {
		all.Go(func() {
			a, err := guesser.try(t.Context(), http.MethodPost, "/v2/auth", fmt.Sprintf(`{"email":%q,"password":"guess number %d"}`, m.email, i))
			for err == nil && a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" { // the machine is slow
				a, err = guesser.try(t.Context(), http.MethodPost, "/v2/auth", fmt.Sprintf(`{"email":%q,"password":"guess number %d"}`, m.email, i))
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusUnauthorized:
				looked++
			case a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") != "":
				refused++
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if looked > 12 || refused < 18 { // one more every six seconds
		t.Errorf("%d guesses were looked at, %d were not", looked, refused)
	}
	give := fmt.Sprintf(`{"email":%q,"password":%q}`, m.email, password)
	guesser.post(t, "/v2/auth", give).want(t, http.StatusOK) // it was good a minute ago
}

func TestCredentialLife(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	m := b.member(t)
	made := b.post(t, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"client-token","name":"phone"}`, m.id)).want(t, http.StatusCreated)
	token := made.str("data.token")
	if !strings.HasPrefix(token, "resource_token_") || !strings.HasPrefix(token, strings.TrimSuffix(made.str("data.hint"), "…")) {
		t.Error(made.body)
	}
	list := b.get(t, "/v2/credentials?search=resource.id:"+m.id).want(t, http.StatusOK)
	if list.str("total") != "2" || strings.Contains(list.body, token) || list.str("data.1.name") != "phone" || list.at("data.1.last_used_at") != nil {
		t.Error(list.body)
	}
	visitor := b.anonymous()
	path := "/v2/resources/" + m.id
	visitor.get(t, path, basic(m.email, token)...).want(t, http.StatusOK)
	if used := b.get(t, "/v2/credentials?search=name:phone").str("data.0.last_used_at"); used == "" {
		t.Error("no time of use")
	}
	for user, key := range map[string]string{"": token, "else@example.com": token, m.email: token + "x"} {
		visitor.get(t, path, basic(user, key)...).refused(t, http.StatusUnauthorized, "unauthorized")
	}
	visitor.get(t, path, "Authorization", "Bearer "+token).refused(t, http.StatusUnauthorized, "unauthorized")
	visitor.get(t, path, basic(m.email, b.key)...).refused(t, http.StatusUnauthorized, "unauthorized") // an app's key is nobody's
	b.call(t, http.MethodDelete, "/v2/credentials/"+made.str("data.id"), "").want(t, http.StatusNoContent)
	visitor.get(t, path, basic(m.email, token)...).refused(t, http.StatusUnauthorized, "unauthorized")
	b.call(t, http.MethodDelete, "/v2/credentials/"+made.str("data.id"), "").refused(t, http.StatusNotFound, "not_found")
	b.post(t, "/v2/credentials", `{"type":"golden-token"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	b.post(t, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"client-token"}`, b.resource(t))).
		refused(t, http.StatusUnprocessableEntity, "invalid") // no e-mail address
	b.call(t, http.MethodDelete, path, "").want(t, http.StatusNoContent)
	m.do(t, http.MethodGet, path, "").refused(t, http.StatusUnauthorized, "unauthorized")
	visitor.post(t, "/v2/auth", fmt.Sprintf(`{"email":%q,"password":%q}`, m.email, password)).refused(t, http.StatusUnauthorized, "unauthorized")
}
