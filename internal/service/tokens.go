package service

import (
	"context"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// Tokens reads the signed tokens that callers without a key show. It is safe for concurrent use.
type Tokens struct {
	access  *postgres.Access
	vault   *links.Vault
	keyring *links.Keyring
}

// VerifyLink checks the signature and the time of an action link's token against the keys of its target's app. LinkInvalid or
// LinkExpired when they are not good. Whether the link has acted is not looked up.
func (s *Tokens) VerifyLink(target *postgres.LinkTarget, token string) (links.Claims, error) {
	var keys []string
	for id, one := range target.SealedKeys {
		key, err := s.vault.Open(one, tenant.KeySecret(id))
		if err != nil {
			return links.Claims{}, err
		}
		keys = append(keys, string(key))
	}
	return s.keyring.Verify(token, target.App.ID.String(), keys, target.App.Clock.Now())
}

// ReadClaimToken reads a claim token for a public link of an app. It spends nothing. ClaimNotForLink for a good one of another app.
func (s *Tokens) ReadClaimToken(ctx context.Context, app uuid.UUID, raw string) (links.ClaimToken, error) {
	var issuer *tenant.EmbedCredential
	token, err := links.ReadClaimToken(raw, time.Now(), func(key string) (string, error) {
		var err error
		if issuer, err = s.access.EmbedIssuer(ctx, key); err != nil {
			return "", err
		}
		secret, err := s.vault.Open(issuer.Sealed, tenant.EmbedSecret(issuer.ID))
		return string(secret), err
	})
	if err == nil && issuer.AppID != app {
		return links.ClaimToken{}, fault.Errorf(fault.ClaimNotForLink, "The claim token is of another app.")
	}
	return token, err
}
