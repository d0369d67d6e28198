package apps

import (
	"strings"

	"github.com/google/uuid"

	"holdfast/internal/links"
	"holdfast/internal/tenant"
)

// The beginnings of keys that Cronofy's documents name, by which people and programs distinguish them.
const (
	embedKeyPrefix     = "EMB_"
	embedSecretPrefix  = "ESK_"
	clientSecretPrefix = "CRN_"
)

// IsClientSecret reports whether a credential is a client secret and not an API key.
func IsClientSecret(key string) bool { return strings.HasPrefix(key, clientSecretPrefix) }

// Code makes what a page is found by that only those may see who were given its address: 131 random bits.
func Code() string { return random(22) }

// NewEmbedCredential makes a pair for claim tokens. The secret is returned once and never again.
func NewEmbedCredential(vault *links.Vault, app, id uuid.UUID) (*tenant.EmbedCredential, string, error) {
	secret := embedSecretPrefix + random(43)
	sealed, err := vault.Seal([]byte(secret), tenant.EmbedSecret(id))
	return &tenant.EmbedCredential{ID: id, AppID: app, PublicKey: embedKeyPrefix + random(22), Sealed: sealed}, secret, err
}

// NewClientSecret makes a client secret with the hash it is looked up by. The secret is returned once and never again.
func NewClientSecret(vault *links.Vault, app, id uuid.UUID) (made *tenant.ClientSecret, hash []byte, secret string, err error) {
	secret = clientSecretPrefix + random(43)
	sealed, err := vault.Seal([]byte(secret), tenant.ClientSecretSeal(id))
	hint := secret[:len(clientSecretPrefix)+4] + "…"
	return &tenant.ClientSecret{ID: id, AppID: app, Hint: hint, Sealed: sealed}, KeyHash(secret), secret, err
}
