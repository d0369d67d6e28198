package tenant

import (
	"time"

	"github.com/google/uuid"
)

// ResourceToken is what a resource calls with for itself: it sees and does its own things only.
const ResourceToken KeyKind = "resource"

// CredentialType says where a resource's token lives. Both may do the same.
type CredentialType string

// The types of credentials.
const (
	ClientToken CredentialType = "client-token"
	ServerToken CredentialType = "server-token"
)

// Credential is a resource's token without the token itself.
type Credential struct {
	ID         uuid.UUID
	AppID      uuid.UUID
	ResourceID uuid.UUID
	Type       CredentialType
	Name       string
	Hint       string // the first characters, to distinguish tokens
	CreatedAt  time.Time
	LastUsedAt *time.Time
	Own        bool // by the resource's own doing, not by a server key; ends with the password
}

// EmbedCredential signs claim tokens: the public key names it in iss, the secret is the key. The secret stands sealed.
type EmbedCredential struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	PublicKey string // EMB_…
	Sealed    []byte // ESK_…
	CreatedAt time.Time
	GoodUntil *time.Time // nil: without end
}

// ClientSecret signs notifications, and is a credential of the app's backend. It stands sealed.
type ClientSecret struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	Hint      string // the first characters, to distinguish secrets
	Sealed    []byte // CRN_…
	CreatedAt time.Time
	GoodUntil *time.Time // nil: without end
}

// MaxClientSecrets is how many client secrets of an app are good at the same time.
const MaxClientSecrets = 2
