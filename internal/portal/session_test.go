package portal

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"holdfast/api"
	"holdfast/api/edge"
	"holdfast/internal/apps"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.browser()
	b.get("/portal/webhooks").leads(t, "/portal/sign-in?next=%2Fportal%2Fwebhooks")
	b.get("/portal").leads(t, "/portal/sign-in")
	b.get("/portal/sign-in").want(t, http.StatusOK).says(t, `type="password"`, "Sign in")
	b.signIn(" "+h.key+" ").leads(t, "/portal")
	b.get("/portal").leads(t, "/portal/webhooks")
	b.get("/portal/webhooks").want(t, http.StatusOK).says(t, "App barber", "No webhook yet")
	b.get("/portal/sign-in?next=/portal/keys").leads(t, "/portal/keys")
	b.send("/portal/sign-out").leads(t, "/portal/sign-in?said=signed_out")
	b.get("/portal/sign-in?said=signed_out").says(t, "You are signed out.")
	b.get("/portal/webhooks").want(t, http.StatusSeeOther)
	if n := h.sessions(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// TestWhoMayNot tells each why, and opens no session.
func TestWhoMayNot(t *testing.T) {
	t.Parallel()
	h := build(t)
	for key, want := range map[string]struct {
		status int
		text   string
	}{
		h.widgetKey():             {http.StatusForbidden, "Sign in with a server key"},
		"live_api_key_nonsense":   {http.StatusUnauthorized, "This key is not known"},
		h.key[:len(h.key)-1]:      {http.StatusUnauthorized, "This key is not known"},
		"  ":                      {http.StatusUnprocessableEntity, "Enter an API key"},
		strings.Repeat("x", 9000): {http.StatusUnauthorized, "This key is not known"},
	} {
		b := h.browser()
		b.signIn(key).want(t, want.status).says(t, want.text)
		if len(b.cookies) != 0 {
			t.Errorf("%.30s: got %v", key, b.cookies)
		}
	}
	if n := h.sessions(); n != 0 {
		t.Errorf("%d sessions were opened", n)
	}
}

func TestTheCookie(t *testing.T) {
	t.Parallel()
	for secure, name := range map[bool]string{false: "holdfast_portal", true: "__Host-holdfast_portal"} {
		path := map[bool]string{false: "/portal", true: "/"}[secure]
		h := build(t, func(p *Portal, _ *api.Server) { p.Secure = secure })
		b := h.member()
		c := b.cookies[name]
		if c == nil || !c.HttpOnly || c.Secure != secure || c.SameSite != http.SameSiteStrictMode || c.Path != path || c.Domain != "" || c.MaxAge != 12*60*60 {
			t.Fatalf("secure %t: %+v", secure, b.cookies)
		}
		if len(c.Value) != 43 {
			t.Errorf("the token is not 256 bits: %s", c.Value)
		}
		if strings.Contains(c.Value, h.key) {
			t.Error("the token tells the key")
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	h := build(t)
	ended := func(b *browser, why string) {
		t.Helper()
		if got := b.get("/portal/webhooks"); got.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: still in, %d", why, got.StatusCode)
		}
	}
	guess := h.browser()
	guess.cookies["holdfast_portal"] = &http.Cookie{Name: "holdfast_portal", Value: newToken()}
	ended(guess, "a token nobody was given")

	late := h.member()
	h.sql(`UPDATE portal_sessions SET expires_at = now()`)
	ended(late, "twelve hours have passed")

	first := h.member()
	token := first.cookies["holdfast_portal"]
	first.signIn(h.key).want(t, http.StatusSeeOther)
	if n := h.sessions(); n != 1 {
		t.Errorf("%d sessions, want the new one only: expired ones and the one before are deleted", n)
	}
	before := h.browser()
	before.cookies["holdfast_portal"] = token
	ended(before, "the browser signed in anew")

	_, err := h.PortalSession(context.Background(), apps.KeyHash(first.cookies["holdfast_portal"].Value))
	check(t, err)
	h.sql(`UPDATE api_keys SET revoked_at = now()`)
	ended(first, "the key was revoked")
}

// TestNoSecretIsShown looks for the key and the token in everything that leaves the house, and in its record and log.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.browser()
	seen := b.get("/portal/sign-in").text + b.signIn("live_api_key_wrong").text
	b.signIn(h.key)
	token := b.cookies["holdfast_portal"].Value
	for _, path := range []string{"/portal/webhooks", "/portal/keys", "/portal/graphs", "/portal/bookings", "/portal/nowhere", "/portal/deliveries/018f0000-dead-7000-8000-000000000000"} {
		page := b.get(path)
		seen += page.text
		for _, values := range page.Header {
			seen += strings.Join(values, " ")
		}
	}
	b.send("/portal/sign-out")
	for _, secret := range []string{h.key, token, "live_api_key_wrong"} {
		if strings.Contains(seen, secret) {
			t.Errorf("a page has %s", secret)
		}
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
	if strings.Contains(h.log.String(), "018f0000-dead") {
		t.Error("the log has an id of an address")
	}
	if !strings.Contains(h.log.String(), "route=/portal/webhooks") || strings.Contains(h.log.String(), "*page") {
		t.Errorf("the log does not name the pages' routes: %s", h.log)
	}
}

func TestWayBack(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/portal/keys": "/portal/keys", "/portal/bookings?q=ada&page=2": "/portal/bookings?q=ada&page=2", "": "/portal", "/portal": "/portal",
		"//evil.example/portal/": "/portal", "https://evil.example/portal/x": "/portal", "/v2/app": "/portal", `/portal/\evil.example`: "/portal",
		"/portal/../v2/app": "/portal", "/portal/%2e%2e/v2": "/portal", "/portal/sign-out": "/portal", "/portalx/": "/portal",
		"javascript:alert(1)": "/portal", "/portal/x\r\nSet-Cookie: a=b": "/portal", "\t//evil.example/portal/": "/portal",
	} {
		if got := wayBack(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
	h := build(t)
	b := h.browser()
	b.do(http.MethodPost, "/portal/sign-in", url.Values{"key": {h.key}, "next": {"//evil.example/portal/"}}).leads(t, "/portal")
}

// TestGuessing is held against the address that guesses, as the API does it; a key that was good passes.
func TestGuessing(t *testing.T) {
	t.Parallel()
	h := build(t, func(_ *Portal, s *api.Server) { s.Limits = edge.NewLimits(0, 0, 3) })
	h.member()
	b := h.browser()
	for range 3 {
		b.signIn("live_api_key_guess").want(t, http.StatusUnauthorized)
	}
	_, fresh := h.tenant("other")
	page := b.signIn(fresh).want(t, http.StatusTooManyRequests).says(t, "too many tries")
	if page.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	h.member()
	elsewhere := h.browser()
	elsewhere.address = "198.51.100.7:1234"
	elsewhere.signIn("live_api_key_guess").want(t, http.StatusUnauthorized)
}

// TestGuessingBehindAProxy: the address that counts is the one the API believes.
func TestGuessingBehindAProxy(t *testing.T) {
	t.Parallel()
	h := build(t, func(_ *Portal, s *api.Server) {
		s.Limits, s.Proxies = edge.NewLimits(0, 0, 1), []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	for visitor, want := range map[string]int{"203.0.113.1": http.StatusUnauthorized, "203.0.113.2": http.StatusUnauthorized} {
		b := h.browser()
		b.headers["X-Forwarded-For"] = visitor
		b.signIn("live_api_key_guess").want(t, want)
		b.signIn("live_api_key_guess").want(t, http.StatusTooManyRequests)
	}
}

// TestRevokedInBetween: a key that ends while a page is made leads to signing in, like one that ended before.
func TestRevokedInBetween(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	inner := h.portal.API
	h.portal.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.sql(`UPDATE api_keys SET revoked_at = now()`)
		inner.ServeHTTP(w, r)
	})
	b.get("/portal/webhooks").leads(t, "/portal/sign-in?next=%2Fportal%2Fwebhooks")
}

// TestTooFast: whoever asks for too many pages is told kindly.
func TestTooFast(t *testing.T) {
	t.Parallel()
	h := build(t, func(_ *Portal, s *api.Server) { s.Limits = edge.NewLimits(5, 0, 0) })
	b := h.member()
	var last shown
	for range 20 {
		if last = b.get("/portal/webhooks"); last.StatusCode != http.StatusOK {
			break
		}
	}
	last.want(t, http.StatusTooManyRequests).says(t, "A little too fast", "seconds")
	if last.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
}

// TestFormsOfThePortalHoldOnlyText: what no text can hold is refused, signed in or not.
func TestFormsOfThePortalHoldOnlyText(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	for _, bad := range []string{"\xff", "a\x00b", "\xc3("} {
		for _, path := range []string{"/portal/keys", "/portal/sign-in", "/portal/webhooks", "/portal/sign-out"} {
			for _, form := range []url.Values{{"csrf": {b.token()}, "name": {bad}}, {"csrf": {b.token()}, bad: {"x"}}} {
				b.do(http.MethodPost, path, form).want(t, http.StatusBadRequest).says(t, "not UTF-8")
			}
		}
	}
	b.get("/portal/keys").want(t, http.StatusOK) // still signed in
}
