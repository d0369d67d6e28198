// Package outbox holds what webhooks are made of: events, the endpoints that subscribe to them, deliveries and attempts.
package outbox

import (
	"time"

	"github.com/google/uuid"
)

// Endpoint is a webhook subscription. A filter that is empty lets everything about bookings pass.
type Endpoint struct {
	ID          uuid.UUID
	AppID       uuid.UUID
	Name        string // by which effects of graphs find it; "" for none, else no other of its app has it
	URL         string
	Method      string
	Description string
	Format      Format
	Graphs      []string
	States      []string
	EventTypes  []string // names, or "family.*"; only these bring changes that are not about bookings
	Projects    []uuid.UUID
	Services    []uuid.UUID // of the booking's project
	Headers     []byte      // sealed JSON object of the endpoint's own headers; nil for none
	Ordered     bool        // of one booking, a later event waits until the earlier one is through or given up
	InFlight    int         // requests on their way at the same time, at most
	PerSecond   int         // attempts per second, at most; 0 = no limit
	Status      EndpointStatus
	Reason      PauseReason // why it is not active
	Secret      []byte      // sealed whsec_ secret, the newest one
	// OldSecretsUntil is when each secret that is being rotated out stops to sign; for views only.
	OldSecretsUntil []time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
	Purpose         Purpose
	Expected        int // the only HTTP status that counts as delivered; 0 = any 2xx
	Health          Health
	EmbedCallback   bool // it is the app's callback for scheduling requests
}

// Health is how an endpoint has been doing.
type Health struct {
	SucceededAt  *time.Time // the last success
	FailingSince *time.Time // the first failure since then
	Failures     int        // how many since then
	OpenUntil    *time.Time // the breaker is open: nothing is sent before; one probe after
	Pending      int        // deliveries that wait; counted for views only
	Dropped      int        // deliveries that were dropped because the endpoint was paused for too long; for views only
	DroppedAt    *time.Time // when the last ones were
	LastStatus   int        // of the last failed attempt's answer; for views of mailers only
	LastError    string     // the same: its code
}

// EndpointStatus says whether an endpoint is sent to.
type EndpointStatus string

// The statuses of an endpoint.
const (
	EndpointActive   EndpointStatus = "active"
	EndpointPaused   EndpointStatus = "paused"   // its events are kept for when it is resumed
	EndpointDisabled EndpointStatus = "disabled" // it answered 410: nothing is kept or sent until it is changed or resumed
)

// PauseReason is why an endpoint is paused or disabled.
type PauseReason string

// The reasons.
const (
	PausedByHand  PauseReason = "by_hand"
	PausedFailing PauseReason = "failing" // five days without a success
	ReceiverGone  PauseReason = "gone"    // 410
)

// MaxSecrets is how many secrets of one endpoint sign at the same time: the newest and those that are being rotated out.
const MaxSecrets = 3

// DefaultInFlight is how many requests may be on their way to one endpoint at the same time, unless it says otherwise.
const DefaultInFlight = 4

// MaxEndpoints is how many endpoints an app may have.
const MaxEndpoints = 50

// Purpose is what an endpoint is for.
type Purpose string

// The purposes of endpoints.
const (
	ForSubscription Purpose = "subscription" // every transition that its filters let through
	ForReminders    Purpose = "reminder"     // reminders that name its URL, and nothing else
	ForMail         Purpose = "mail"         // mails about bookings; one per app
)
