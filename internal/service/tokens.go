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

// MaxToken is how long the token of an action link may be, in bytes.
const MaxToken = 2 << 10

// VerifyLink checks the signature and the time of an action link's token against the keys of its target's app. LinkInvalid or
// LinkExpired when they are not good. Whether the link has acted is not looked up.
func (s *Service) VerifyLink(target *postgres.LinkTarget, token string) (links.Claims, error) {
	var keys []string
	for id, one := range target.SealedKeys {
		key, err := s.Vault.Open(one, tenant.KeySecret(id))
		if err != nil {
			return links.Claims{}, err
		}
		keys = append(keys, string(key))
	}
	return s.Keyring.Verify(token, target.App.ID.String(), keys, target.App.Clock.Now())
}

// ReadClaimToken reads a claim token for a public link of an app. It spends nothing. ClaimNotForLink for a good one of another app.
func (s *Service) ReadClaimToken(ctx context.Context, app uuid.UUID, raw string) (links.ClaimToken, error) {
	var issuer *tenant.EmbedCredential
	token, err := links.ReadClaimToken(raw, time.Now(), func(key string) (string, error) {
		var err error
		if issuer, err = s.DB.EmbedIssuer(ctx, key); err != nil {
			return "", err
		}
		secret, err := s.Vault.Open(issuer.Sealed, tenant.EmbedSecret(issuer.ID))
		return string(secret), err
	})
	if err == nil && issuer.AppID != app {
		return links.ClaimToken{}, fault.Errorf(fault.ClaimNotForLink, "The claim token is of another app.")
	}
	return token, err
}
