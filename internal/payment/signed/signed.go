// Package signed takes payments by a provider of the user's own: a program at an address of theirs that answers six signed calls, and sends
// signed webhooks. docs/payments-http.md describes both. It is for providers that Holdfast has no adapter for.
package signed

import (
	"slices"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/payment/provider"
	"holdfast/internal/webhook"
)

// Name is the name of this provider.
const Name = "http"

// Config is a provider of the user's own.
type Config struct {
	URL string `json:"url"` // that is called
	// Secrets sign the calls, the newest first: whsec_… and base64, as for webhooks.
	Secrets []string `json:"secrets"`
	// WebhookSecrets are those that the provider signs its webhooks with; none: it sends none. They are others than Secrets, so that a call
	// cannot be sent back as a webhook.
	WebhookSecrets []string `json:"webhook_secrets,omitempty"`
	Authorize      bool     `json:"authorize,omitempty"`        // it can hold money and capture it later
	MinLifeSeconds int64    `json:"min_life_seconds,omitempty"` // the shortest time that its page stays open; 0 for any
	MaxLifeSeconds int64    `json:"max_life_seconds,omitempty"` // the longest one; 0 for any
}

const (
	maxSecrets = 5
	maxLife    = 7 * 24 * 60 * 60 // seconds
)

// Check adds what is wrong with a config to the problems, under the prefix. The options say which addresses are allowed. No problem repeats
// a secret.
func (c Config) Check(prefix string, o webhook.Options, problems fault.Problems) {
	if err := webhook.CheckURL(c.URL, o); err != nil {
		problems.Add(prefix+".url", "%s", err)
	}
	if len(c.Secrets) == 0 {
		problems.Add(prefix+".secrets", "must have a secret that signs the calls")
	}
	checkSecrets(prefix+".secrets", c.Secrets, problems)
	checkSecrets(prefix+".webhook_secrets", c.WebhookSecrets, problems)
	if slices.ContainsFunc(c.WebhookSecrets, func(s string) bool { return slices.Contains(c.Secrets, s) }) {
		problems.Add(prefix+".webhook_secrets", "must be others than secrets")
	}
	for name, seconds := range map[string]int64{"min_life_seconds": c.MinLifeSeconds, "max_life_seconds": c.MaxLifeSeconds} {
		if seconds < 0 || seconds > maxLife {
			problems.Add(prefix+"."+name, "must lie between 0 and %d", maxLife)
		}
	}
	if c.MaxLifeSeconds > 0 && c.MinLifeSeconds > c.MaxLifeSeconds {
		problems.Add(prefix+".max_life_seconds", "must not be less than min_life_seconds")
	}
}

func checkSecrets(field string, all []string, problems fault.Problems) {
	if len(all) > maxSecrets {
		problems.Add(field, "must not have more than %d entries", maxSecrets)
	}
	for _, secret := range all {
		if err := webhook.CheckSecret(secret); err != nil {
			problems.Add(field, "%s", err)
			return
		}
	}
}

// Provider is a provider of the user's own. It is safe for concurrent use.
type Provider struct {
	config  Config
	sender  *webhook.Sender
	allowed webhook.Options
	now     func() time.Time
}

var _ provider.Provider = (*Provider)(nil)

// New returns the provider of a config that has passed Check. The sender is shared by all of a process; its options say which addresses are
// allowed, also of the page where the customer pays.
func New(c Config, sender *webhook.Sender, o webhook.Options) *Provider {
	return &Provider{config: c, sender: sender, allowed: o, now: time.Now}
}

// Can says what the config says.
func (p *Provider) Can() provider.Abilities {
	return provider.Abilities{
		Authorize: p.config.Authorize, Checkout: true, Webhooks: len(p.config.WebhookSecrets) > 0,
		MinLife: time.Duration(p.config.MinLifeSeconds) * time.Second, MaxLife: time.Duration(p.config.MaxLifeSeconds) * time.Second,
	}
}
