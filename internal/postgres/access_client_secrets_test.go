package postgres_test

import (
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
)

func (b *bundle) clientSecret(app *tenant.App, name string) (*tenant.ClientSecret, error) {
	s := &tenant.ClientSecret{ID: newID(), AppID: app.ID, Hint: "CRN_" + name + "…", Sealed: []byte("sealed " + name)}
	return s, b.AddClientSecret(b.ctx, s, []byte(name))
}

// signs are the client secrets that sign an endpoint's notifications, the oldest first.
func (b *bundle) signs(e *outbox.Endpoint) string {
	b.t.Helper()
	target := must(b.DrainTarget(b.ctx, e.ID))
	wantEqual(b.t, "ids and secrets", len(target.ClientSecretIDs), len(target.ClientSecrets))
	var all []string
	for i, sealed := range target.ClientSecrets {
		name := strings.TrimPrefix(string(sealed), "sealed ")
		b.wantCount(1, `SELECT count(*) FROM client_secrets WHERE id = $1 AND hint = $2`, target.ClientSecretIDs[i], "CRN_"+name+"…")
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

func TestClientSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, _ := b.callback("https://example.com")
	thief := b.newApp("thief")
	must(b.clientSecret(thief, "foreign"))
	wantEqual(t, "none at first", b.signs(e), "")
	one := must(b.clientSecret(b.app, "one"))
	must(b.clientSecret(b.app, "two"))
	wantEqual(t, "both sign", b.signs(e), "one two")
	_, err := b.clientSecret(b.app, "three")
	wantCode(t, err, fault.AlreadyExists)

	holder := must(b.ClientSecretHolder(b.ctx, []byte("one")))
	wantEqual(t, "holder", words(holder.App.ID, holder.KeyID, holder.Kind), words(b.app.ID, one.ID, "client"))
	again := *one
	again.Sealed, again.Hint = []byte("sealed again"), "CRN_again…"
	check(t, b.AddClientSecret(b.ctx, &again, []byte("again"))) // nobody has been told the first
	wantEqual(t, "after a repeat", b.signs(e), "again two")
	_, err = b.ClientSecretHolder(b.ctx, []byte("one"))
	wantCode(t, err, fault.Unauthorized)
	stolen := again
	stolen.AppID = thief.ID
	wantCode(t, b.AddClientSecret(b.ctx, &stolen, []byte("stolen")), fault.NotFound)
	wantCode(t, b.EndClientSecret(b.ctx, thief.ID, one.ID, 0), fault.NotFound)
	wantEqual(t, "the thief has its own", len(must(b.ClientSecrets(b.ctx, thief.ID))), 1)

	check(t, b.EndClientSecret(b.ctx, b.app.ID, one.ID, 0))
	wantEqual(t, "revoked at once", b.signs(e), "two")
	_, err = b.ClientSecretHolder(b.ctx, []byte("again"))
	wantCode(t, err, fault.Unauthorized)
	ended := *must(b.ClientSecrets(b.ctx, b.app.ID))[0].GoodUntil
	check(t, b.EndClientSecret(b.ctx, b.app.ID, one.ID, time.Hour))
	wantEqual(t, "again is no fault, and no later", *must(b.ClientSecrets(b.ctx, b.app.ID))[0].GoodUntil, ended)
	must(b.clientSecret(b.app, "three"))
	wantEqual(t, "room for another", b.signs(e), "two three")
	wantEqual(t, "listed, the oldest first", must(b.ClientSecrets(b.ctx, b.app.ID))[2].Hint, "CRN_three…")
	b.exec(`UPDATE client_secrets SET good_until = now() + interval '1 hour' WHERE hint = 'CRN_two…'`)
	wantEqual(t, "on its way out", b.signs(e), "two three")
}

// TestClientSecretsAtOnce: of twenty at the same moment two are made.
func TestClientSecretsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	errs := make([]error, 20)
	together(len(errs), func(i int) { _, errs[i] = b.clientSecret(b.app, strings.Repeat("x", i+1)) })
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		wantCode(t, err, fault.AlreadyExists)
	}
	wantEqual(t, "made", made, tenant.MaxClientSecrets)
	b.wantCount(tenant.MaxClientSecrets, `SELECT count(*) FROM client_secrets`)
}

// TestKeysOfClientSecretsGoWithTheApp: what was answered to a client secret under an Idempotency-Key is erased, too.
func TestKeysOfClientSecretsGoWithTheApp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret, kept := must(b.clientSecret(b.app, "one")), must(b.clientSecret(b.newApp("other"), "two"))
	for _, s := range []*tenant.ClientSecret{secret, kept} {
		must(b.BeginOperation(b.ctx, s.ID, "key", []byte("fingerprint"), newID(), time.Minute))
	}
	check(t, b.DeleteApp(b.ctx, b.app.ID))
	b.wantCount(1, `SELECT count(*) FROM idempotency_keys WHERE app_id = $1`, kept.ID)
	b.wantCount(1, `SELECT count(*) FROM idempotency_keys`)
	b.wantCount(1, `SELECT count(*) FROM client_secrets`)
}
