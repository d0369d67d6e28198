package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
)

// signing are the secrets that sign, the newest first.
func (b *bundle) signing(e *outbox.Endpoint) string {
	b.t.Helper()
	target := must(b.DrainTarget(b.ctx, e.ID))
	all := []string{string(target.Endpoint.Secret)}
	for _, old := range target.OldSecrets {
		all = append(all, string(old))
	}
	return strings.Join(all, " ")
}

func TestRotateSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, other := b.endpoint("", ""), b.endpoint("", "")
	rotate := func(operation uuid.UUID, secret string, grace time.Duration) *outbox.Endpoint {
		t.Helper()
		return must(b.RotateSecret(b.ctx, e.AppID, e.ID, operation, []byte(secret), grace))
	}
	wantEqual(t, "at first", b.signing(e), "sealed")
	operation := newID()
	now := rotate(operation, "one", time.Hour)
	wantEqual(t, "the newest", string(now.Secret), "one")
	wantEqual(t, "on their way out", len(now.OldSecretsUntil), 1)
	if left := time.Until(now.OldSecretsUntil[0]); left < 59*time.Minute || left > time.Hour {
		t.Errorf("the old one signs for %s", left)
	}
	wantEqual(t, "a repeat", string(rotate(operation, "another", time.Hour).Secret), "one")
	wantEqual(t, "after a repeat", b.signing(e), "one sealed")
	rotate(newID(), "two", 2*time.Hour)
	wantEqual(t, "three", b.signing(e), "two one sealed")
	rotate(newID(), "three", 3*time.Hour)
	wantEqual(t, "no more than three", b.signing(e), "three two one")
	rotate(newID(), "four", time.Minute)
	wantEqual(t, "the one that ends first goes", b.signing(e), "four two one")
	b.exec(`UPDATE webhook_old_secrets SET until = until - interval '150 minutes' WHERE endpoint_id = $1`, e.ID)
	wantEqual(t, "when the time has come", b.signing(e), "four two")
	b.wantCount(2, `SELECT count(*) FROM webhook_old_secrets`)
	rotate(newID(), "five", time.Hour)
	wantEqual(t, "who is left", b.signing(e), "five four two")
	b.exec(`UPDATE webhook_old_secrets SET until = now() WHERE sealed = 'two'`)
	rotate(newID(), "six", time.Hour)
	b.wantCount(0, `SELECT count(*) FROM webhook_old_secrets WHERE sealed = 'two'`)
	wantEqual(t, "without grace", string(rotate(newID(), "seven", 0).Secret), "seven")
	wantEqual(t, "at once", b.signing(e), "seven")
	b.wantCount(0, `SELECT count(*) FROM webhook_old_secrets`)
	wantEqual(t, "another endpoint", b.signing(other), "sealed")
	_, err := b.RotateSecret(b.ctx, e.AppID, newID(), newID(), []byte("x"), 0)
	wantCode(t, err, fault.NotFound)
}

// TestRotationsAtOnce leave the newest secret of one of them, and no more than three that sign.
func TestRotationsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint("", "")
	errs := make([]error, 20)
	operation := newID()
	together(len(errs), func(i int) {
		id, secret := newID(), "other"
		if i%2 == 0 {
			id, secret = operation, "same"
		}
		_, errs[i] = b.RotateSecret(b.ctx, e.AppID, e.ID, id, []byte(secret), time.Hour)
	})
	for _, err := range errs {
		check(t, err)
	}
	wantEqual(t, "secrets", len(strings.Fields(b.signing(e))), outbox.MaxSecrets)
}
