package apps

import (
	"context"

	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// TokenPrefix begins every token of a resource.
const TokenPrefix = "resource_token_"

// AddCredential makes a token for a resource, with 190 random bits. The token itself is returned once and never again.
// keep > 0 lets only the newest ones of that name stay.
func AddCredential(ctx context.Context, db *postgres.Access, c *tenant.Credential, keep int) (string, error) {
	token := TokenPrefix + random(32)
	c.Hint = token[:len(TokenPrefix)+4] + "…"
	return token, db.AddCredential(ctx, c, KeyHash(token), keep)
}
