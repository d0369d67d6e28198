package e2e_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// problemOf asks for a page as a program does.
func (s *linkShop) problemOf(t testing.TB, address string) answer {
	t.Helper()
	return s.visitor.get(t, address, "Accept", "application/json")
}

// TestClaimTokenRefusals goes through the table of what can be wrong with a visitor's link: page, status and code.
func TestClaimTokenRefusals(t *testing.T) {
	t.Parallel()
	s, other := newLinkShop(t, mornings, ""), newLinkShop(t, mornings, "")
	strict := s.bundle.linkShop(t, s.resource, mornings, `,"require_claim_token":true`)
	off := s.bundle.linkShop(t, s.resource, mornings, `,"enabled":false`)
	now := time.Now().Unix()
	own := func(changes map[string]any) string { return s.claimed(t, changes) }
	by := func(method jwt.SigningMethod, key any) string {
		claims := jwt.MapClaims{"iss": s.issuer, "iat": now, "exp": now + 60, "aud": "public_link", "jti": "x"}
		text, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s.path + "?claim_token=" + text
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	revoked := s.post(t, "/v2/embed_credentials", `{}`).want(t, http.StatusCreated)
	s.call(t, http.MethodDelete, "/v2/embed_credentials/"+revoked.str("data.id"), "").want(t, http.StatusNoContent)
	long := strings.Repeat("ä", 129)
	for name, c := range map[string]struct {
		address string
		status  int
		code    string
	}{
		"required":          {strict.path, 401, "claim_token_missing"},
		"required, empty":   {strict.path + "?claim_token=", 401, "claim_token_missing"},
		"no token at all":   {s.path + "?claim_token=hello", 400, "claim_token_malformed"},
		"two parts":         {s.path + "?claim_token=a.b", 400, "claim_token_malformed"},
		"no JSON":           {s.path + "?claim_token=YQ.YQ.YQ", 400, "claim_token_malformed"},
		"none":              {by(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), 401, "claim_token_algorithm"},
		"HS512":             {by(jwt.SigningMethodHS512, []byte(s.secret)), 401, "claim_token_algorithm"},
		"RS256":             {by(jwt.SigningMethodRS256, private), 401, "claim_token_algorithm"},
		"unknown issuer":    {own(map[string]any{"iss": "EMB_nobody"}), 401, "claim_token_invalid_signature"},
		"no issuer":         {own(map[string]any{"iss": nil}), 401, "claim_token_invalid_signature"},
		"revoked issuer":    {own(map[string]any{"iss": revoked.str("data.public_key")}), 401, "claim_token_invalid_signature"},
		"signature":         {by(jwt.SigningMethodHS256, []byte("ESK_guessed")), 401, "claim_token_invalid_signature"},
		"audience":          {own(map[string]any{"aud": "scheduler_embed"}), 401, "claim_token_wrong_audience"},
		"no audience":       {own(map[string]any{"aud": nil}), 401, "claim_token_wrong_audience"},
		"from the future":   {own(map[string]any{"iat": now + 300, "exp": now + 600}), 401, "claim_token_issued_in_future"},
		"no iat":            {own(map[string]any{"iat": nil}), 401, "claim_token_issued_in_future"},
		"iat is text":       {own(map[string]any{"iat": "now"}), 401, "claim_token_issued_in_future"},
		"expired":           {own(map[string]any{"iat": now - 200, "exp": now - 100}), 401, "token_expired"},
		"no exp":            {own(map[string]any{"exp": nil}), 401, "token_expired"},
		"five hours":        {own(map[string]any{"exp": now + 5*60*60}), 401, "claim_token_lifetime_too_long"},
		"no jti":            {own(map[string]any{"jti": nil}), 401, "claim_token_missing_jti"},
		"null in jti":       {own(map[string]any{"jti": "a\x00b"}), 401, "claim_token_missing_jti"},
		"empty jti":         {own(map[string]any{"jti": ""}), 401, "claim_token_missing_jti"},
		"another app's":     {s.path + "?claim_token=" + other.token(t, nil), 403, "claim_token_not_authorized_for_link"},
		"unknown link":      {"/pls/nothing", 404, "public_link_not_found"},
		"no code":           {"/pls/%00%ff'", 400, "malformed"},
		"disabled":          {off.path, 410, "public_link_disabled"},
		"long correlation":  {s.path + "?correlation_id=" + url.QueryEscape(long), 400, "invalid_parameter"},
		"long utm":          {own(nil) + "&utm_content=" + url.QueryEscape(long), 400, "invalid_parameter"},
		"null in utm":       {s.path + "?utm_term=a%00b", 400, "malformed"},
		"no text":           {s.path + "?utm_term=%ff", 400, "malformed"},
		"tampered visit":    {s.path + "?visit=AAAA", 401, "link_invalid"},
		"no visit":          {s.path + "?visit=%20", 401, "link_invalid"},
		"unknown request":   {"/rts/nothing", 404, "not_found"},
		"no request's file": {"/rts/nothing/event.ics", 404, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			s.problemOf(t, c.address).refused(t, c.status, c.code)
			page := s.visitor.get(t, c.address, "Accept", "text/html").want(t, c.status).says(t, c.code)
			if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || page.title() == "" || page.header.Get("Cache-Control") != "no-store" {
				t.Error(page.header, page.body)
			}
			s.visitor.call(t, http.MethodHead, c.address, "").want(t, c.status)
		})
	}
	exactly := url.QueryEscape(strings.Repeat("ä", 128))
	s.visitor.get(t, s.path+"?correlation_id="+exactly).want(t, http.StatusOK)
	if text := s.problemOf(t, s.path+"?utm_medium="+url.QueryEscape(long)).body; !strings.Contains(text, "utm_medium") {
		t.Error("it is not named: ", text)
	}
}

var anID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// TestIssuersCannotBeGuessed: a browser reads the same of an unknown issuer and of a wrong signature; only the log knows, and
// it has no token.
func TestIssuersCannotBeGuessed(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	unknown := s.token(t, map[string]any{"iss": "EMB_" + uuid.NewString()})
	forged := s.token(t, nil)
	forged = forged[:len(forged)-6] + "AAAAAA"
	var pages []answer
	for _, token := range []string{unknown, forged} {
		pages = append(pages, s.visitor.get(t, s.path+"?claim_token="+token).want(t, http.StatusUnauthorized))
	}
	if one, two := anID.ReplaceAllString(pages[0].body, ""), anID.ReplaceAllString(pages[1].body, ""); one != two {
		t.Errorf("%s\n%s", one, two)
	}
	log := s.log.String()
	for i, code := range []string{"claim_token_unknown_issuer", "claim_token_invalid_signature"} {
		id := anID.FindString(pages[i].words())
		line := regexp.MustCompile(`(?m)^.*a claim token was refused.*` + id + `.*$`).FindString(log)
		if !strings.Contains(line, code) || !strings.Contains(line, s.link) {
			t.Errorf("the log says %q", line)
		}
	}
	good := s.claimed(t, nil)
	s.take(t, s.arrive(t, good))
	for _, secret := range []string{unknown, forged, strings.TrimPrefix(good, s.path+"?claim_token="), s.secret, "marty@example.com"} {
		if strings.Contains(s.log.String(), secret[max(0, len(secret)-40):]) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// TestClaimTokenTolerances takes the tokens that Cronofy's own samples make, up to a booking.
func TestClaimTokenTolerances(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string]func(now float64) map[string]any{
		"fractions": func(now float64) map[string]any {
			return map[string]any{"iat": now + 0.123, "exp": now + 4*60*60 + 0.123}
		},
		"aud is a list": func(float64) map[string]any { return map[string]any{"aud": []string{"public_link"}} },
		"a second longer": func(now float64) map[string]any {
			return map[string]any{"iat": int64(now), "exp": int64(now) + 14401}
		},
		"a clock ahead": func(now float64) map[string]any {
			return map[string]any{"iat": int64(now) + 45, "exp": int64(now) + 600}
		},
		"uniqid": func(float64) map[string]any { return map[string]any{"jti": "5f3e1a2b4c6d7"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLinkShop(t, mornings, "")
			now := float64(time.Now().UnixMilli()) / 1000 // here: a parallel test may wait for minutes before it begins
			done := s.take(t, s.arrive(t, s.claimed(t, changes(now))))
			if !s.requestOf(t, done).Attributed {
				t.Error("the booking is nobody's")
			}
		})
	}
}

// TestWithoutAToken the page books, and the app hears of it as its own booking only.
func TestWithoutAToken(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	done := s.take(t, s.visitor.get(t, s.path+"?utm_source=poster").want(t, http.StatusOK))
	r := s.requestOf(t, done)
	if r.Attributed || asJSON(r.Metadata) != `{"utm_source":"poster"}` {
		t.Errorf("%+v", r)
	}
}

// TestPagesOfVisitorsAreClosed to caches, search engines, scripts, and frames but those of the app's own hosts.
func TestPagesOfVisitorsAreClosed(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"redirect_hosts":["example.com","shop.example.com:8443"]}`)
	s := b.linkShop(t, b.resource(t), mornings, "")
	page := s.visitor.get(t, s.path).want(t, http.StatusOK)
	done := s.take(t, page)
	form := s.visitor.get(t, page.slots(t)[1].href).want(t, http.StatusOK)
	view := s.visitor.get(t, done).want(t, http.StatusOK)
	for name, a := range map[string]answer{"picker": page, "form": form, "request": view, "error": s.visitor.get(t, "/pls/x")} {
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "X-Content-Type-Options": "nosniff",
		} {
			if got := a.header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if csp := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", name, csp)
		}
		if len(a.header.Values("Set-Cookie")) > 0 || strings.Contains(a.body, "http://") || strings.Contains(a.body, "https://") {
			t.Errorf("%s names another place, or sets a cookie", name)
		}
		if strings.Contains(a.body, "<script") != (name == "picker") {
			t.Errorf("%s: scripts", name)
		}
	}
	if csp := page.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors https://example.com https://shop.example.com:8443;") ||
		!strings.Contains(csp, "script-src 'sha256-") || page.header.Get("X-Frame-Options") != "" {
		t.Error(page.header)
	}
	if csp := view.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || view.header.Get("X-Frame-Options") != "DENY" {
		t.Error(view.header)
	}
	alone := newLinkShop(t, mornings, "")
	if csp := alone.visitor.get(t, alone.path).header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Error(csp)
	}
}

// changes finds when the clocks of a zone are put forward and back in the coming year.
func changes(t testing.TB, zone string) (spring, autumn time.Time) {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Hour)
	for at := now.Add(48 * time.Hour); at.Before(now.AddDate(0, 0, 360)); at = at.Add(time.Hour) {
		_, before := at.Add(-time.Hour).In(place).Zone()
		switch _, after := at.In(place).Zone(); {
		case after > before:
			spring = at
		case after < before:
			autumn = at
		}
	}
	return spring, autumn
}

// TestClocksChange looks at the days on which the visitor's clocks are put forward and back: 23 hours and 25, each once, and each
// that shows twice says which it is. The second of them is booked.
func TestClocksChange(t *testing.T) {
	t.Parallel()
	const allDay = `,"availability":{"length":"1 hour"}`
	for _, zone := range []string{"Europe/Berlin", "America/New_York"} {
		s := newLinkShop(t, allDay, `,"horizon_days":366`)
		spring, autumn := changes(t, zone)
		for at, want := range map[time.Time]int{spring: 23, autumn: 25} {
			day := clock(t, zone, at)[:10]
			page := s.visitor.get(t, s.path+"?tz="+zone+"&from="+day).want(t, http.StatusOK)
			var shown []shownSlot
			for _, one := range page.slots(t) {
				if clock(t, zone, one.at)[:10] == day {
					shown = append(shown, one)
				}
			}
			seen := map[string]bool{}
			for i, one := range shown {
				if seen[one.text] || i > 0 && one.at.Sub(shown[i-1].at) != time.Hour || !strings.HasPrefix(one.text, clock(t, zone, one.at)[11:]) {
					t.Errorf("%s, %s: %s is shown as %s", zone, day, one.at, one.text)
				}
				seen[one.text] = true
			}
			if len(shown) != want {
				t.Errorf("%s, %s: %d times", zone, day, len(shown))
			}
			if want == 25 {
				s.bookSecondPass(t, zone, shown)
			}
		}
	}
}

func (s *linkShop) bookSecondPass(t testing.TB, zone string, shown []shownSlot) {
	t.Helper()
	var twice []shownSlot
	for _, one := range shown {
		if strings.Contains(one.text, "(") {
			twice = append(twice, one)
		}
	}
	if len(twice) != 2 {
		t.Fatalf("%v", twice)
	}
	form := s.visitor.get(t, twice[1].href).want(t, http.StatusOK).says(t, twice[1].text)
	done := s.visitor.submit(t, s.path, form.form(marty)).want(t, http.StatusSeeOther).header.Get("Location")
	s.visitor.get(t, done).want(t, http.StatusOK).says(t, twice[1].text)
	made := s.bookings(t)
	if start, _ := time.Parse(time.RFC3339, made.str("data.0.event.start")); !start.Equal(twice[1].at) {
		t.Errorf("%s: booked is %s, picked was %s", zone, start, twice[1].at)
	}
	again := s.visitor.get(t, s.path+"?tz="+zone+"&from="+clock(t, zone, twice[0].at)[:10])
	if first := fmt.Sprint(again.slots(t)); !strings.Contains(first, twice[0].text) || strings.Contains(first, twice[1].text) {
		t.Errorf("%s: afterwards %s", zone, first)
	}
}

// TestZonesOfVisitors shows times for the zone that is asked for, or else for the resource's, and says so.
func TestZonesOfVisitors(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	for asked, want := range map[string]string{
		"": "Europe/Berlin", "Nowhere/Land": "Europe/Berlin", "../etc": "Europe/Berlin", "Asia/Tokyo": "Asia/Tokyo", "Asia/Calcutta": "Asia/Calcutta", "UTC": "UTC",
	} {
		page := s.visitor.get(t, s.path+"?tz="+url.QueryEscape(asked)).want(t, http.StatusOK)
		first := page.first(t)
		if got := clock(t, want, first.at)[11:]; got != first.text || !strings.Contains(page.body, `<option value="`+want+`" selected>`) {
			t.Errorf("%q: %s is shown as %s", asked, got, first.text)
		}
	}
}

// TestWeeksWithoutTimes say where the next one is.
func TestWeeksWithoutTimes(t *testing.T) {
	t.Parallel()
	later := time.Now().AddDate(0, 0, 40).Format(time.DateOnly)
	offer := fmt.Sprintf(`,"availability":{"length":"1 hour"},"availability_constraints":[{"allow_period":{"start":%q,"end":%q}}]`,
		later+"T08:00:00Z", later+"T10:00:00Z")
	s := newLinkShop(t, offer, `,"horizon_days":60`)
	page := s.visitor.get(t, s.path).want(t, http.StatusOK).says(t, "There are no free times in this week.")
	next := s.visitor.get(t, page.leads(t, "Next free: ")).want(t, http.StatusOK)
	if got := next.first(t).at.UTC().Format(time.RFC3339); got != later+"T08:00:00Z" {
		t.Error(got)
	}
	back := s.visitor.get(t, next.leads(t, "Earlier")).want(t, http.StatusOK)
	s.visitor.get(t, back.leads(t, "Later")).want(t, http.StatusOK).first(t)
	none := newLinkShop(t, offer, `,"horizon_days":30`)
	none.visitor.get(t, none.path).want(t, http.StatusOK).says(t, "Please look again another day.")
}
