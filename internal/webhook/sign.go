// Package webhook signs, guards and sends webhooks, and says when to try again. It has neither SQL nor bookings: a
// caller hands it a request and gets back what became of it.
package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/fault"
)

const secretPrefix = "whsec_"

// The key sizes, in bytes, that Standard Webhooks allows for v1.
const (
	minKeyBytes = 24
	maxKeyBytes = 64
	newKeyBytes = 32
)

// Errors of Sign. They never carry the secret.
var (
	errNoSecret  = errors.New("webhook: no signing secret")
	errBadSecret = errors.New("webhook: a signing secret is not whsec_ and the base64 of 24 to 64 bytes")
	errBadID     = errors.New("webhook: a message id is letters, digits, '_' and '-' only")
)

// NewSecret makes a signing secret as Standard Webhooks writes it: whsec_ and the base64 of 32 random bytes.
func NewSecret() string {
	key := make([]byte, newKeyBytes)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// CheckSecret returns what is wrong with a signing secret that a caller supplies: nil, or a fault.Invalid error whose
// text follows the field's name and does not repeat the secret.
func CheckSecret(secret string) error {
	if _, err := secretKey(secret); err != nil {
		return fault.Errorf(fault.Invalid, "must be whsec_ and the base64 of 24 to 64 bytes")
	}
	return nil
}

// Sign gives the value of the webhook-signature header, after Standard Webhooks v1: one "v1,<base64>" per secret, in
// their order, separated by spaces. While a secret is being rotated both the new and the old one sign. The time counts
// in whole seconds and belongs to the attempt, not to the event. An id with a '.' is an error, for the dot separates
// the signed parts.
func Sign(id string, at time.Time, body []byte, secrets ...string) (string, error) {
	if !plainID(id) {
		return "", errBadID
	}
	if len(secrets) == 0 {
		return "", errNoSecret
	}
	entries := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		key, err := secretKey(secret)
		if err != nil {
			return "", err
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		entries = append(entries, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(entries, " "), nil
}

// TimekitSignature gives the value of the x-timekit-signature header: HMAC-SHA256 of the raw body in lower-case hex,
// under the secret's bytes as they are. It covers no time, so it does not stop a replay; webhook-signature does.
func TimekitSignature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// CronofySignature gives the value of the Cronofy-HMAC-SHA256 header: one digest of the raw body per secret, in standard
// base64, separated by commas without spaces. Like Timekit's it covers no time.
func CronofySignature(body []byte, secrets ...string) string {
	digests := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		digests[i] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(digests, ",")
}

func secretKey(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, errBadSecret
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(key) < minKeyBytes || len(key) > maxKeyBytes {
		return nil, errBadSecret
	}
	return key, nil
}

func plainID(id string) bool {
	for _, c := range []byte(id) {
		if !isAlphanumeric(c) && c != '_' && c != '-' {
			return false
		}
	}
	return id != ""
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
