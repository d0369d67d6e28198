package conformance

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"holdfast/internal/webhook"
)

// Two test secrets: the one of the Standard Webhooks libraries, and 00 01 … 1f.
const (
	secretA = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	secretB = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

// oracleAccepts asks the Standard Webhooks library whether a receiver with this secret takes the message.
func oracleAccepts(t testing.TB, secret, id string, at time.Time, body []byte, signature string) bool {
	t.Helper()
	receiver, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return receiver.VerifyIgnoringTimestamp(body, h) == nil
}

// TestSignMatchesTheVectors: the library takes the vectors that internal/webhook is tested against, and Sign makes them.
func TestSignMatchesTheVectors(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		secret, id string
		at         int64
		body, want string
	}{
		{secretA, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, `{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		{secretB, "evt_019a", 1795219200, `{"type":"booking.confirmed"}`, "v1,3NrowUbHaHzno9HqCQatC7A+6pkQ+vCW8ghSD5e7aEg="},
		{secretB, "evt_019a", 1795219200, "", "v1,WmHTysvSB8DUd+rpoR31oBUpLUMBPIfWToZXoJNcc+A="},
		{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==", "evt_019b", 0, "\xff\x00\xfe{\"\xc3\xa5\":1}", "v1,u4FKCqK+bJR8ITMOPqbgIGjo7YdGkG+k7nqSwp5T3zA="},
	} {
		at := time.Unix(v.at, 999_999_999)
		if got, err := webhook.Sign(v.id, at, []byte(v.body), v.secret); err != nil || got != v.want {
			t.Errorf("%s: got %s, %v; want %s", v.id, got, err, v.want)
		}
		if !oracleAccepts(t, v.secret, v.id, at, []byte(v.body), v.want) {
			t.Errorf("%s: the oracle refuses the vector", v.id)
		}
	}
}

func TestSignSatisfiesTheOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`).Draw(rt, "id")
		at := time.Unix(rapid.Int64Range(0, 1<<33).Draw(rt, "at"), 0)
		body := rapid.SliceOf(rapid.Byte()).Draw(rt, "body")
		secret := webhook.NewSecret()
		signature, err := webhook.Sign(id, at, body, secret)
		if err != nil || !oracleAccepts(t, secret, id, at, body, signature) {
			rt.Fatalf("signature %q, %v", signature, err)
		}
		if oracleAccepts(t, secret, id, at, append(body, 'x'), signature) || oracleAccepts(t, secret, id, at.Add(time.Second), body, signature) ||
			oracleAccepts(t, secret, id+"x", at, body, signature) || oracleAccepts(t, secretA, id, at, body, signature) {
			rt.Fatal("the oracle takes a message that was changed")
		}
	})
}

func TestSignWithTwoSecretsWhileRotating(t *testing.T) {
	t.Parallel()
	at, body := time.Unix(1795219200, 0), []byte(`{}`)
	both, err := webhook.Sign("evt_1", at, body, secretB, secretA)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{secretA, secretB} {
		if !oracleAccepts(t, secret, "evt_1", at, body, both) {
			t.Errorf("a receiver with %s is left out", secret)
		}
	}
	onlyNew, err := webhook.Sign("evt_1", at, body, secretB)
	if err != nil || oracleAccepts(t, secretA, "evt_1", at, body, onlyNew) {
		t.Errorf("the old secret still works after the rotation (%v)", err)
	}
}
