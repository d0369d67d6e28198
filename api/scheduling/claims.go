package scheduling

import (
	"net/http"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/timekit"
)

// checkClaimToken answers an app's developer with what is wrong with a claim token for a link, in more detail than a page does. It
// spends nothing.
func (h *publicLinkHandlers) checkClaimToken(k *edge.Call) error {
	l, err := h.publicLink(k)
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
	token, err := h.tokens.ReadClaimToken(k, l.AppID, in.ClaimToken)
	if err != nil {
		return err
	}
	spent, err := h.requests.ClaimSpent(k, l.AppID, token.ID)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{
		"issuer": token.Issuer, "jti": token.ID, "expires_at": k.Clock.Show(token.ExpiresAt, time.UTC), "spent": spent,
	})
}
