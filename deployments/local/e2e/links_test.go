package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const oneClick = `{"action_links":"one_click","redirect_hosts":["example.com"]}`

// byHand signs a payload as the documents describe it, without any library.
func byHand(payload, key string) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	signed := part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(payload)
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func payload(id, action, more string) string {
	return fmt.Sprintf(`{"booking_id":%q,"action":%q%s}`, id, action, more)
}

func linkPath(id, action, token string, redirect ...string) string {
	path := "/v2/bookings/" + id + "/external_action/" + action + "?signature=" + token
	for _, r := range redirect {
		path += "&redirect=" + url.QueryEscape(r)
	}
	return path
}

func (b *bundle) anonymous() *bundle {
	c := *b
	c.key = ""
	return &c
}

func TestOneClickLinks(t *testing.T) {
	t.Parallel()
	b := tenant(t, oneClick)
	resource, visitor := b.resource(t), b.anonymous()
	id := b.book(t, resource, "confirm_decline", 9)
	path := linkPath(id, "confirm", byHand(payload(id, "confirm", ""), b.key), "https://example.com/thanks?x=1")
	for _, header := range [][]string{{"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"}, {"X-Moz", "prefetch"}} {
		visitor.get(t, path, header...).want(t, http.StatusOK)
	}
	visitor.call(t, http.MethodHead, path, "").want(t, http.StatusOK)
	visitor.call(t, http.MethodOptions, path, "").want(t, http.StatusNoContent)
	if got := b.state(t, id); got != "tentative" {
		t.Fatalf("a look has changed it to %s", got)
	}
	sent := visitor.get(t, path).want(t, http.StatusFound)
	if got := sent.header.Get("Location"); got != "https://example.com/thanks?x=1" {
		t.Errorf("sent to %s", got)
	}
	if got := b.state(t, id); got != "confirmed" {
		t.Errorf("state %s", got)
	}
	log := b.get(t, "/v2/bookings/"+id+"?include=logs")
	if log.str("data.logs.1.actor") != "owner_link" || log.str("data.logs.1.channel") != "link" {
		t.Error(log.body)
	}
	visitor.get(t, path).want(t, http.StatusConflict)
	visitor.get(t, path, "Accept", "application/json").refused(t, http.StatusConflict, "link_used")
}

func TestConfirmPageLinks(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"redirect_hosts":["example.com"]}`)
	visitor := b.anonymous()
	id := b.book(t, b.resource(t), "instant", 9)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"booking_id": id, "action": "cancel"}).SignedString([]byte(b.key))
	if err != nil {
		t.Fatal(err)
	}
	path := linkPath(id, "cancel", token, "https://example.com/bye")
	page := visitor.get(t, path).want(t, http.StatusOK)
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "X-Content-Type-Options": "nosniff",
	} {
		if got := page.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	csp := page.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "form-action 'self' https://example.com") {
		t.Error(csp)
	}
	if page.says(t, "Marty McFly", "Haircut", "Chair one"); strings.Contains(page.body, "marty@") { // it is the owner's link
		t.Error("the page has the customer's address")
	}
	if !strings.Contains(page.body, "<button") || b.state(t, id) != "confirmed" {
		t.Error("GET must show a button and change nothing")
	}
	visitor.call(t, http.MethodPost, path, "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden)
	sent := visitor.post(t, path, "").want(t, http.StatusSeeOther)
	if sent.header.Get("Location") != "https://example.com/bye" || b.state(t, id) != "cancelled" {
		t.Errorf("%v, %s", sent.header, b.state(t, id))
	}
	visitor.post(t, path, "").want(t, http.StatusConflict)
}

func TestLinksThatMustNotAct(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, oneClick), tenant(t, oneClick)
	visitor := b.anonymous()
	id := b.book(t, b.resource(t), "instant", 9)
	widget := b.post(t, "/v2/keys", `{"kind":"widget"}`).want(t, http.StatusCreated).str("data.key")
	revoked := b.post(t, "/v2/keys", `{"kind":"server"}`).want(t, http.StatusCreated)
	b.call(t, http.MethodDelete, "/v2/keys/"+revoked.str("data.id"), "").want(t, http.StatusNoContent)
	good := byHand(payload(id, "cancel", ""), b.key)
	for name, c := range map[string]struct {
		path   string
		status int
		code   string
	}{
		"no signature":        {"/v2/bookings/" + id + "/external_action/cancel", http.StatusUnauthorized, "link_invalid"},
		"another key":         {linkPath(id, "cancel", byHand(payload(id, "cancel", ""), "nonsense")), http.StatusUnauthorized, "link_invalid"},
		"another app":         {linkPath(id, "cancel", byHand(payload(id, "cancel", ""), other.key)), http.StatusUnauthorized, "link_invalid"},
		"a widget key":        {linkPath(id, "cancel", byHand(payload(id, "cancel", ""), widget)), http.StatusUnauthorized, "link_invalid"},
		"a revoked key":       {linkPath(id, "cancel", byHand(payload(id, "cancel", ""), revoked.str("data.key"))), http.StatusUnauthorized, "link_invalid"},
		"path says complete":  {linkPath(id, "complete", good), http.StatusUnauthorized, "link_invalid"},
		"another booking":     {linkPath(b.book(t, b.resource(t), "instant", 9), "cancel", good), http.StatusUnauthorized, "link_invalid"},
		"unknown booking":     {linkPath("01a1fc0b-5545-746e-98da-000000000000", "cancel", good), http.StatusNotFound, "not_found"},
		"no UUID":             {linkPath("17", "cancel", good), http.StatusNotFound, "not_found"},
		"expired":             {linkPath(id, "cancel", byHand(payload(id, "cancel", `,"exp":1700000000`), b.key)), http.StatusGone, "link_expired"},
		"not available":       {linkPath(id, "confirm", byHand(payload(id, "confirm", ""), b.key)), http.StatusUnprocessableEntity, "action_not_available"},
		"not open to links":   {linkPath(id, "nonsense", byHand(payload(id, "nonsense", ""), b.key)), http.StatusUnprocessableEntity, "action_not_available"},
		"a flipped signature": {linkPath(id, "cancel", good[:len(good)-2]+"AA"), http.StatusUnauthorized, "link_invalid"},
		"very long":           {linkPath(id, "cancel", strings.Repeat("a", 3000)), http.StatusUnauthorized, "link_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				visitor.call(t, method, c.path, "", "Accept", "application/json").refused(t, c.status, c.code)
				page := visitor.call(t, method, c.path, "", "Accept", "text/html").want(t, c.status)
				if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || strings.Contains(page.body, "Marty") {
					t.Error(page.body)
				}
			}
		})
	}
	if got := b.state(t, id); got != "confirmed" {
		t.Errorf("one of them acted: %s", got)
	}
}

func TestRedirectsStayHome(t *testing.T) {
	t.Parallel()
	b := tenant(t, oneClick)
	resource, visitor := b.resource(t), b.anonymous()
	for hour, evil := range []string{"https://evil.example/", "javascript:alert(1)", "//evil.example", "https://example.com@evil.example/", "http://example.com/"} {
		id := b.book(t, resource, "instant", hour)
		page := visitor.get(t, linkPath(id, "cancel", byHand(payload(id, "cancel", ""), b.key), evil)).want(t, http.StatusOK)
		if page.header.Get("Location") != "" || strings.Contains(page.body, "javascript:") || b.state(t, id) != "cancelled" {
			t.Errorf("%s: %s", evil, page.body)
		}
		if evil == "https://evil.example/" && (!strings.Contains(page.body, evil) || strings.Contains(page.body, `href="`+evil)) {
			t.Error("the address is not shown as text, or as a link")
		}
	}
	id := b.book(t, resource, "instant", 20)
	signed := byHand(payload(id, "cancel", `,"redirect":"https://signed.example/ok"`), b.key)
	sent := visitor.get(t, linkPath(id, "cancel", signed)).want(t, http.StatusFound)
	if sent.header.Get("Location") != "https://signed.example/ok" {
		t.Error(sent.header)
	}
}

// TestARefusedLinkIsGivenBack: a confirm that lost its slot may be clicked again when the slot is free.
func TestARefusedLinkIsGivenBack(t *testing.T) {
	t.Parallel()
	b := tenant(t, oneClick)
	resource, visitor := b.resource(t), b.anonymous()
	taken := b.book(t, resource, "instant", 9)
	id := b.book(t, resource, "confirm_decline", 9)
	path := linkPath(id, "confirm", byHand(payload(id, "confirm", ""), b.key))
	visitor.get(t, path).want(t, http.StatusConflict)
	b.put(t, "/v2/bookings/"+taken+"/cancel", "").want(t, http.StatusOK)
	visitor.get(t, path).want(t, http.StatusOK)
	if got := b.state(t, id); got != "confirmed" {
		t.Errorf("state %s", got)
	}
}

func TestManyClicksActOnce(t *testing.T) {
	t.Parallel()
	b := tenant(t, oneClick)
	visitor := b.anonymous()
	id := b.book(t, b.resource(t), "confirm_decline", 9)
	path := linkPath(id, "confirm", byHand(payload(id, "confirm", `,"jti":"one"`), b.key))
	var mu sync.Mutex
	count := map[int]int{}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			a, err := visitor.try(t.Context(), http.MethodGet, path, "")
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			count[a.status]++
		})
	}
	all.Wait()
	if count[http.StatusOK] != 1 || count[http.StatusConflict] != 19 {
		t.Errorf("answers %v, want one 200 and 19 409", count)
	}
	if log := b.get(t, "/v2/bookings/"+id+"?include=logs"); log.str("data.logs.1.seq") != "2" || log.str("data.logs.2.seq") != "" {
		t.Error(log.body)
	}
}

func TestLinksWeMake(t *testing.T) {
	t.Parallel()
	b := tenant(t, oneClick)
	visitor := b.anonymous()
	id := b.book(t, b.resource(t), "instant", 9)
	get := func() string {
		return b.get(t, "/v2/bookings/"+id+"?include=customer_action_links").str("data.customer_action_links.cancel_by_customer")
	}
	link := get()
	if link == "" || link != get() {
		t.Fatalf("%q is not stable", link)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := jwt.NewParser().ParseUnverified(u.Query().Get("signature"), jwt.MapClaims{})
	if err != nil || token.Header["kid"] == nil {
		t.Fatalf("%v %v", token, err)
	}
	if exp, err := token.Claims.GetExpirationTime(); err != nil || !exp.Equal(time.Date(2030, 12, 1, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("expires %v, want the booking's end", exp)
	}
	visitor.get(t, link).want(t, http.StatusOK)
	log := b.get(t, "/v2/bookings/"+id+"?include=logs,customer_action_links")
	if log.str("data.state") != "cancelled_by_customer" || log.str("data.logs.1.actor") != "customer_link" || log.str("data.customer_action_links.cancel_by_customer") != "" {
		t.Error(log.body)
	}
}
