package links

import (
	"strings"
	"testing"

	"holdfast/internal/fault"
)

// FuzzVerify looks for panics, for errors without a code, and for tokens that pass without having been signed.
func FuzzVerify(f *testing.F) {
	f.Add(plainHeader, plainPayload)
	f.Add(ownHeader, ownPayload)
	f.Add(`{"alg":"HS256","crit":["a"]}`, `{"exp":1e308,"aud":[[]]}`)
	f.Add("\xff", strings.Repeat("[", 900))
	f.Add(`{"alg":"HS256"}`, `{"booking_id":"a","action":"b","exp":0.0000001}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		for _, token := range []string{header, payload, header + "." + payload + ".", handMade(header, payload, "forged")} {
			c, err := verify(t, token)
			wantRefused(t, c, err, fault.LinkInvalid)
		}
		c, err := verify(t, handMade(header, payload, testAPIKey))
		if err == nil && (c.BookingID == "" || c.Action == "" || c.Own || c.For(c.BookingID, c.Action) != nil) {
			t.Errorf("accepted %q.%q as %+v", header, payload, c)
		}
		if code := fault.CodeOf(err); err != nil && code != fault.LinkInvalid && code != fault.LinkExpired {
			t.Errorf("an error without its code: %v", err)
		}
	})
}
