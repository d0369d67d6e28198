package links

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// errContent is a token that is well formed and says too little, or is meant for something else.
var errContent = errors.New("the token does not name a booking, an action or this purpose")

// header is the part of a token that decides how the rest is checked.
type header struct{ typ, kid string }

// own reports whether the token claims to be one of ours, by a kid that is kept for us.
func (h header) own() bool {
	digits, ok := strings.CutPrefix(h.kid, "hf")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// readHeader refuses what the JWT library lets pass: other characters than those of a token (its base64 skips line
// breaks, which would give one token many spellings), repeated names, crit, foreign types and nested tokens. A kid that
// is not ours is left to the user's library and means nothing here; jku, jwk and the like are never looked at.
func readHeader(token string) (header, error) {
	if len(token) > MaxToken {
		return header{}, errors.New("the token is too long")
	}
	if strings.ContainsFunc(token, func(r rune) bool { return !isTokenRune(r) }) {
		return header{}, errors.New("the token has characters that no token has")
	}
	segment, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return header{}, errors.New("the header is not base64url")
	}
	object, err := strictObject(raw)
	if err != nil {
		return header{}, err
	}
	for _, name := range []string{"crit", "cty", "b64"} {
		if _, ok := object[name]; ok {
			return header{}, fmt.Errorf("the header has %s", name)
		}
	}
	alg, errAlg := text(object, "alg")
	typ, errTyp := text(object, "typ")
	kid, errKid := text(object, "kid")
	switch {
	case errors.Join(errAlg, errTyp, errKid) != nil:
		return header{}, errors.Join(errAlg, errTyp, errKid)
	case alg != "HS256":
		return header{}, errors.New("the algorithm is not HS256")
	case typ != "" && !strings.EqualFold(typ, "JWT"):
		return header{}, errors.New("the type is not JWT")
	}
	return header{typ: typ, kid: kid}, nil
}

// payload is the strict reading of a token's claims: no name twice, and each claim we use of its own type. Claims that
// we do not use are let be.
type payload struct {
	bookingID, action, id, redirect string
	audience                        jwt.ClaimStrings
	expires, issued, notBefore      *jwt.NumericDate
}

// UnmarshalJSON is called by the JWT library before it checks the signature; it judges shape only.
func (p *payload) UnmarshalJSON(raw []byte) error {
	object, err := strictObject(raw)
	if err != nil {
		return err
	}
	errs := make([]error, 8)
	p.bookingID, errs[0] = text(object, "booking_id")
	p.action, errs[1] = text(object, "action")
	p.id, errs[2] = text(object, "jti")
	p.redirect, errs[3] = text(object, "redirect")
	p.expires, errs[4] = date(object, "exp")
	p.issued, errs[5] = date(object, "iat")
	p.notBefore, errs[6] = date(object, "nbf")
	if aud, ok := object["aud"]; ok {
		errs[7] = json.Unmarshal(aud, &p.audience)
		p.audience = append(p.audience, "") // an empty list is still an audience, and not us
	}
	return errors.Join(errs...)
}

// Validate is called by the JWT library after the signature was found right, and even when the claims were null and
// UnmarshalJSON was not called. A user need not name an audience, but one that is named counts (RFC 7519, 4.1.3).
func (p *payload) Validate() error {
	if !isName(p.bookingID) || !isName(p.action) || p.audience != nil && !slices.Contains(p.audience, audience) {
		return errContent
	}
	return nil
}

func (p *payload) GetExpirationTime() (*jwt.NumericDate, error) { return p.expires, nil }
func (p *payload) GetIssuedAt() (*jwt.NumericDate, error)       { return p.issued, nil }
func (p *payload) GetNotBefore() (*jwt.NumericDate, error)      { return p.notBefore, nil }
func (p *payload) GetAudience() (jwt.ClaimStrings, error)       { return p.audience, nil }
func (p *payload) GetIssuer() (string, error)                   { return "", nil }
func (p *payload) GetSubject() (string, error)                  { return "", nil }

func (p *payload) claims(appID string, own bool, signed string) Claims {
	c := Claims{
		AppID: appID, BookingID: p.bookingID, Action: p.action, ID: p.id, Redirect: p.redirect, Own: own, signed: signed,
	}
	if p.expires != nil {
		c.ExpiresAt = p.expires.Time
	}
	if p.issued != nil {
		c.IssuedAt = p.issued.Time
	}
	return c
}

// signedPart is what the signature covers: header and payload as they stand in the token.
func signedPart(token string) string { return token[:strings.LastIndexByte(token, '.')] }

// strictObject reads a JSON object in UTF-8 in which no name, at any depth, appears twice. RFC 7519 leaves a repeated
// claim open; two readers that choose differently are how one token comes to mean two things.
func strictObject(raw []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("not UTF-8")
	}
	if err := checkNames(json.NewDecoder(bytes.NewReader(raw))); err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, errors.New("not a JSON object")
	}
	if object == nil {
		return nil, errors.New("null is not a JSON object")
	}
	return object, nil
}

// checkNames walks one JSON value. Its depth is bounded by the length of a token.
func checkNames(dec *json.Decoder) error {
	start, err := dec.Token()
	if err != nil {
		return errors.New("not JSON")
	}
	if start != json.Delim('{') && start != json.Delim('[') {
		return nil
	}
	seen := map[json.Token]bool{}
	for dec.More() {
		if start == json.Delim('{') {
			name, err := dec.Token()
			if err != nil || seen[name] {
				return errors.New("a name is broken or appears twice")
			}
			seen[name] = true
		}
		if err := checkNames(dec); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return errors.New("not JSON")
	}
	return nil
}

// text gives a member that is a string, "" when it is missing, and an error when it is anything else, null included.
func text(object map[string]json.RawMessage, name string) (string, error) {
	raw, ok := object[name]
	if !ok {
		return "", nil
	}
	var value string
	if raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return "", fmt.Errorf("%s is not a string", name)
	}
	return value, nil
}

// maxDate is the end of the year 9999, the last one that RFC 3339 can write.
const maxDate = 253402300799

// date gives a member that is a number of seconds since 1970, nil when it is missing.
func date(object map[string]json.RawMessage, name string) (*jwt.NumericDate, error) {
	raw, ok := object[name]
	if !ok {
		return nil, nil
	}
	var seconds float64
	if raw[0] < '0' || raw[0] > '9' || json.Unmarshal(raw, &seconds) != nil || !(seconds <= maxDate) {
		return nil, fmt.Errorf("%s is not a date", name)
	}
	whole, part := math.Modf(seconds)
	return &jwt.NumericDate{Time: time.Unix(int64(whole), int64(part*1e9)).UTC()}, nil
}

// isName accepts what a booking's id or an action can be: short, visible ASCII.
func isName(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 127 })
}

func isTokenRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.'
}
