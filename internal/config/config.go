// Package config reads the settings of a production process from the environment, once, and says everything that is
// wrong with them in one message.
package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"holdfast/internal/mail/relay"
)

// Config has all settings of a process. Secrets print as "***".
type Config struct {
	HTTPAddr    string `env:"HOLDFAST_HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	MetricsAddr string `env:"HOLDFAST_METRICS_ADDR"` // shows this process' metrics; empty = the API's /metrics, with the admin key
	PublicURL   string `env:"HOLDFAST_PUBLIC_URL"`   // where customers reach the API; links are made with it

	DatabaseURL Secret `env:"HOLDFAST_DATABASE_URL"`
	MaxConns    int    `env:"HOLDFAST_DATABASE_MAX_CONNS" envDefault:"20"`
	ListenURL   Secret `env:"HOLDFAST_DATABASE_LISTEN_URL"` // API: where to LISTEN, when the other goes through a pooler; empty = the same

	TemporalAddress   string `env:"HOLDFAST_TEMPORAL_ADDRESS" envDefault:"127.0.0.1:7233"`
	TemporalNamespace string `env:"HOLDFAST_TEMPORAL_NAMESPACE" envDefault:"default"`
	TemporalAPIKey    Secret `env:"HOLDFAST_TEMPORAL_API_KEY"` // Temporal Cloud; turns TLS on
	TemporalTLS       bool   `env:"HOLDFAST_TEMPORAL_TLS"`
	TemporalCert      string `env:"HOLDFAST_TEMPORAL_TLS_CERT"` // files, for mutual TLS
	TemporalKey       string `env:"HOLDFAST_TEMPORAL_TLS_KEY"`
	TaskQueue         string `env:"HOLDFAST_TASK_QUEUE" envDefault:"holdfast"`
	// auto = look whether Temporal has them, or register them; on = the operator has; off = do without.
	TemporalAttributes string `env:"HOLDFAST_TEMPORAL_SEARCH_ATTRIBUTES" envDefault:"auto"`

	Portal        bool   `env:"HOLDFAST_PORTAL" envDefault:"true"` // the pages under /portal
	TemporalUIURL string `env:"HOLDFAST_TEMPORAL_UI_URL"`          // where people reach Temporal's UI; empty = the portal does not link to it

	SecretKey Secret `env:"HOLDFAST_SECRET_KEY"` // 32 bytes as hex or base64; seals keys and signs links
	AdminKey  Secret `env:"HOLDFAST_ADMIN_KEY"`  // guards /v2/apps; empty = those routes are off

	RateLimit       int            `env:"HOLDFAST_RATE_LIMIT" envDefault:"6000"`       // requests per minute of a server key; 0 = no limit
	WidgetRateLimit int            `env:"HOLDFAST_WIDGET_RATE_LIMIT" envDefault:"300"` // of a widget key from one address
	BadKeyLimit     int            `env:"HOLDFAST_BAD_KEY_LIMIT" envDefault:"120"`     // with unknown keys from one address
	TrustedProxies  []netip.Prefix `env:"HOLDFAST_TRUSTED_PROXIES"`                    // whose X-Forwarded-For names the visitor

	WebhookAllowLoopback bool           `env:"HOLDFAST_WEBHOOK_ALLOW_LOOPBACK"`
	WebhookAllowNetworks []netip.Prefix `env:"HOLDFAST_WEBHOOK_ALLOW_NETWORKS"` // private networks opened on purpose
	WebhookAllowHTTP     bool           `env:"HOLDFAST_WEBHOOK_ALLOW_HTTP"`
	WebhookTimeout       time.Duration  `env:"HOLDFAST_WEBHOOK_TIMEOUT" envDefault:"10s"`

	SMTPURL  Secret `env:"HOLDFAST_SMTP_URL"`  // the mail server for all apps, smtp://user:password@host:587; empty = none
	MailFrom string `env:"HOLDFAST_MAIL_FROM"` // who mails are from, "Salon <bookings@example.com>"; needed with the former

	MailDelay time.Duration `env:"HOLDFAST_MAIL_DELAY" envDefault:"20s"` // how long a mail waits for a later change that says more

	StripeURL string `env:"HOLDFAST_STRIPE_URL"` // where Stripe's API is; empty = at Stripe. Another one is for tests

	EventRetention   time.Duration `env:"HOLDFAST_EVENT_RETENTION" envDefault:"720h"`    // how long changes and what was sent of them are kept
	PausedRetention  time.Duration `env:"HOLDFAST_PAUSED_RETENTION" envDefault:"720h"`   // how long what waits for a paused endpoint is kept
	PausedBacklog    int           `env:"HOLDFAST_PAUSED_BACKLOG" envDefault:"100000"`   // how many deliveries wait for a paused endpoint
	RequestRetention time.Duration `env:"HOLDFAST_REQUEST_RETENTION" envDefault:"2160h"` // how long requests without a picked time are kept

	Wait        time.Duration `env:"HOLDFAST_WAIT" envDefault:"10s"` // how long an action waits for its outcome
	SweepEvery  time.Duration `env:"HOLDFAST_SWEEP_EVERY" envDefault:"1m"`
	StopTimeout time.Duration `env:"HOLDFAST_STOP_TIMEOUT" envDefault:"20s"`
	LogLevel    slog.Level    `env:"HOLDFAST_LOG_LEVEL" envDefault:"info"`
}

// LongestWait is how long a request may wait for its outcome. The server's own time-outs begin behind it.
const LongestWait = 25 * time.Second

// Secret is a text that does not print, neither by fmt nor as JSON nor in a log.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Format hides the secret from fmt, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText hides the secret from JSON, also inside of other values that slog writes.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Read takes the settings from the environment. An unknown HOLDFAST_ variable is a fault: it is a misspelt one.
func Read(environ []string) (Config, error) {
	var c Config
	given := given(environ)
	err := env.ParseWithOptions(&c, env.Options{Environment: given})
	return c, errors.Join(unread(given, err), unknown(given))
}

// given returns the variables that are set. One that is present but empty is not.
func given(environ []string) map[string]string {
	all := env.ToMap(environ)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// FromEnvironment reads the process's own environment.
func FromEnvironment() (Config, error) { return Read(os.Environ()) }

// Check returns every fault of the settings as one error. PublicURL falls back to the HTTP address.
func (c *Config) Check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.DatabaseURL == "" {
		fault("HOLDFAST_DATABASE_URL is missing: postgres://user:password@host:5432/database")
	}
	if _, err := c.Master(); err != nil {
		fault("HOLDFAST_SECRET_KEY %w; make one with: openssl rand -hex 32", err)
	}
	c.checkAddresses(fault)
	if (c.TemporalCert == "") != (c.TemporalKey == "") {
		fault("HOLDFAST_TEMPORAL_TLS_CERT and HOLDFAST_TEMPORAL_TLS_KEY go together")
	}
	if c.AdminKey != "" && len(c.AdminKey) < 16 {
		fault("HOLDFAST_ADMIN_KEY must have at least 16 characters")
	}
	if !slices.Contains([]string{"", "auto", "on", "off"}, c.TemporalAttributes) {
		fault("HOLDFAST_TEMPORAL_SEARCH_ATTRIBUTES must be auto, on or off")
	}
	if c.MaxConns < 2 || c.MaxConns > 1000 {
		fault("HOLDFAST_DATABASE_MAX_CONNS must lie between 2 and 1000")
	}
	if c.PausedBacklog < 1 || c.PausedBacklog > 100_000_000 {
		fault("HOLDFAST_PAUSED_BACKLOG must lie between 1 and 100000000 deliveries")
	}
	c.checkTimes(fault)
	c.checkMail(fault)
	c.checkLimits(fault)
	return errors.Join(faults...)
}

func (c *Config) checkTimes(fault func(format string, args ...any)) {
	if c.Wait < 0 || c.Wait > LongestWait {
		fault("HOLDFAST_WAIT must lie between 0s and %s", LongestWait)
	}
	if c.SweepEvery < time.Second {
		fault("HOLDFAST_SWEEP_EVERY must be at least 1s")
	}
	for name, keep := range map[string]time.Duration{
		"HOLDFAST_EVENT_RETENTION": c.EventRetention, "HOLDFAST_PAUSED_RETENTION": c.PausedRetention,
		"HOLDFAST_REQUEST_RETENTION": c.RequestRetention,
	} {
		if keep < time.Hour {
			fault("%s must be at least 1h", name)
		}
	}
}

func (c *Config) checkAddresses(fault func(format string, args ...any)) {
	host, _, err := net.SplitHostPort(c.HTTPAddr)
	if err != nil {
		fault("HOLDFAST_HTTP_ADDR must be host:port")
	}
	if ip := net.ParseIP(host); c.PublicURL == "" && (host == "" || (ip != nil && ip.IsUnspecified())) {
		fault("HOLDFAST_PUBLIC_URL is missing: where customers reach the API")
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.HTTPAddr
	}
	if !isWeb(c.PublicURL) {
		fault("HOLDFAST_PUBLIC_URL must be an http or https URL")
	}
	if c.TemporalUIURL != "" && !isWeb(c.TemporalUIURL) {
		fault("HOLDFAST_TEMPORAL_UI_URL must be an http or https URL")
	}
}

// checkMail checks how mails leave. No fault has the address of the server, which has a password in it.
func (c *Config) checkMail(fault func(format string, args ...any)) {
	if c.SMTPURL == "" && c.MailFrom == "" {
		return
	}
	if c.SMTPURL == "" || c.MailFrom == "" {
		fault("HOLDFAST_SMTP_URL and HOLDFAST_MAIL_FROM go together")
		return
	}
	if _, err := relay.Parse(string(c.SMTPURL)); err != nil {
		fault("HOLDFAST_SMTP_URL %w", err)
	}
	if c.MailDelay < 0 || c.MailDelay > time.Hour {
		fault("HOLDFAST_MAIL_DELAY must lie between 0s and 1h")
	}
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		fault("HOLDFAST_MAIL_FROM must be an address, such as bookings@example.com or \"Salon <bookings@example.com>\"")
	}
}

func isWeb(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (c *Config) checkLimits(fault func(format string, args ...any)) {
	for name, n := range map[string]int{
		"HOLDFAST_RATE_LIMIT": c.RateLimit, "HOLDFAST_WIDGET_RATE_LIMIT": c.WidgetRateLimit, "HOLDFAST_BAD_KEY_LIMIT": c.BadKeyLimit,
	} {
		if n < 0 || n > 100_000_000 {
			fault("%s must lie between 0 (no limit) and 100000000 requests a minute", name)
		}
	}
}

// Master is the 32 bytes every key of the service is derived from.
func (c *Config) Master() ([]byte, error) {
	text := strings.TrimSpace(string(c.SecretKey))
	if text == "" {
		return nil, errors.New("is missing")
	}
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if key, err := decode(text); err == nil && len(key) == 32 {
			return key, nil
		}
	}
	return nil, errors.New("must be 32 bytes as hex or base64")
}
