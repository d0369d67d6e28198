package links

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// vaultVersion is the first byte of what Seal makes: AES-256-GCM, the key derived with "holdfast/vault/v1", then a
// nonce of 12 random bytes, the ciphertext and a tag of 16.
const vaultVersion = 1

// errSealed is all that Open says: which part was wrong would help a guesser only.
var errSealed = errors.New("links: the sealed value cannot be opened")

// Vault seals API keys for the database. It lives here because links are the reason that keys are kept at all and not
// only hashed: users sign their links with them. It is safe for concurrent use.
type Vault struct {
	aead  cipher.AEAD
	print []byte // the key of fingerprints
	reach []byte // the key of digests of addresses
}

// NewVault makes a vault from the master key, which is 32 random bytes; any other length is an error.
func NewVault(master []byte) (*Vault, error) {
	if len(master) != masterBytes {
		return nil, fmt.Errorf("links: the master key has %d bytes, not %d", len(master), masterBytes)
	}
	key, err := hkdf.Key(sha256.New, master, nil, "holdfast/vault/v1", masterBytes)
	if err != nil {
		return nil, fmt.Errorf("links: derive the vault's key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("links: make the vault's cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("links: make the vault's cipher: %w", err)
	}
	fingerprints, err := hkdf.Key(sha256.New, master, nil, "holdfast/fingerprint/v1", masterBytes)
	if err != nil {
		return nil, fmt.Errorf("links: derive the key of fingerprints: %w", err)
	}
	contacts, err := hkdf.Key(sha256.New, master, nil, "holdfast/contact/v1", masterBytes)
	if err != nil {
		return nil, fmt.Errorf("links: derive the key of contacts: %w", err)
	}
	return &Vault{aead: aead, print: fingerprints, reach: contacts}, nil
}

// Fingerprint is a keyed hash: it distinguishes texts, and its reader cannot try out what the text may have been.
func (v *Vault) Fingerprint(text []byte) []byte {
	sum := hmac.New(sha256.New, v.print)
	sum.Write(text)
	return sum.Sum(nil)
}

// ContactDigest is a keyed hash of an e-mail address or a phone number (E.164) of an app, 32 bytes: the record can compare addresses by it,
// and who reads the record cannot try out which ones they are. Case and the space around the address do not count.
func (v *Vault) ContactDigest(app uuid.UUID, address string) []byte {
	sum := hmac.New(sha256.New, v.reach)
	sum.Write(app[:])
	sum.Write([]byte(strings.ToLower(strings.TrimSpace(address))))
	return sum.Sum(nil)
}

// Seal encrypts. The context, such as the row's id, is not kept but must be given again to open, so that a sealed value
// copied to another row stays shut. Sealing the same twice gives two values.
func (v *Vault) Seal(plain []byte, context string) ([]byte, error) {
	return v.aead.Seal([]byte{vaultVersion}, nil, plain, bound(context)), nil //nolint:gosec // the cipher draws the nonce itself
}

// Open decrypts what Seal made under the same master key and context; anything else is an error.
func (v *Vault) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != vaultVersion {
		return nil, errSealed
	}
	plain, err := v.aead.Open(nil, nil, sealed[1:], bound(context))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// SealJSON encrypts a value as JSON; see Seal.
func (v *Vault) SealJSON(value any, context string) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("links: seal as JSON: %w", err)
	}
	return v.Seal(text, context)
}

// OpenJSON decrypts what SealJSON made into the value; nothing sealed leaves it as it is.
func (v *Vault) OpenJSON(sealed []byte, context string, value any) error {
	if len(sealed) == 0 {
		return nil
	}
	text, err := v.Open(sealed, context)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, value)
}

// bound is what the tag covers besides the ciphertext.
func bound(context string) []byte { return append([]byte{vaultVersion}, context...) }
