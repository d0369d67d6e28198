package e2e_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestRateLimitOfKeys spends what a key has, waits as long as it is told, and goes on.
func TestRateLimitOfKeys(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_RATE_LIMIT=12", "HOLDFAST_WIDGET_RATE_LIMIT=6", "HOLDFAST_BAD_KEY_LIMIT=3", "HOLDFAST_TRUSTED_PROXIES=127.0.0.0/8")
	widget, other := b.widget(t), *b
	other.key = b.post(t, "/v2/keys", `{}`).want(t, http.StatusCreated).str("data.key")
	calls := 0
	a := b.get(t, "/v2/app")
	for ; a.status == http.StatusOK && calls < 30; calls++ {
		if a.header.Get("X-RateLimit-Limit") != "12" || a.header.Get("RateLimit-Policy") != `"default";q=12;w=60` ||
			!strings.HasPrefix(a.header.Get("RateLimit"), `"default";r=`+a.header.Get("X-RateLimit-Remaining")+";t=") {
			t.Errorf("call %d: %v", calls, a.header)
		}
		a = b.get(t, "/v2/app")
	}
	if calls < 6 || calls > 12 {
		t.Errorf("%d calls at once", calls)
	}
	refused := a.tooMany(t, 5)
	b.get(t, "/v2/bookings").tooMany(t, 5)
	a = b.post(t, "/v2/resources", "{", "Origin", "https://barber.example").tooMany(t, 5) // the body is not even read
	if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("X-RateLimit-Remaining") != "0" || a.header.Get("Timekit-TestMode") != "true" {
		t.Errorf("%v", a.header)
	}
	other.get(t, "/v2/app").want(t, http.StatusOK)
	refused.wait()
	b.get(t, "/v2/app").want(t, http.StatusOK)
	for range 30 {
		b.get(t, "/healthz").want(t, http.StatusOK)
		if free := b.get(t, "/v2/graphs").want(t, http.StatusOK); free.header.Get("RateLimit") != "" {
			t.Errorf("graphs are metered: %v", free.header)
		}
	}
	for range 6 {
		widget.get(t, "/v2/app", "X-Forwarded-For", "203.0.113.7").want(t, http.StatusForbidden)
	}
	a = widget.get(t, "/v2/app", "X-Forwarded-For", "203.0.113.7").tooMany(t, 10)
	for range 6 {
		b.anonymous().get(t, "/v2/projects/hosted/guessed", "X-Forwarded-For", "203.0.113.7").refused(t, http.StatusNotFound, "not_found")
	}
	b.anonymous().get(t, "/v2/projects/hosted/guessed", "X-Forwarded-For", "203.0.113.7").tooMany(t, 10)
	b.anonymous().get(t, "/v2/projects/hosted/guessed", "X-Forwarded-For", "203.0.113.8").refused(t, http.StatusNotFound, "not_found")
	widget.get(t, "/v2/app", "X-Forwarded-For", "203.0.113.8").want(t, http.StatusForbidden)
	a.wait()
	widget.get(t, "/v2/app", "X-Forwarded-For", "203.0.113.7").want(t, http.StatusForbidden)
}

// TestRateLimitOfGuesses sends unknown keys until it may send no more.
func TestRateLimitOfGuesses(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_BAD_KEY_LIMIT=3", "HOLDFAST_TRUSTED_PROXIES=127.0.0.0/8")
	b.get(t, "/v2/app").want(t, http.StatusOK)
	wrong, admin := *b, *b
	wrong.key, admin.key = "live_api_key_nonsense", b.admin
	here, there := []string{"X-Forwarded-For", "203.0.113.7"}, []string{"X-Forwarded-For", "203.0.113.8"}
	for range 10 {
		b.anonymous().get(t, "/v2/app", here...).refused(t, http.StatusUnauthorized, "unauthorized") // no key is no guess
	}
	wrong.get(t, "/v2/app", here...).refused(t, http.StatusUnauthorized, "unauthorized")
	wrong.get(t, "/v2/apps", here...).refused(t, http.StatusUnauthorized, "unauthorized")
	b.get(t, "/v2/apps", here...).refused(t, http.StatusUnauthorized, "unauthorized")
	wrong.get(t, "/v2/app", here...).tooMany(t, 20)
	admin.get(t, "/v2/apps", here...).tooMany(t, 20) // right, but a guess for all we know
	b.get(t, "/v2/app", here...).want(t, http.StatusOK)
	admin.get(t, "/v2/apps", there...).want(t, http.StatusOK)
	admin.get(t, "/v2/apps", here...).want(t, http.StatusOK)
	wrong.get(t, "/v2/app", there...).refused(t, http.StatusUnauthorized, "unauthorized")
}

// tooMany fails the test when the answer is not that the caller should wait, for no longer than so many seconds.
func (a answer) tooMany(t testing.TB, seconds int) answer {
	t.Helper()
	a.refused(t, http.StatusTooManyRequests, "too_many_requests")
	if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 || n > seconds {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	return a
}

// wait does what Retry-After asks for.
func (a answer) wait() {
	n, _ := strconv.Atoi(a.header.Get("Retry-After"))
	<-time.After(time.Duration(n) * time.Second)
}
