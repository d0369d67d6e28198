package links

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
)

// Vectors made without this package and without any JWT library (HMAC and HKDF of another language).
const (
	vectorDocumented = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJib29raW5nX2lkIjoiOTViOGM2ODYtNDhiMy00N2FmLWI5NjYtZDY0YTZmNzI2MTY1IiwiYWN0aW9uIjoiY2FuY2VsIn0.4jExxX3PSJOvcEEQtBiBDTCncnaGIQS8X8CRdevmL-o"
	vectorSpaced     = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.ewogICJib29raW5nX2lkIjogIjk1YjhjNjg2LTQ4YjMtNDdhZi1iOTY2LWQ2NGE2ZjcyNjE2NSIsCiAgImFjdGlvbiI6ICJjYW5jZWwiCn0.3PYKT7K9GPP78ZUi3iy5ynaeilfSTaMLgsMb-9PhQDw"
	vectorUntyped    = "eyJhbGciOiJIUzI1NiJ9.eyJhY3Rpb24iOiJjb25maXJtIiwiYm9va2luZ19pZCI6Ijk1YjhjNjg2LTQ4YjMtNDdhZi1iOTY2LWQ2NGE2ZjcyNjE2NSJ9.4x3be-CmoZq19VyJL7KPQI5nj9hm8pLh2tSEdivaLOQ"
	vectorOwn        = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImhmMSIsInR5cCI6IkpXVCJ9.eyJhY3Rpb24iOiJjYW5jZWwiLCJhdWQiOiJhY3Rpb24tbGluayIsImJvb2tpbmdfaWQiOiI5NWI4YzY4Ni00OGIzLTQ3YWYtYjk2Ni1kNjRhNmY3MjYxNjUiLCJleHAiOjE3OTU4MjQwMDAsImlhdCI6MTc5NTIxOTIwMCwianRpIjoiTUZSR0daREZNWlRXUTJMS05OV0cyM1RQT0EifQ.G9ifgyEKsWsRSJE5jA7AKj7Dl2uvh67kJZlnoXxCOJw"
	vectorOwnKey     = "1bd2127c6cdd70491c65abde664dc543f0ae093c413dfe6127a6f6861a20aee7"
)

func TestVerifyAcceptsWhatUsersSign(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ token, action string }{
		"documented order":      {vectorDocumented, "cancel"},
		"spaces and newlines":   {vectorSpaced, "cancel"},
		"no typ, other order":   {vectorUntyped, "confirm"},
		"typ in small letters":  {handMade(`{"typ":"jwt","alg":"HS256"}`, plainPayload, testAPIKey), "cancel"},
		"the other live key":    {handMade(plainHeader, plainPayload, otherAPIKey), "cancel"},
		"a foreign kid":         {handMade(`{"alg":"HS256","kid":"2026-11"}`, plainPayload, testAPIKey), "cancel"},
		"unused claims":         {handMade(plainHeader, `{"iss":"shop","sub":1,"x":{"a":[1]},"booking_id":"`+testBooking+`","action":"cancel"}`, testAPIKey), "cancel"},
		"our audience":          {handMade(plainHeader, `{"aud":["x","action-link"],"booking_id":"`+testBooking+`","action":"cancel"}`, testAPIKey), "cancel"},
		"jku and jwk are inert": {handMade(`{"alg":"HS256","jku":"https://evil.example","jwk":{"kty":"oct","k":"AA"}}`, plainPayload, testAPIKey), "cancel"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := verify(t, c.token)
			if err != nil {
				t.Fatal(err)
			}
			if got.Own || got.AppID != testApp || got.BookingID != testBooking || got.Action != c.action {
				t.Errorf("got %+v", got)
			}
			if err := got.For(strings.ToUpper(testBooking), c.action); err != nil {
				t.Errorf("not for its own booking: %v", err)
			}
		})
	}
}

func TestVerifyReadsOptionalClaims(t *testing.T) {
	t.Parallel()
	got, err := verify(t, handMade(plainHeader, `{"booking_id":"`+testBooking+`","action":"cancel","jti":"7",
		"redirect":"https://shop.example/bye","exp":1795219201.5,"iat":1795219200,"nbf":1795219199}`, testAPIKey))
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "7" || got.Redirect != "https://shop.example/bye" || !got.IssuedAt.Equal(testNow) ||
		!got.ExpiresAt.Equal(testNow.Add(1500*time.Millisecond)) {
		t.Errorf("got %+v", got)
	}
}

func TestSignMatchesTheVector(t *testing.T) {
	t.Parallel()
	if key := hex.EncodeToString([]byte(ownKey(t, "hf1", testApp))); key != vectorOwnKey {
		t.Errorf("derived key %s", key)
	}
	c := Claims{BookingID: testBooking, Action: "cancel", ID: "MFRGGZDFMZTWQ2LKNNWG23TPOA",
		IssuedAt: testNow.Add(time.Millisecond), ExpiresAt: testNow.AddDate(0, 0, 7)}
	if got, err := testKeyring(t).Sign(testApp, c); err != nil || got != vectorOwn {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestSignedTokensVerify(t *testing.T) {
	t.Parallel()
	ring := testKeyring(t)
	asked := Claims{BookingID: testBooking, Action: "reschedule_by_customer", Redirect: "https://shop.example/?a=1&b=é",
		IssuedAt: testNow, ExpiresAt: testNow.Add(time.Hour)}
	first, err := ring.Sign(testApp, asked)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ring.Sign(testApp, asked)
	if err != nil || first == second {
		t.Errorf("two tokens without an ID are alike: %v", err)
	}
	got, err := ring.Verify(first, testApp, nil, testNow)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Own || got.ID == "" || got.Redirect != asked.Redirect || got.Action != asked.Action || !got.ExpiresAt.Equal(asked.ExpiresAt) {
		t.Errorf("got %+v", got)
	}
}

func TestSignRefusesIncompleteClaims(t *testing.T) {
	t.Parallel()
	whole := Claims{BookingID: testBooking, Action: "cancel", IssuedAt: testNow, ExpiresAt: testNow.Add(time.Hour)}
	for name, spoil := range map[string]func(app *string, c *Claims){
		"no app":     func(app *string, _ *Claims) { *app = "" },
		"no booking": func(_ *string, c *Claims) { c.BookingID = "" },
		"no action":  func(_ *string, c *Claims) { c.Action = "" },
		"no expiry":  func(_ *string, c *Claims) { c.ExpiresAt = time.Time{} },
		"no issue":   func(_ *string, c *Claims) { c.IssuedAt = time.Time{} },
		"too long":   func(_ *string, c *Claims) { c.Redirect = "https://shop.example/" + strings.Repeat("a", 2000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, c := testApp, whole
			spoil(&app, &c)
			if token, err := testKeyring(t).Sign(app, c); err == nil || token != "" {
				t.Errorf("signed %q", token)
			}
		})
	}
}

func TestTimesHoldAtTheEdges(t *testing.T) {
	t.Parallel()
	at := func(claim string, offset time.Duration) (Claims, error) {
		said := `{"booking_id":"` + testBooking + `","action":"cancel","` + claim + `":1795219200}`
		return testKeyring(t).Verify(handMade(plainHeader, said, testAPIKey), testApp, []string{testAPIKey}, testNow.Add(offset))
	}
	for _, c := range []struct {
		claim  string
		offset time.Duration
		want   fault.Code
	}{
		{"exp", 0, ""},
		{"exp", 5*time.Second - 1, ""},
		{"exp", 5 * time.Second, fault.LinkExpired},
		{"iat", -5 * time.Second, ""},
		{"iat", -5*time.Second - 1, fault.LinkInvalid},
		{"nbf", -5 * time.Second, ""},
		{"nbf", -5*time.Second - 1, fault.LinkInvalid},
	} {
		if _, err := at(c.claim, c.offset); fault.CodeOf(err) != c.want {
			t.Errorf("%s at %v: got %q, want %q", c.claim, c.offset, fault.CodeOf(err), c.want)
		}
	}
}

func TestErrorsKeepTheirCauseForTheLog(t *testing.T) {
	t.Parallel()
	_, err := verify(t, vectorDocumented+"x")
	if errors.Unwrap(err) == nil {
		t.Error("no private cause")
	}
	if strings.Contains(errors.Unwrap(err).Error(), testAPIKey) {
		t.Error("the cause names a key")
	}
}

func TestClaimsAreForOneBookingAndAction(t *testing.T) {
	t.Parallel()
	c := Claims{BookingID: testBooking, Action: "cancel"}
	for _, other := range [][2]string{{testApp, "cancel"}, {testBooking, "confirm"}, {testBooking, "Cancel"}, {"", ""}} {
		if err := c.For(other[0], other[1]); fault.CodeOf(err) != fault.LinkInvalid {
			t.Errorf("%v passes: %v", other, err)
		}
	}
	if err := (Claims{}).For("", ""); fault.CodeOf(err) != fault.LinkInvalid {
		t.Errorf("nothing is for nothing: %v", err)
	}
}

func TestNewKeyringWants32Bytes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 31, 33} {
		if _, err := NewKeyring(make([]byte, n)); err == nil {
			t.Errorf("took %d bytes", n)
		}
	}
}
