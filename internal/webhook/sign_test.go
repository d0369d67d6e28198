package webhook

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

// Two test secrets: the one of the Standard Webhooks libraries, and 00 01 … 1f.
const (
	secretA = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	secretB = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

// vectors were computed without this package; deployments/local/conformance holds them against the Standard Webhooks library.
var vectors = []struct {
	secret, id string
	at         int64
	body, want string
}{
	{secretA, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	{secretB, "evt_019a", 1795219200, `{"type":"booking.confirmed"}`, "v1,3NrowUbHaHzno9HqCQatC7A+6pkQ+vCW8ghSD5e7aEg="},
	{secretB, "evt_019a", 1795219200, "", "v1,WmHTysvSB8DUd+rpoR31oBUpLUMBPIfWToZXoJNcc+A="},
	{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==", "evt_019b", 0, "\xff\x00\xfe{\"\xc3\xa5\":1}", "v1,u4FKCqK+bJR8ITMOPqbgIGjo7YdGkG+k7nqSwp5T3zA="},
}

func TestSignMatchesTheVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		at := time.Unix(v.at, 999_999_999)
		got, err := Sign(v.id, at, []byte(v.body), v.secret)
		if err != nil || got != v.want {
			t.Errorf("%s: got %s, %v; want %s", v.id, got, err, v.want)
		}
	}
}

func TestSignWithTwoSecretsWhileRotating(t *testing.T) {
	t.Parallel()
	at, body := time.Unix(1795219200, 0), []byte(`{}`)
	both, err := Sign("evt_1", at, body, secretB, secretA)
	if err != nil {
		t.Fatal(err)
	}
	for i, secret := range []string{secretB, secretA} {
		alone, err := Sign("evt_1", at, body, secret)
		if parts := strings.Split(both, " "); err != nil || len(parts) != 2 || parts[i] != alone {
			t.Errorf("got %q, want %q in place %d, %v", both, alone, i, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	short := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23))
	long := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))
	for name, c := range map[string]struct {
		id      string
		secrets []string
	}{
		"no secret":       {"evt_1", nil},
		"no prefix":       {"evt_1", []string{strings.TrimPrefix(secretA, "whsec_")}},
		"a private key":   {"evt_1", []string{"whsk_" + strings.TrimPrefix(secretA, "whsec_")}},
		"not base64":      {"evt_1", []string{"whsec_!!!"}},
		"empty":           {"evt_1", []string{""}},
		"23 bytes":        {"evt_1", []string{short}},
		"65 bytes":        {"evt_1", []string{long}},
		"one of two bad":  {"evt_1", []string{secretA, short}},
		"empty id":        {"", []string{secretA}},
		"a dot in the id": {"evt.1", []string{secretA}},
		"a line break":    {"evt\r\n1", []string{secretA}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Sign(c.id, time.Unix(0, 0), nil, c.secrets...)
			if err == nil || got != "" {
				t.Fatalf("signed: %q", got)
			}
			for _, secret := range c.secrets {
				if secret != "" && strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells the secret: %v", err)
				}
			}
		})
	}
}

func TestNewSecretIsFresh(t *testing.T) {
	t.Parallel()
	first, second := NewSecret(), NewSecret()
	key, err := secretKey(first)
	if err != nil || len(key) != 32 || first == second {
		t.Errorf("got %q and %q: %d bytes, %v", first, second, len(key), err)
	}
}

func TestTimekitSignature(t *testing.T) {
	t.Parallel()
	if got := TimekitSignature("timekit-secret", []byte(`{"state":"confirmed"}`)); got != "dee440c36a9d554f48e64ca42d83239e334e18ceecf13863108295169cacc84c" {
		t.Errorf("got %s", got)
	}
	if got := TimekitSignature("timekit-secret", nil); got != "a9817bb85201907937489fb060e3d351462d8cef4a85aa9edc0b9af07e4820ab" {
		t.Errorf("empty body: got %s", got)
	}
}

// TestCronofySignature has the published vectors: each secret alone, and both while one is being rotated.
func TestCronofySignature(t *testing.T) {
	t.Parallel()
	const one, two = "CRN_NggYusqPGLxwjw5FHOJYOqSrTPNXy8WQf14OID", "CRN_nGlYDFXwfSXgB9rvGNBJyfE454GGPtWIbNuPwr"
	const first, second = "5DxentQi5YSXODEzTVv06sRwJ3pULIz1KrYv20qxEK0=", "BmQmWVuZ70ILWjr1CAt5oC7YOolgnku4WZtlrKfx/6k="
	body := []byte(`{"example":"well-known"}`)
	for want, secrets := range map[string][]string{first: {one}, second: {two}, first + "," + second: {one, two}, "": nil} {
		if got := CronofySignature(body, secrets...); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
