package links

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/internal/fault"
)

const (
	claimAudience = "public_link"
	claimLife     = 4 * time.Hour
	claimSkew     = time.Minute // of the issuer's clock, and of libraries that read it twice for iat and exp
	maxClaimBytes = 4096
	maxClaimID    = 255
)

// ClaimToken ties the visitor of a public link to the app that sent them there. It is a JWT after Cronofy's rules, signed
// with the secret of an embed credential.
type ClaimToken struct {
	Issuer    string // the credential's public key, EMB_…
	ID        string // jti: good for one booking
	ExpiresAt time.Time
}

// ReadClaimToken checks a claim token. secretOf gives the secret of a public key, or an error with the code
// fault.ClaimUnknownIssuer; what else goes wrong has a code of its own, in the order of Cronofy's rules. Numbers may have
// fractions, aud may be a list, and a clock that is a minute ahead is forgiven: the published samples need all three.
func ReadClaimToken(token string, now time.Time, secretOf func(issuer string) (string, error)) (ClaimToken, error) {
	claims, err := openClaims(token)
	if err != nil {
		return ClaimToken{}, err
	}
	issuer, _ := text(claims, "iss")
	secret, err := secretOf(issuer)
	if err != nil {
		return ClaimToken{}, err
	}
	if !signedBy(token, secret) {
		return ClaimToken{}, fault.Errorf(fault.ClaimInvalidSignature, "The claim token's signature is wrong.")
	}
	expires, err := claimTimes(claims, now)
	if err != nil {
		return ClaimToken{}, err
	}
	id, err := text(claims, "jti")
	if err != nil || id == "" || len(id) > maxClaimID || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return ClaimToken{}, fault.Errorf(fault.ClaimMissingID, "The claim token has no jti.")
	}
	return ClaimToken{Issuer: issuer, ID: id, ExpiresAt: expires}, nil
}

// openClaims reads what can be read without a key.
func openClaims(token string) (map[string]json.RawMessage, error) {
	malformed := fault.Errorf(fault.ClaimMalformed, "The claim token is not a JWT.")
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxClaimBytes || strings.ContainsFunc(token, func(r rune) bool { return !isTokenRune(r) }) {
		return nil, malformed
	}
	var objects [2]map[string]json.RawMessage
	for i := range objects {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			return nil, malformed
		}
		if objects[i], err = strictObject(raw); err != nil {
			return nil, malformed
		}
	}
	if _, has := objects[0]["crit"]; has {
		return nil, malformed
	}
	if alg, err := text(objects[0], "alg"); err != nil || alg != jwt.SigningMethodHS256.Alg() {
		return nil, fault.Errorf(fault.ClaimAlgorithm, "The claim token is not signed with HS256.")
	}
	return objects[1], nil
}

func signedBy(token, secret string) bool {
	only := jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()})
	parser := jwt.NewParser(only, jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())
	_, err := parser.Parse(token, func(*jwt.Token) (any, error) { return []byte(secret), nil })
	return err == nil && secret != ""
}

// claimTimes checks whom the token is for, and when.
func claimTimes(claims map[string]json.RawMessage, now time.Time) (expires time.Time, err error) {
	if !forPublicLinks(claims["aud"]) {
		return expires, fault.Errorf(fault.ClaimWrongAudience, "The claim token's aud is not %s.", claimAudience)
	}
	issued, err := date(claims, "iat")
	if err != nil || issued == nil || issued.After(now.Add(claimSkew)) {
		return expires, fault.Errorf(fault.ClaimIssuedInFuture, "The claim token's iat is missing, or lies in the future.")
	}
	until, err := date(claims, "exp")
	if err != nil || until == nil || !until.After(now) {
		return expires, fault.Errorf(fault.TokenExpired, "The claim token has expired.")
	}
	if until.Sub(issued.Time) > claimLife+claimSkew {
		return expires, fault.Errorf(fault.ClaimLifetimeTooLong, "The claim token lives longer than four hours.")
	}
	return until.Time, nil
}

func forPublicLinks(raw json.RawMessage) bool {
	var one string
	var list []string
	if json.Unmarshal(raw, &one) == nil {
		return one == claimAudience
	}
	return json.Unmarshal(raw, &list) == nil && slices.Contains(list, claimAudience)
}
