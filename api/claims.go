package api

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// checkClaimToken tells an app's developer what is wrong with a claim token for a link, more than a visitor is told. It
// spends nothing.
func (s *Server) checkClaimToken(k *call) error {
	l, err := k.publicLink(s)
	if err != nil {
		return err
	}
	var in struct {
		ClaimToken string `json:"claim_token"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return err
	}
	switch {
	case !l.Enabled:
		return fault.Errorf(fault.PublicLinkDisabled, "This link is not in use any more.")
	case in.ClaimToken == "":
		return fault.Errorf(fault.ClaimMissing, "There is no claim token.")
	}
	token, err := s.claim(k, l.AppID, in.ClaimToken)
	if err != nil {
		return err
	}
	spent, err := s.DB.ClaimSpent(k, l.AppID, token.ID)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{
		"issuer": token.Issuer, "jti": token.ID, "expires_at": k.Clock.Show(token.ExpiresAt, time.UTC), "spent": spent,
	})
}

// claim reads a claim token for a link of an app.
func (s *Server) claim(k *call, app uuid.UUID, raw string) (links.ClaimToken, error) {
	var issuer *tenant.EmbedCredential
	token, err := links.ReadClaimToken(raw, time.Now(), func(key string) (string, error) {
		var err error
		if issuer, err = s.DB.EmbedIssuer(k, key); err != nil {
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
