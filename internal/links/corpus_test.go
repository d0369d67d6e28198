package links

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"holdfast/internal/fault"
)

// said is a payload with the test booking, the action cancel, and more.
func said(more string) string {
	return `{"booking_id":"` + testBooking + `","action":"cancel",` + more + `}`
}

func TestVerifyRefusesHeaders(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{
		"none":                `{"alg":"none","typ":"JWT"}`,
		"NoNe":                `{"alg":"NoNe"}`,
		"HS384":               `{"alg":"HS384"}`,
		"HS512":               `{"alg":"HS512"}`,
		"RS256":               `{"alg":"RS256"}`,
		"ES256":               `{"alg":"ES256"}`,
		"EdDSA":               `{"alg":"EdDSA"}`,
		"hs256":               `{"alg":"hs256"}`,
		"no alg":              `{"typ":"JWT"}`,
		"alg is a list":       `{"alg":["HS256"]}`,
		"alg twice":           `{"alg":"none","alg":"HS256"}`,
		"alg twice, escaped":  `{"alg":"HS256","\u0061lg":"HS256"}`,
		"crit":                `{"alg":"HS256","crit":["exp"]}`,
		"crit empty":          `{"alg":"HS256","crit":[]}`,
		"b64":                 `{"alg":"HS256","b64":false}`,
		"nested":              `{"alg":"HS256","cty":"JWT"}`,
		"foreign typ":         `{"alg":"HS256","typ":"at+jwt"}`,
		"typ is a number":     `{"alg":"HS256","typ":1}`,
		"typ null":            `{"alg":"HS256","typ":null}`,
		"kid is a list":       `{"alg":"HS256","kid":["hf1"]}`,
		"kid null":            `{"alg":"HS256","kid":null}`,
		"our kid":             ownHeader,
		"a retired kid":       `{"alg":"HS256","kid":"hf0"}`,
		"a kid to come":       `{"alg":"HS256","kid":"hf22"}`,
		"our kid with a zero": `{"alg":"HS256","kid":"hf01"}`,
		"not an object":       `["HS256"]`,
		"null":                `null`,
		"a string":            `"HS256"`,
		"two objects":         plainHeader + plainHeader,
		"cut short":           `{"alg":"HS256"`,
		"not UTF-8":           "{\"alg\":\"HS256\",\"x\":\"\xff\"}",
		"empty":               ``,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := verify(t, handMade(header, plainPayload, testAPIKey))
			wantRefused(t, got, err, fault.LinkInvalid)
		})
	}
}

func TestVerifyRefusesPayloads(t *testing.T) {
	t.Parallel()
	for name, payload := range map[string]string{
		"empty object":         `{}`,
		"null":                 `null`,
		"empty":                ``,
		"a list":               `[` + plainPayload + `]`,
		"a nested token":       vectorDocumented,
		"a quoted token":       `"` + vectorDocumented + `"`,
		"no booking":           `{"action":"cancel"}`,
		"no action":            `{"booking_id":"` + testBooking + `"}`,
		"empty booking":        `{"booking_id":"","action":"cancel"}`,
		"booking in capitals":  `{"BOOKING_ID":"` + testBooking + `","action":"cancel"}`,
		"booking is a number":  `{"booking_id":1,"action":"cancel"}`,
		"booking is a list":    `{"booking_id":["` + testBooking + `"],"action":"cancel"}`,
		"booking null":         `{"booking_id":null,"action":"cancel"}`,
		"action is true":       `{"booking_id":"` + testBooking + `","action":true}`,
		"action with a break":  `{"booking_id":"` + testBooking + `","action":"can\ncel"}`,
		"action not ASCII":     `{"booking_id":"` + testBooking + `","action":"cancеl"}`,
		"booking twice":        said(`"booking_id":"` + testBooking + `"`),
		"action twice":         said(`"action":"confirm"`),
		"action twice escaped": said(`"\u0061ction":"confirm"`),
		"twice, deeper":        said(`"x":{"a":1,"a":2}`),
		"jti is a number":      said(`"jti":7`),
		"redirect is a list":   said(`"redirect":["https://a.example"]`),
		"exp is a string":      said(`"exp":"1795824000"`),
		"exp null":             said(`"exp":null`),
		"exp 1e300":            said(`"exp":1e300`),
		"exp 1e999":            said(`"exp":1e999`),
		"exp negative":         said(`"exp":-1`),
		"exp past year 9999":   said(`"exp":253402300800`),
		"iat to come":          said(`"iat":1795219206`),
		"iat is a string":      said(`"iat":"0"`),
		"nbf to come":          said(`"nbf":1795219206`),
		"nbf is an object":     said(`"nbf":{}`),
		"another audience":     said(`"aud":"claim"`),
		"audience is empty":    said(`"aud":[]`),
		"audience null":        said(`"aud":null`),
		"audience is a number": said(`"aud":1`),
		"trailing data":        plainPayload + `x`,
		"not UTF-8":            strings.Replace(plainPayload, "cancel", "canc\xff", 1),
		"expired and foreign":  said(`"exp":1,"aud":"claim"`),
		"expired and to come":  said(`"exp":1,"nbf":1795219206`),
		"expired, no booking":  `{"action":"cancel","exp":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := verify(t, handMade(plainHeader, payload, testAPIKey))
			wantRefused(t, got, err, fault.LinkInvalid)
		})
	}
}

func TestVerifyRefusesSignatures(t *testing.T) {
	t.Parallel()
	signed := encoded(plainHeader) + "." + encoded(plainPayload)
	wide := hmac.New(sha512.New, []byte(testAPIKey))
	wide.Write([]byte(signed))
	for name, token := range map[string]string{
		"empty token":            "",
		"dots":                   "..",
		"many dots":              strings.Repeat(".", 1<<20),
		"two MiB":                handMade(plainHeader, said(`"x":"`+strings.Repeat("a", 2<<20)+`"`), testAPIKey),
		"one byte too long":      vectorDocumented + strings.Repeat("A", 2049-len(vectorDocumented)),
		"no signature":           signed,
		"empty signature":        signed + ".",
		"short signature":        vectorDocumented[:len(vectorDocumented)-4],
		"another HMAC":           signed + "." + encoded(string(wide.Sum(nil))),
		"the empty key":          handMade(plainHeader, plainPayload, ""),
		"an unknown key":         handMade(plainHeader, plainPayload, "live_api_key_unknown"),
		"the key without prefix": handMade(plainHeader, plainPayload, strings.TrimPrefix(testAPIKey, "live_api_key_")),
		"the master key":         handMade(plainHeader, plainPayload, string(testMaster())),
		"our key, plain header":  handMade(plainHeader, plainPayload, ownKey(t, "hf1", testApp)),
		"a public PEM as key":    handMade(plainHeader, plainPayload, publicPEM(t)),
		"expired, wrong key":     handMade(plainHeader, said(`"exp":1`), "live_api_key_unknown"),
		"payload swapped":        encoded(plainHeader) + "." + encoded(strings.Replace(plainPayload, "cancel", "decide", 1)) + vectorDocumented[len(signed):],
		"header swapped":         encoded(`{"alg":"HS256"}`) + "." + encoded(plainPayload) + vectorDocumented[len(signed):],
		"JWE of five parts":      signed + ".a.b.c",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ring := testKeyring(t)
			got, err := ring.Verify(token, testApp, []string{"", testAPIKey}, testNow)
			wantRefused(t, got, err, fault.LinkInvalid)
		})
	}
}

func TestVerifyRefusesOwnTokens(t *testing.T) {
	t.Parallel()
	own := func(old, other string) string {
		return handMade(ownHeader, strings.Replace(ownPayload, old, other, 1), ownKey(t, "hf1", testApp))
	}
	sibling, err := hkdf.Key(sha256.New, testMaster(), nil, "holdfast/claim-token/v1/hf1/"+testApp, 32)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"no exp":             own(`"exp":1795824000,`, ``),
		"no audience":        own(`"aud":"action-link",`, ``),
		"another purpose":    own(`action-link`, `claim`),
		"no booking":         own(`booking_id`, `booking`),
		"iat to come":        own(`"iat":1795219200`, `"iat":1795219300`),
		"typ in small":       handMade(`{"alg":"HS256","kid":"hf1","typ":"jwt"}`, ownPayload, ownKey(t, "hf1", testApp)),
		"no typ":             handMade(`{"alg":"HS256","kid":"hf1"}`, ownPayload, ownKey(t, "hf1", testApp)),
		"a kid to come":      handMade(`{"alg":"HS256","kid":"hf2","typ":"JWT"}`, ownPayload, ownKey(t, "hf2", testApp)),
		"a look-alike kid":   handMade(`{"alg":"HS256","kid":"hf１","typ":"JWT"}`, ownPayload, ownKey(t, "hf1", testApp)),
		"no kid":             handMade(plainHeader, ownPayload, ownKey(t, "hf1", testApp)),
		"under an API key":   handMade(ownHeader, ownPayload, testAPIKey),
		"a sibling key":      handMade(ownHeader, ownPayload, string(sibling)),
		"the master itself":  handMade(ownHeader, ownPayload, string(testMaster())),
		"another app's key":  handMade(ownHeader, ownPayload, ownKey(t, "hf1", otherApp)),
		"expired, wrong key": handMade(ownHeader, strings.Replace(ownPayload, "1795824000", "1", 1), testAPIKey),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := verify(t, token)
			wantRefused(t, got, err, fault.LinkInvalid)
		})
	}
}

func TestVerifyRefusesOtherAppsAndKeyrings(t *testing.T) {
	t.Parallel()
	ring := testKeyring(t)
	got, err := ring.Verify(vectorOwn, otherApp, []string{testAPIKey}, testNow)
	wantRefused(t, got, err, fault.LinkInvalid)
	got, err = ring.Verify(vectorDocumented, otherApp, []string{otherAPIKey}, testNow)
	wantRefused(t, got, err, fault.LinkInvalid)
	got, err = ring.Verify(vectorDocumented, testApp, nil, testNow)
	wantRefused(t, got, err, fault.LinkInvalid)
	got, err = ring.Verify(vectorDocumented, "", []string{testAPIKey}, testNow)
	wantRefused(t, got, err, fault.LinkInvalid)
	another, err := NewKeyring(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	got, err = another.Verify(vectorOwn, testApp, nil, testNow)
	wantRefused(t, got, err, fault.LinkInvalid)
}

func TestVerifySaysExpiredOnlyForGoodTokens(t *testing.T) {
	t.Parallel()
	got, err := verify(t, handMade(plainHeader, said(`"exp":0`), testAPIKey))
	wantRefused(t, got, err, fault.LinkExpired)
	got, err = testKeyring(t).Verify(vectorOwn, testApp, nil, testNow.AddDate(0, 0, 8))
	wantRefused(t, got, err, fault.LinkExpired)
}

// Every single character of a good token matters.
func TestVerifyRefusesEveryChangedCharacter(t *testing.T) {
	t.Parallel()
	for _, token := range []string{vectorDocumented, vectorOwn} {
		for i := range token {
			for _, c := range []byte("Az5-.") {
				if changed := token[:i] + string(c) + token[i+1:]; changed != token {
					if _, err := verify(t, changed); fault.CodeOf(err) != fault.LinkInvalid {
						t.Fatalf("character %d as %q: %v", i, c, err)
					}
				}
			}
		}
	}
}

func publicPEM(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(ed25519.NewKeyFromSeed(testMaster()).Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
