package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// publicLink makes a public link of a project of its own.
func (b *bundle) publicLink(t testing.TB, more string) answer {
	t.Helper()
	project := b.project(t, "Talk", "", b.resource(t)).str("data.id")
	return b.post(t, "/v2/public_links", fmt.Sprintf(`{"project_id":%q,"title":"Talk to us"%s}`, project, more)).want(t, http.StatusCreated)
}

// embedKeys makes an embed credential.
func (b *bundle) embedKeys(t testing.TB, body string) (made answer, keys embedKeys) {
	t.Helper()
	made = b.post(t, "/v2/embed_credentials", body).want(t, http.StatusCreated)
	return made, embedKeys{made.str("data.public_key"), made.str("data.secret")}
}

type embedKeys struct{ public, secret string }

// sign makes a JWT of any header and claims.
func (e embedKeys) sign(header, claims string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	mac := hmac.New(sha256.New, []byte(e.secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

const hs256 = `{"alg":"HS256","typ":"JWT"}`

// claim makes a good claim token.
func (e embedKeys) claim() string {
	now := time.Now().Unix()
	return e.sign(hs256, fmt.Sprintf(`{"iss":%q,"iat":%d,"exp":%d,"aud":"public_link","jti":%q}`, e.public, now, now+4*60*60, uuid.NewString()))
}

func TestPublicLinksByAPI(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	made := b.publicLink(t, `,"questions":[{"name":"notes","label":" Notes "}]`)
	path := "/v2/public_links/" + made.str("data.id")
	if made.header.Get("Location") != path {
		t.Errorf("Location %s", made.header.Get("Location"))
	}
	made.same(t, "data.url", b.api+"/pls/"+made.str("data.code"))
	for field, want := range map[string]string{
		"title": "Talk to us", "description": "", "duration": "<nil>", "horizon_days": "14", "require_claim_token": "false", "enabled": "true",
		"questions": "[map[label:Notes name:notes required:false type:text]]",
	} {
		made.same(t, "data."+field, want)
	}
	if code := made.str("data.code"); len(code) != 22 {
		t.Errorf("the code %q could be guessed", code)
	}
	if got := b.get(t, path).want(t, http.StatusOK); got.body != made.body {
		t.Errorf("%s\n%s", got.body, made.body)
	}
	changed := b.put(t, path, `{"duration":45,"enabled":false,"code":"mine","questions":[]}`).want(t, http.StatusOK)
	for field, want := range map[string]string{
		"title": "Talk to us", "duration": "45", "enabled": "false", "questions": "[]", "code": made.str("data.code"),
	} {
		changed.same(t, "data."+field, want)
	}
	b.put(t, path, `{"duration":null,"enabled":true}`).want(t, http.StatusOK).same(t, "data.duration", "<nil>")

	other.get(t, path).refused(t, http.StatusNotFound, "not_found")
	other.put(t, path, `{"title":"Stolen"}`).refused(t, http.StatusNotFound, "not_found")
	other.call(t, http.MethodDelete, path, "").refused(t, http.StatusNotFound, "not_found")
	other.post(t, path+"/check", `{"claim_token":"x"}`).refused(t, http.StatusNotFound, "not_found")
	none := other.get(t, "/v2/public_links").want(t, http.StatusOK)
	none.same(t, "data", "[]")
	none.same(t, "total", "0")
	foreign := other.project(t, "Theirs", "").str("data.id")
	b.put(t, path, fmt.Sprintf(`{"project_id":%q}`, foreign)).blames(t, "project_id")
	b.get(t, "/v2/public_links").want(t, http.StatusOK).same(t, "data.0.title", "Talk to us")
	b.call(t, http.MethodDelete, path, "").want(t, http.StatusNoContent)
	b.get(t, path).refused(t, http.StatusNotFound, "not_found")
}

// blames fails the test unless an answer says that these fields are wrong, and no others.
func (a answer) blames(t testing.TB, fields ...string) {
	t.Helper()
	a.refused(t, http.StatusUnprocessableEntity, "invalid")
	faults, _ := a.at("errors").(map[string]any)
	for _, field := range fields {
		if faults[field] == nil {
			t.Errorf("%s is not blamed: %s", field, a.body)
		}
	}
	if len(faults) != len(fields) {
		t.Errorf("%d fields are blamed, want %d: %s", len(faults), len(fields), a.body)
	}
}

func TestWhatAPublicLinkMayNotBe(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	path := "/v2/public_links/" + b.publicLink(t, "").str("data.id")
	b.post(t, "/v2/public_links", `{}`).blames(t, "project_id", "title")
	b.post(t, "/v2/public_links", `{"title":"x","project_id":"mine"}`).blames(t, "project_id")
	long, sessions := strings.Repeat("ü", 201), b.project(t, "Yoga", `,"booking":{"graph":"group_customer"}`).str("data.id")
	question := func(name, label, kind string) string {
		return fmt.Sprintf(`{"questions":[{"name":"fine","label":"Fine"},{"name":%q,"label":%q,"type":%q}]}`, name, label, kind)
	}
	for body, field := range map[string]string{
		`{"title":" "}`: "title", fmt.Sprintf(`{"title":%q}`, long): "title", `{"title":7}`: "title",
		fmt.Sprintf(`{"description":%q}`, strings.Repeat("x", 20_001)): "description",
		`{"duration":0}`: "duration", `{"duration":1441}`: "duration", `{"duration":"long"}`: "duration",
		`{"horizon_days":0}`: "horizon_days", `{"horizon_days":367}`: "horizon_days",
		`{"project_id":""}`: "project_id", `{"project_id":"01a1fc0b-5545-746e-98da-000000000000"}`: "project_id",
		question("Notes", "x", "text"): "questions", question("fine", "x", "text"): "questions", question("email", "x", "text"): "questions",
		question("notes", "", "text"): "questions", question("notes", long, "text"): "questions", question("notes", "x", "file"): "questions",
		question("phone", "x", "checkbox"): "questions", fmt.Sprintf(`{"project_id":%q}`, sessions): "project_id",
		`{"questions":[` + strings.TrimSuffix(strings.Repeat(`{"name":"n","label":"N"},`, 21), ",") + `]}`: "questions",
	} {
		b.put(t, path, body).blames(t, field)
	}
	b.put(t, path, fmt.Sprintf(`{"title":%q,"description":%q}`, long[:400], strings.Repeat("x", 20_000))).want(t, http.StatusOK)
	b.put(t, path, question("notes", long[:400], "TEL")).want(t, http.StatusOK).same(t, "data.questions.1.type", "tel")
}

// TestClaimTokensAreChecked has every code that a claim token can be refused with.
func TestClaimTokensAreChecked(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	link := "/v2/public_links/" + b.publicLink(t, "").str("data.id")
	_, keys := b.embedKeys(t, "")
	_, foreign := other.embedKeys(t, "")
	revoked, ended := b.embedKeys(t, "")
	b.call(t, http.MethodDelete, "/v2/embed_credentials/"+revoked.str("data.id"), "").want(t, http.StatusNoContent)
	now := time.Now().Unix()
	claims := func(iat, exp int64, aud, jti string) string {
		return fmt.Sprintf(`{"iss":%q,"iat":%d,"exp":%d,"aud":%q,"jti":%q}`, keys.public, iat, exp, aud, jti)
	}
	good := claims(now, now+600, "public_link", "one")
	for name, c := range map[string]struct {
		token  string
		status int
		code   string
	}{
		"none":              {"", http.StatusUnauthorized, "claim_token_missing"},
		"no token":          {"hello", http.StatusBadRequest, "claim_token_malformed"},
		"another algorithm": {keys.sign(`{"alg":"HS512"}`, good), http.StatusUnauthorized, "claim_token_algorithm"},
		"no algorithm":      {strings.TrimRight(keys.sign(`{"alg":"none"}`, good), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), http.StatusUnauthorized, "claim_token_algorithm"},
		"nobody's":          {embedKeys{"EMB_x", keys.secret}.claim(), http.StatusUnauthorized, "claim_token_unknown_issuer"},
		"a revoked one":     {ended.claim(), http.StatusUnauthorized, "claim_token_unknown_issuer"},
		"a foreign secret":  {embedKeys{keys.public, foreign.secret}.claim(), http.StatusUnauthorized, "claim_token_invalid_signature"},
		"for the embed":     {keys.sign(hs256, claims(now, now+600, "scheduler_embed", "one")), http.StatusUnauthorized, "claim_token_wrong_audience"},
		"from tomorrow":     {keys.sign(hs256, claims(now+90, now+600, "public_link", "one")), http.StatusUnauthorized, "claim_token_issued_in_future"},
		"of yesterday":      {keys.sign(hs256, claims(now-600, now-1, "public_link", "one")), http.StatusUnauthorized, "token_expired"},
		"for five hours":    {keys.sign(hs256, claims(now, now+5*60*60, "public_link", "one")), http.StatusUnauthorized, "claim_token_lifetime_too_long"},
		"without a jti":     {keys.sign(hs256, claims(now, now+600, "public_link", "")), http.StatusUnauthorized, "claim_token_missing_jti"},
		"another app's":     {foreign.claim(), http.StatusForbidden, "claim_token_not_authorized_for_link"},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: the link is closed after them
			a := b.post(t, link+"/check", fmt.Sprintf(`{"claim_token":%q}`, c.token)).refused(t, c.status, c.code)
			a.promised(t, http.MethodPost, link+"/check")
			if c.token != "" && strings.Contains(a.body, c.token) {
				t.Error("the answer repeats the token")
			}
		})
	}
	for range 2 { // looking spends nothing
		a := b.post(t, link+"/check", fmt.Sprintf(`{"claim_token":%q}`, keys.sign(hs256, good))).want(t, http.StatusOK)
		a.promised(t, http.MethodPost, link+"/check")
		a.same(t, "data.issuer", keys.public)
		a.same(t, "data.jti", "one")
		a.same(t, "data.spent", "false")
		a.same(t, "data.expires_at", time.Unix(now+600, 0).UTC().Format(time.RFC3339))
	}
	b.put(t, link, `{"enabled":false}`).want(t, http.StatusOK)
	b.post(t, link+"/check", fmt.Sprintf(`{"claim_token":%q}`, keys.claim())).refused(t, http.StatusGone, "public_link_disabled")
}
