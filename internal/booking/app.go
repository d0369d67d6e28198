package booking

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// App is a tenant.
type App struct {
	ID            uuid.UUID
	Name          string
	Slug          string
	TestMode      bool
	Settings      AppSettings
	WebhookSecret []byte // sealed; signs x-timekit-signature
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// AppSettings are an app's own rules.
type AppSettings struct {
	ActionLinks   LinkMode `json:"action_links"`
	RedirectHosts []string `json:"redirect_hosts"` // "example.com" or "example.com:8443"; where links may send people
}

// LinkMode says what opening an action link does.
type LinkMode string

// The link modes. Mail scanners follow links, so the default asks once more.
const (
	ConfirmPage LinkMode = "confirm_page" // GET shows a page with one button, POST acts
	OneClick    LinkMode = "one_click"    // GET acts at once and redirects
)

// KeyKind says what an API key may do.
type KeyKind string

// The kinds of keys.
const (
	ServerKey KeyKind = "server" // everything of its app; signs action links
	WidgetKey KeyKind = "widget" // safe in a browser: reads little, books
)

// Key is an API key without the key itself.
type Key struct {
	ID         uuid.UUID
	AppID      uuid.UUID
	Kind       KeyKind
	Name       string
	Hint       string // the first characters, to tell keys apart
	CreatedAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

// Endpoint is a webhook subscription.
type Endpoint struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	URL       string
	Method    string
	Graph     string // "" = every graph
	State     string // "" = every state
	Status    EndpointStatus
	Secret    []byte // sealed whsec_ secret
	CreatedAt time.Time
	UpdatedAt time.Time
	Purpose   Purpose
	Expected  int // the only HTTP status that counts as delivered; 0 = any 2xx
}

// EndpointStatus says whether an endpoint is sent to.
type EndpointStatus string

// The statuses of an endpoint.
const (
	EndpointActive   EndpointStatus = "active"
	EndpointDisabled EndpointStatus = "disabled" // it answered 410: nothing more is sent until it is changed
)

// Delivery is one event for one endpoint, claimed for one attempt.
type Delivery struct {
	ID        uuid.UUID
	EventID   uuid.UUID
	BookingID uuid.UUID
	Seq       int
	Type      string
	Attempt   int             // 1 for the first
	Snapshot  json.RawMessage // a Booking
	EventAt   time.Time
}

// Attempt is one HTTP request of a delivery, on record.
type Attempt struct {
	DeliveryID      uuid.UUID
	Number          int
	StartedAt       time.Time
	Duration        time.Duration
	Status          int    // HTTP status, 0 when none came
	ErrorCode       string // "" when a 2xx came
	RequestHeaders  json.RawMessage
	ResponseHeaders json.RawMessage
	ResponseBody    []byte
}

// Drain is the input of the activity that sends an endpoint's due deliveries.
type Drain struct {
	EndpointID uuid.UUID `json:"endpoint_id"`
}

// Drained is what a drain left behind.
type Drained struct {
	Sent int       `json:"sent"`
	Next time.Time `json:"next"` // when the next delivery is due; zero when none waits
	Gone bool      `json:"gone"` // the endpoint was deleted or disabled
}

// Swept counts what a sweep had to put right.
type Swept struct {
	Bookings  int `json:"bookings"`
	Actions   int `json:"actions"`
	Endpoints int `json:"endpoints"`
}

// EventType names the event of reaching a state: booking.confirmed, booking.cancelled and so on.
func EventType(state string) string { return "booking." + state }

// The contexts that sealed secrets are bound to, so that one cannot be passed off as another.

// AppSecret binds an app's webhook secret.
func AppSecret(app uuid.UUID) string { return "app/" + app.String() }

// EndpointSecret binds a webhook endpoint's secret.
func EndpointSecret(endpoint uuid.UUID) string { return "endpoint/" + endpoint.String() }

// KeySecret binds an API key.
func KeySecret(key uuid.UUID) string { return "key/" + key.String() }
