package links

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestSpendKeyTellsLinksApart(t *testing.T) {
	t.Parallel()
	withID := func(id string) string {
		return handMade(plainHeader, `{"booking_id":"`+testBooking+`","action":"cancel","jti":"`+id+`"}`, testAPIKey)
	}
	tokens := map[string]string{
		"no jti":              vectorDocumented,
		"no jti, spaced":      vectorSpaced,
		"jti":                 withID("1"),
		"another jti":         withID("2"),
		"jti like ours":       withID("MFRGGZDFMZTWQ2LKNNWG23TPOA"),
		"ours with that jti":  vectorOwn,
		"a jti with a NUL":    withID(`\u0000`),
		"a jti like a digest": withID(strings.Repeat("a", 64)),
	}
	seen := map[string]string{}
	for name, token := range tokens {
		c, err := verify(t, token)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		key := c.SpendKey()
		if twin, ok := seen[key]; ok {
			t.Errorf("%s and %s share the key %s", name, twin, key)
		}
		if len(key) != 72 {
			t.Errorf("%s: the key %q has another length", name, key)
		}
		seen[key] = name
	}
}

func TestSpendKeyIsTheSameForTheSameLink(t *testing.T) {
	t.Parallel()
	first, err := verify(t, vectorDocumented)
	if err != nil {
		t.Fatal(err)
	}
	underOtherKey, err := verify(t, handMade(plainHeader, plainPayload, otherAPIKey))
	if err != nil {
		t.Fatal(err)
	}
	if first.SpendKey() != underOtherKey.SpendKey() {
		t.Error("signing again with another live key makes another link")
	}
	inOtherApp, err := testKeyring(t).Verify(vectorDocumented, otherApp, []string{testAPIKey}, testNow)
	if err != nil {
		t.Fatal(err)
	}
	if first.SpendKey() == inOtherApp.SpendKey() {
		t.Error("two apps share a spend key")
	}
}

// One token must have one spelling, or a link that is spent in one lives on in another.
func TestRespelledTokensAreRefused(t *testing.T) {
	t.Parallel()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, vectorDocumented[len(vectorDocumented)-1])
	body := vectorDocumented[:len(vectorDocumented)-1]
	for name, token := range map[string]string{
		"spare trailing bits": body + alphabet[last^1:last^1+1],
		"padding":             vectorDocumented + "=",
		"line break inside":   body + "\n" + vectorDocumented[len(body):],
		"carriage return":     vectorDocumented + "\r",
		"leading space":       " " + vectorDocumented,
		"standard alphabet":   strings.NewReplacer("-", "+", "_", "/").Replace(vectorDocumented),
		"a fourth part":       vectorDocumented + ".",
	} {
		if strings.HasPrefix(name, "spare") {
			_, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
			if err != nil {
				t.Fatalf("the variant does not decode at all: %v", err)
			}
		}
		if _, err := verify(t, token); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
