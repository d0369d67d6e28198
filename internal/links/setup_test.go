package links

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"holdfast/internal/fault"
)

const (
	testApp     = "0190c0de-0000-7000-8000-000000000001"
	otherApp    = "0190c0de-0000-7000-8000-000000000002"
	testBooking = "95b8c686-48b3-47af-b966-d64a6f726165"
	testAPIKey  = "live_api_key_7nzvc7wsBQQISLeFSVhROys9V1bUJ1z7"
	otherAPIKey = "live_api_key_2Zq8XU0oVfYw5sTn1LrKc7dJ3hG6mBpE"

	plainHeader  = `{"alg":"HS256","typ":"JWT"}`
	ownHeader    = `{"alg":"HS256","kid":"hf1","typ":"JWT"}`
	plainPayload = `{"booking_id":"` + testBooking + `","action":"cancel"}`
)

// testNow is the clock of all tests: 2026-11-21T00:00:00Z.
var testNow = time.Unix(1795219200, 0).UTC()

// ownPayload is what Sign writes for a cancel link of the test booking, valid for a week.
const ownPayload = `{"action":"cancel","aud":"action-link","booking_id":"` + testBooking +
	`","exp":1795824000,"iat":1795219200,"jti":"MFRGGZDFMZTWQ2LKNNWG23TPOA"}`

// testMaster is 00 01 02 … 1f.
func testMaster() []byte {
	master := make([]byte, 32)
	for i := range master {
		master[i] = byte(i)
	}
	return master
}

func testKeyring(t testing.TB) *Keyring {
	t.Helper()
	ring, err := NewKeyring(testMaster())
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func encoded(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// handMade signs a token without any JWT library.
func handMade(header, payload, key string) string {
	signed := encoded(header) + "." + encoded(payload)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + encoded(string(mac.Sum(nil)))
}

// ownKey is the derived key of an app, as text.
func ownKey(t testing.TB, kid, appID string) string {
	t.Helper()
	key, err := testKeyring(t).key(kid, appID)
	if err != nil {
		t.Fatal(err)
	}
	return string(key)
}

// verify checks a token as the test app does: with two live API keys, the one of the tests last.
func verify(t testing.TB, token string) (Claims, error) {
	t.Helper()
	return testKeyring(t).Verify(token, testApp, []string{otherAPIKey, testAPIKey}, testNow)
}

// wantRefused asserts the code, the one public text that belongs to it, and that no claims come back.
func wantRefused(t testing.TB, got Claims, err error, code fault.Code) {
	t.Helper()
	text := map[fault.Code]string{fault.LinkInvalid: "This link is not valid.", fault.LinkExpired: "This link has expired."}[code]
	if fault.CodeOf(err) != code || err.Error() != text {
		t.Errorf("got %q (%v), want %q", fault.CodeOf(err), err, code)
	}
	if got != (Claims{}) {
		t.Errorf("a refused token gave claims: %+v", got)
	}
}
