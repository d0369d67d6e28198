// Package tenant holds an app, its settings, and the credentials that act for it.
package tenant

import (
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/clock"
	"holdfast/internal/policy"
)

// App is a tenant.
type App struct {
	ID            uuid.UUID
	Name          string
	Slug          string
	TestMode      bool        // fixed when the app is made
	Clock         clock.Clock // its own time; the zero Clock of live apps
	Settings      AppSettings
	WebhookSecret []byte // sealed; signs x-timekit-signature
	// Graphs is what the app can book by; nil for the built-in graphs alone. Of a bare name with weights it has one version, drawn as the
	// app was loaded.
	Graphs         *Graphs
	GraphsRevision int // grows with the app's own graphs; 0 = it has none
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// AppSettings are an app's own rules.
type AppSettings struct {
	ActionLinks   LinkMode `json:"action_links"`
	RedirectHosts []string `json:"redirect_hosts"` // "example.com" or "example.com:8443"; where links may send people

	// GraphVersions are the versions that bare names of graphs stand for in what is booked from now on; a name that is missing
	// stands for version 1.
	GraphVersions map[string]int `json:"graph_versions,omitempty"`

	// Policy rules all bookings of the app, where nothing nearer says otherwise; nil for none.
	Policy *policy.Policy `json:"policy,omitempty"`

	// DisableEmail keeps mails from being sent; Language is what they are written in where their receiver has no other, empty for English.
	DisableEmail bool   `json:"disable_email,omitempty"`
	Language     string `json:"language,omitempty"`
	// QuietHours hold back reminders and follow-ups by mail; nil for none.
	QuietHours *QuietHours `json:"quiet_hours,omitempty"`

	// What holds for widget keys, which are public. New apps begin with both; apps made before there were these settings have
	// neither until they say so.
	WidgetRequiresProject         bool `json:"widget_requires_project"`          // time is sold and shown through projects only
	WidgetRescheduleRequiresProof bool `json:"widget_reschedule_requires_proof"` // the id of a booking is not enough to move it
}

// QuietHours are a part of every day, by the clocks of whom it is about. It may go over midnight.
type QuietHours struct {
	From ClockTime `json:"from"`
	To   ClockTime `json:"to"`
}

// ClockTime is what clocks show, from 00:00 to 23:59.
type ClockTime string

var clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// Valid reports whether clocks show the time.
func (t ClockTime) Valid() bool { return clockTime.MatchString(string(t)) }

// Minutes is how many minutes the time is behind 00:00; 0 for one that is not valid.
func (t ClockTime) Minutes() int {
	parts := clockTime.FindStringSubmatch(string(t))
	if parts == nil {
		return 0
	}
	hours, _ := strconv.Atoi(parts[1]) // two digits
	minutes, _ := strconv.Atoi(parts[2])
	return hours*60 + minutes
}

// NewAppSettings are the settings a new app begins with.
func NewAppSettings() AppSettings {
	return AppSettings{
		ActionLinks: ConfirmPage, RedirectHosts: []string{}, WidgetRequiresProject: true, WidgetRescheduleRequiresProof: true,
	}
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
	ClientKey KeyKind = "client" // a client secret: scheduling requests only
)

// Key is an API key without the key itself.
type Key struct {
	ID         uuid.UUID
	AppID      uuid.UUID
	Kind       KeyKind
	Name       string
	Hint       string // the first characters, to distinguish keys
	CreatedAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

// The contexts that sealed secrets are bound to, so that one cannot be passed off as another.

// AppSecret binds an app's webhook secret.
func AppSecret(app uuid.UUID) string { return "app/" + app.String() }

// EndpointSecret binds a webhook endpoint's secret.
func EndpointSecret(endpoint uuid.UUID) string { return "endpoint/" + endpoint.String() }

// EndpointHeaders binds a webhook endpoint's own headers.
func EndpointHeaders(endpoint uuid.UUID) string { return "headers/" + endpoint.String() }

// EmbedSecret binds the secret of an embed credential.
func EmbedSecret(credential uuid.UUID) string { return "embed/" + credential.String() }

// ClientSecretSeal binds a client secret.
func ClientSecretSeal(secret uuid.UUID) string { return "client/" + secret.String() }

// KeySecret binds an API key.
func KeySecret(key uuid.UUID) string { return "key/" + key.String() }
