package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestForeignForms(t *testing.T) {
	t.Parallel()
	h := build(t)
	b, other := h.member(), h.member()
	body := func(token string) url.Values {
		return url.Values{"csrf": {token}, "name": {"mine"}, "kind": {"server"}}
	}
	keys := func() int { return strings.Count(b.get("/portal/keys").text, "data-label=\"Name\"") }
	before := keys()
	good := b.token()
	for name, token := range map[string]string{
		"none": "", "another session's": other.token(), "the first half": good[:20], "one character more": good + "A", "guessed": strings.Repeat("A", len(good)),
		"the session's own": b.cookies["holdfast_portal"].Value,
	} {
		b.do(http.MethodPost, "/portal/keys", body(token)).want(t, http.StatusForbidden).says(t, "not sent from a page of your session")
		if keys() != before {
			t.Fatalf("token %s: a key was made", name)
		}
	}
	b.do(http.MethodPost, "/portal/keys?csrf="+good, url.Values{"kind": {"server"}}).want(t, http.StatusForbidden) // addresses get about
	for _, headers := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
	} {
		b.headers = headers
		for _, path := range []string{"/portal/keys", "/portal/sign-in", "/portal/sign-out"} {
			b.do(http.MethodPost, path, body(good)).want(t, http.StatusForbidden)
		}
	}
	b.headers = map[string]string{"Origin": "http://example.com"} // as httptest calls this server
	if keys() != before {
		t.Fatal("a key was made for another site")
	}
	b.do(http.MethodPost, "/portal/keys", body(good)).want(t, http.StatusCreated)
}

// TestEveryFormAsksForItsToken walks the table: no form of a session is taken without one.
func TestEveryFormAsksForItsToken(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	forms := 0
	for pattern := range pages {
		method, path, _ := strings.Cut(pattern, " ")
		if method != http.MethodPost {
			continue
		}
		forms++
		path = strings.NewReplacer("{id}", "018f0000-0000-7000-8000-000000000000", "{action}", "confirm").Replace(path)
		b.do(http.MethodPost, path, url.Values{}).want(t, http.StatusForbidden)
		h.browser().do(http.MethodPost, path, url.Values{}).leads(t, "/portal/sign-in")
	}
	if forms < 12 {
		t.Errorf("only %d forms", forms)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	for _, path := range []string{"/portal/webhooks", "/portal/keys", "/portal/nowhere", "/portal/webhooks/018f0000-0000-7000-8000-000000000000", "/portal/sign-in"} {
		header := b.get(path).Header
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		csp := header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self' data:", "form-action 'self'", "frame-ancestors 'none'",
			"base-uri 'none'", "connect-src 'self'",
		} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy lacks %s: %s", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", path, header)
		}
	}
}

// TestAssets may be kept for good, under a name that changes with what is in them. A page has nothing of its own to run.
func TestAssets(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.browser()
	page := b.get("/portal/sign-in")
	for path, kind := range map[string]string{stylePath: "text/css; charset=utf-8", scriptPath: "text/javascript; charset=utf-8"} {
		page.says(t, path)
		got := b.get(path).want(t, http.StatusOK)
		if got.Header.Get("Content-Type") != kind || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v", path, got.Header)
		}
	}
	b.get("/portal/assets/portal.js").want(t, http.StatusNotFound)
	b.get("/portal/assets/..%2fportal.go").want(t, http.StatusNotFound)
	for _, inline := range []string{"<style", "style=", "onclick", "onload", "<script>", "//cdn"} {
		if strings.Contains(page.text, inline) {
			t.Errorf("the page has %s", inline)
		}
	}
}

// TestTooMuch: a form has the bound of every body.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	huge := strings.Repeat("x", 1<<20)
	b.send("/portal/keys", "name", huge).want(t, http.StatusRequestEntityTooLarge).says(t, "more than a form may hold")
	h.browser().signIn(huge).want(t, http.StatusRequestEntityTooLarge)
}

// TestAGraphNobodyKnows does not hide its bookings.
func TestAGraphNobodyKnows(t *testing.T) {
	t.Parallel()
	h := build(t)
	booked := h.book("Ada")
	h.sql(`UPDATE bookings SET graph = 'of_another_build'`)
	page := h.member().get("/portal/bookings/"+booked.ID.String()).want(t, http.StatusOK).says(t, "of another build", "Ada")
	if strings.Contains(page.text, "drawing.svg") {
		t.Error("it shows a drawing that there is not")
	}
}

func TestNothingThere(t *testing.T) {
	t.Parallel()
	h := build(t)
	other, otherKey := h.tenant("other")
	stranger := h.browser()
	stranger.signIn(otherKey)
	booked := h.book("Ada")
	b := h.member()
	b.get("/portal/bookings/"+booked.ID.String()).want(t, http.StatusOK)
	for _, path := range []string{
		"/portal/nowhere", "/portal/webhooks/x", "/portal/webhooks/018f0000-0000-7000-8000-000000000000/edit", "/portal/bookings/nonsense",
		"/portal/keys/018f0000-0000-7000-8000-000000000000/revoke", "/portal/graphs/nonsense/drawing.svg", "/portal/webhooks/..%2f..%2fapp",
	} {
		b.get(path).want(t, http.StatusNotFound).says(t, "Not here", "/portal/webhooks")
	}
	inner, reached := h.portal.API, ""
	h.portal.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached = r.URL.Path
		inner.ServeHTTP(w, r)
	})
	for _, path := range []string{
		"/portal/bookings/" + booked.ID.String() + "%2Fcancel", "/portal/webhooks/..%2Fapp", "/portal/webhooks/%2e%2e", "/portal/graphs/x%3Fy/drawing.svg",
	} {
		if b.get(path).want(t, http.StatusNotFound); reached != "" {
			t.Errorf("%s leads to %s", path, reached)
		}
	}
	h.portal.API = inner
	for _, path := range []string{"", "/drawing.svg"} {
		stranger.get("/portal/bookings/"+booked.ID.String()+path).want(t, http.StatusNotFound)
	}
	stranger.get("/portal/webhooks").says(t, other.Name)
}

// TestNothingIsRun: what customers and colleagues write is shown as it is written.
func TestNothingIsRun(t *testing.T) {
	t.Parallel()
	const nasty = `<script>alert('x')</script>"><img src=x onerror=alert(1)>`
	h := build(t)
	booked := h.book(nasty)
	b := h.member()
	b.send("/portal/keys", "kind", "widget", "name", nasty).want(t, http.StatusCreated)
	for _, path := range []string{
		"/portal/bookings", "/portal/bookings/" + booked.ID.String(), "/portal/keys", "/portal/bookings?q=" + url.QueryEscape(nasty),
		"/portal/webhooks?said=" + url.QueryEscape(nasty), "/portal/webhooks?replayed=" + url.QueryEscape(nasty),
	} {
		page := b.get(path)
		if strings.Contains(page.text, "<script>") || strings.Contains(page.text, "<img src=x") {
			t.Errorf("%s lets it run: %s", path, page.text)
		}
	}
	b.get("/portal/bookings").says(t, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;")
	h.browser().do(http.MethodPost, "/portal/sign-in", url.Values{"key": {nasty}, "next": {nasty}}).says(t, "&lt;script&gt;")
}

// TestInnerCallsAreOneRequest: a page is one line in the log and one place in the metrics, whatever it asked for.
func TestInnerCallsAreOneRequest(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	h.log.Reset()
	b.headers["X-Request-Id"] = "one-request"
	b.get("/portal/webhooks").want(t, http.StatusOK)
	lines := strings.Split(strings.TrimSpace(h.log.String()), "\n")
	info := 0
	for _, line := range lines {
		if !strings.Contains(line, "request_id=one-request") {
			t.Errorf("another request: %s", line)
		}
		if strings.Contains(line, "level=INFO") {
			info++
		}
	}
	if info != 1 || len(lines) < 2 {
		t.Errorf("want one line, and the calls behind it at debug level:\n%s", h.log)
	}
	operator := h.browser()
	operator.headers["Authorization"] = "Bearer the-admin-key-of-these-tests"
	metrics := operator.get("/metrics").text
	if !strings.Contains(metrics, `route="/portal/webhooks"`) || strings.Contains(metrics, `route="/v2/webhooks"`) {
		t.Error("the metrics count the calls behind the page")
	}
}
