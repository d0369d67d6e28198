package postgres_test

import (
	"testing"

	"holdfast/internal/catalogue"
	"holdfast/internal/tenant"
)

// TestOwnTokensEndWithThePassword: a new password ends what the resource made with its own tokens, and nothing else does: neither
// another change of it, nor another resource's password. What a server key made stays.
func TestOwnTokensEndWithThePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, _ := b.newResource(b.app)
	for i, r := range []*catalogue.Resource{b.resource, b.resource, other} {
		c := &tenant.Credential{ID: newID(), AppID: b.app.ID, ResourceID: r.ID, Type: tenant.ServerToken, Name: "x", Own: i != 1}
		check(t, b.AddCredential(b.ctx, c, []byte{byte(i)}, 0))
	}
	left := func() string {
		return words(b.count(`SELECT count(*) FROM resource_credentials WHERE own`), b.count(`SELECT count(*) FROM resource_credentials WHERE NOT own`))
	}
	check(t, b.UpdateResource(b.ctx, b.resource))
	wantEqual(t, "own and given, after another change", left(), "2 1")
	b.resource.NewPassword = "pbkdf2-sha256$1$x$y"
	check(t, b.UpdateResource(b.ctx, b.resource))
	wantEqual(t, "own and given, after a new password", left(), "1 1")
	wantEqual(t, "the other's", b.count(`SELECT count(*) FROM resource_credentials WHERE resource_id = $1`, other.ID), 1)
}
