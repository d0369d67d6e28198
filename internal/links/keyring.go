// Package links signs and checks the tokens of action links, decides where a link may send its visitor afterwards, and
// seals the API keys that users sign links with.
package links

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/internal/fault"
)

const (
	masterBytes  = 32
	currentKeyID = "hf1"         // the kid of our own tokens; the names hf<digits> are kept for them
	audience     = "action-link" // one purpose per token
	leeway       = 5 * time.Second
)

// MaxToken is how long a token may be, in bytes. It is checked before anything is parsed.
const MaxToken = 2 << 10

// The public texts: one for every reason, so that a refusal teaches nothing.
const (
	invalidText = "This link is not valid."
	expiredText = "This link has expired."
)

// Keyring signs our own links and checks all of them. It is safe for concurrent use.
type Keyring struct {
	master  []byte
	derived sync.Map // the key of each app, by kid and app: deriving one costs more than signing
}

// NewKeyring makes a keyring from the master key, which is 32 random bytes; any other length is an error.
func NewKeyring(master []byte) (*Keyring, error) {
	if len(master) != masterBytes {
		return nil, fmt.Errorf("links: the master key has %d bytes, not %d", len(master), masterBytes)
	}
	return &Keyring{master: slices.Clone(master)}, nil
}

// Sign makes one of our own tokens for a link of the app. Booking, action and both times must be given; times are cut
// to whole seconds. Equal claims with a given ID give equal tokens; without one a random ID makes each token new. A
// token that Verify would find too long is an error.
func (k *Keyring) Sign(appID string, c Claims) (string, error) {
	if appID == "" || !isName(c.BookingID) || !isName(c.Action) || c.IssuedAt.IsZero() || c.ExpiresAt.IsZero() {
		return "", errors.New("links: a token needs an app, a booking, an action and its times")
	}
	if c.ID == "" {
		c.ID = rand.Text()
	}
	said := jwt.MapClaims{
		"aud": audience, "booking_id": c.BookingID, "action": c.Action, "jti": c.ID,
		"iat": c.IssuedAt.Unix(), "exp": c.ExpiresAt.Unix(),
	}
	if c.Redirect != "" {
		said["redirect"] = c.Redirect
	}
	key, err := k.key(currentKeyID, appID)
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, said)
	token.Header["kid"] = currentKeyID
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("links: sign: %w", err)
	}
	if len(signed) > MaxToken {
		return "", fmt.Errorf("links: the token would have %d bytes, more than %d", len(signed), MaxToken)
	}
	return signed, nil
}

// Verify checks a token for the app, against its live API keys or, when its kid is ours, against the app's derived key
// alone: the header decides the kind, so the holder of an API key cannot make a token that counts as ours. Errors are
// fault.LinkInvalid, or fault.LinkExpired when nothing but the time is wrong. The caller still has to ask
// Claims.For whether it is the right booking and action, and to spend Claims.SpendKey.
func (k *Keyring) Verify(token, appID string, apiKeys []string, now time.Time) (Claims, error) {
	if appID == "" {
		return Claims{}, refuse(errors.New("no app"))
	}
	head, err := readHeader(token)
	if err != nil {
		return Claims{}, refuse(err)
	}
	keys, options, err := k.terms(head, appID, apiKeys)
	if err != nil {
		return Claims{}, refuse(err)
	}
	var said payload
	options = append(options, jwt.WithValidMethods([]string{"HS256"}), jwt.WithStrictDecoding(), jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(func() time.Time { return now }))
	_, err = jwt.NewParser(options...).ParseWithClaims(token, &said, func(*jwt.Token) (any, error) { return keys, nil })
	if err != nil {
		return Claims{}, refuse(err)
	}
	return said.claims(appID, head.own(), signedPart(token)), nil
}

// terms gives the keys that may have signed a token with this header, and what its claims must hold beyond the rest.
func (k *Keyring) terms(head header, appID string, apiKeys []string) (jwt.VerificationKeySet, []jwt.ParserOption, error) {
	var keys jwt.VerificationKeySet
	if !head.own() {
		for _, key := range apiKeys {
			if key != "" { // anybody can sign with an empty key
				keys.Keys = append(keys.Keys, []byte(key))
			}
		}
		return keys, nil, nil
	}
	if head.kid != currentKeyID || head.typ != "JWT" {
		return keys, nil, errors.New("not a header of ours")
	}
	key, err := k.key(head.kid, appID)
	if err != nil {
		return keys, nil, err
	}
	keys.Keys = []jwt.VerificationKey{key}
	return keys, []jwt.ParserOption{jwt.WithExpirationRequired(), jwt.WithAudience(audience)}, nil
}

// key derives the app's key. The app is part of it, so one app's token can never pass for another's.
func (k *Keyring) key(kid, appID string) ([]byte, error) {
	name := kid + "/" + appID
	if known, ok := k.derived.Load(name); ok {
		return known.([]byte), nil //nolint:forcetypeassert // nothing else is stored
	}
	key, err := hkdf.Key(sha256.New, k.master, nil, "holdfast/action-link/v1/"+name, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("links: derive a key: %w", err)
	}
	k.derived.Store(name, key)
	return key, nil
}

// refuse hides the reason behind one of the two public texts. "Expired" is only said when the signature was right and
// all else held: the library reports it together with any other fault of the claims, and after the signature.
func refuse(cause error) error {
	others := []error{jwt.ErrTokenSignatureInvalid, jwt.ErrTokenNotValidYet, jwt.ErrTokenUsedBeforeIssued,
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenRequiredClaimMissing, errContent}
	if errors.Is(cause, jwt.ErrTokenExpired) && !slices.ContainsFunc(others, func(e error) bool { return errors.Is(cause, e) }) {
		return fault.Wrap(cause, fault.LinkExpired, expiredText)
	}
	return fault.Wrap(cause, fault.LinkInvalid, invalidText)
}
