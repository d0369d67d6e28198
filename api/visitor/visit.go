package visitor

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// visits opens and seals the visits of public links, and exchanges claim tokens for them.
type visits struct {
	requests  *postgres.Requests
	catalogue *postgres.Catalogue
	tokens    *service.Tokens
	vault     *links.Vault
	log       *slog.Logger
}

const visitLife = 2 * time.Hour

// visit is the state of a visitor of a public link's pages. It travels sealed in links and forms, since cookies may be
// blocked in frames.
type visit struct {
	ID       uuid.UUID         `json:"id"` // random; known to nobody outside
	Jti      string            `json:"jti,omitempty"`
	Expires  time.Time         `json:"exp"` // of the claim token
	Metadata map[string]string `json:"metadata,omitempty"`
	Until    time.Time         `json:"until"`
}

// openedVisit is a visitor at a public link.
type openedVisit struct {
	link     *catalogue.PublicLink
	visit    visit
	sealed   string // the visit
	redeemed bool   // by a claim token just now, which is to leave the address
}

// carried are the values that an app may send along with a visitor.
var carried = []string{"correlation_id", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"}

var goodCode = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// code reads what a page is found by; what cannot be one finds nothing.
func (k *call) code() string {
	if code := k.Param("code"); goodCode.MatchString(code) {
		return code
	}
	return ""
}

// findVisit finds the link and the visit of a request, and sets whose page it is. Values are those of the query or of the form.
func (h *visits) findVisit(k *call, values url.Values) (a *openedVisit, err error) {
	a = &openedVisit{}
	if a.link, k.App, err = h.catalogue.OpenPublicLink(k, k.code()); err != nil {
		return nil, err
	}
	metadata, err := readCarried(values)
	if err != nil {
		return nil, err
	}
	a.visit = visit{ID: uuid.New(), Metadata: metadata, Until: time.Now().Add(visitLife)}
	switch token, sealed := values.Get("claim_token"), values.Get("visit"); {
	case token != "":
		err = h.redeemToken(k, a, token)
	case sealed != "":
		err = h.unsealVisit(a, sealed)
	}
	if err != nil {
		return nil, err
	}
	if a.link.RequireClaimToken && a.visit.Jti == "" {
		return nil, fault.Errorf(fault.ClaimMissing, "This link asks for a claim token.")
	}
	return a, h.sealVisit(a)
}

// readCarried refuses what is longer than Cronofy takes, or no text.
func readCarried(values url.Values) (map[string]string, error) {
	metadata := map[string]string{}
	for _, name := range carried {
		value := values.Get(name)
		if utf8.RuneCountInString(value) > service.MaxParameter || !utf8.ValidString(value) || plainText(value) != value {
			return nil, fault.Errorf(fault.InvalidParameter, "%s must be a text of up to %d characters.", name, service.MaxParameter)
		}
		if value != "" {
			metadata[name] = value
		}
	}
	return metadata, nil
}

// redeemToken makes a visit of a claim token. The token is spent by a booking, not by a look: scanners and the back button look.
func (h *visits) redeemToken(k *call, a *openedVisit, raw string) error {
	token, err := h.tokens.ReadClaimToken(k, a.link.AppID, raw)
	if err != nil {
		return h.hideIssuerError(k, a.link, err)
	}
	spent, err := h.requests.ClaimSpent(k, a.link.AppID, token.ID)
	if err != nil {
		return err
	}
	if spent {
		return fault.Errorf(fault.ClaimReplayed, "The claim token has been used for a booking already.")
	}
	a.visit.Jti, a.visit.Expires, a.redeemed = token.ID, token.ExpiresAt, true
	return nil
}

// hideIssuerError logs what is wrong with a claim token, and shows the visitor less, so that guesses of issuers show nothing.
func (h *visits) hideIssuerError(k *call, link *catalogue.PublicLink, err error) error {
	code := fault.CodeOf(err)
	if code == fault.Internal {
		return err
	}
	h.log.Warn("a claim token was refused", "code", code, "link", link.ID, "app", link.AppID, "request_id", edge.RequestID(k.Context))
	if code == fault.ClaimUnknownIssuer {
		return fault.Errorf(fault.ClaimInvalidSignature, "The claim token's signature is wrong.")
	}
	return err
}

// unsealVisit reads a visit. One that brought no claim token can be begun anew at any time.
func (h *visits) unsealVisit(a *openedVisit, sealed string) error {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	var v visit
	if err == nil {
		err = h.vault.OpenJSON(raw, visitSecret(a.link.ID), &v)
	}
	if err != nil || v.ID == uuid.Nil {
		return fault.Wrap(err, fault.LinkInvalid, "This address is not complete.")
	}
	if v.Until.Before(time.Now()) {
		if v.Jti != "" {
			return fault.Errorf(fault.TokenExpired, "This page was open for too long.")
		}
		v.ID, v.Until = uuid.New(), time.Now().Add(visitLife)
	}
	a.visit = v
	return nil
}

func (h *visits) sealVisit(a *openedVisit) error {
	raw, err := h.vault.SealJSON(a.visit, visitSecret(a.link.ID))
	a.sealed = base64.RawURLEncoding.EncodeToString(raw)
	return err
}

func visitSecret(link uuid.UUID) string { return "visit/" + link.String() }

// redirectToVisit leads from the address with the claim token to one with the visit: tokens do not belong in histories.
func (a *openedVisit) redirectToVisit(k *call) error {
	query := k.Request.URL.Query()
	for _, name := range append([]string{"claim_token"}, carried...) {
		query.Del(name)
	}
	query.Set("visit", a.sealed)
	k.Redirect(http.StatusSeeOther, "/pls/"+a.link.Code+"?"+query.Encode())
	return nil
}

// claimToSpend is the claim token that a booking of this visit spends; nil for none. It is kept while the visit is good, so that
// the visit does not outlive the memory of it.
func (v *visit) claimToSpend() *booking.Claim {
	if v.Jti == "" {
		return nil
	}
	until := v.Expires
	if v.Until.After(until) {
		until = v.Until
	}
	return &booking.Claim{ID: v.Jti, Until: until}
}

// request makes the scheduling request of one try of the visit to book. Its name comes of the visit, whose id is secret, and the
// booking's id comes of the name: a repeat finds the first try, and a booking shows which visit made it.
func (v *visit) request(app, operation uuid.UUID) (r *booking.SchedulingRequest, made uuid.UUID) {
	sum := sha256.Sum256(append(v.ID[:], operation[:]...))
	r = service.NewRequest(uuid.Nil, app)
	r.Name, r.Attributed, r.Metadata = "srq_"+hex.EncodeToString(sum[:12]), v.Jti != "", v.Metadata
	made = v.booking(r.Name)
	r.ID = uuid.NewSHA1(made, []byte("scheduling request"))
	return r, made
}

func (v *visit) booking(name string) uuid.UUID { return uuid.NewSHA1(v.ID, []byte(name)) }

// spentOn finds what the visit's claim token was spent on: nil for nothing, ClaimReplayed when another visit did it.
func (h *visits) spentOn(k *call, a *openedVisit) (*booking.Booking, error) {
	if a.visit.Jti == "" {
		return nil, nil
	}
	b, err := h.requests.ClaimedBooking(k, a.link.AppID, a.visit.Jti)
	if err != nil || b == nil {
		return nil, err
	}
	if b.Request == nil || a.visit.booking(b.Request.Name) != b.ID {
		return nil, fault.Errorf(fault.ClaimReplayed, "The claim token has been used for a booking already.")
	}
	return b, nil
}
