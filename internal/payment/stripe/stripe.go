// Package stripe takes payments by Stripe: Checkout Sessions, on an account of its own or for a connected account. It speaks HTTPS to the
// documented API and has no client library: it needs eight endpoints and one signature, and Stripe's library has 9.7 MB of source, which
// add 2 MB to the program. So this adapter decides itself about keys, retries and time limits.
//
// A payment is named by its session. The intent behind the session exists once a customer tries to pay; it decides about the money.
package stripe

import (
	"net/http"
	"strings"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/payment/provider"
)

// Name is the name of this provider.
const Name = "stripe"

// Version is the version of Stripe's API that is spoken, whatever the account's own is.
const Version = "2026-08-26.dahlia"

// URL is where Stripe's API is.
const URL = "https://api.stripe.com"

// How the charges of a connected account are made.
const (
	Direct      = "direct"      // on the connected account, which bears refunds and disputes
	Destination = "destination" // on the own account, which bears them; the money is transferred
)

// Config is an account at Stripe.
type Config struct {
	SecretKey      string   `json:"secret_key"`                // sk_… or rk_…; test or live
	WebhookSecrets []string `json:"webhook_secrets,omitempty"` // whsec_…; several while one is rolled
	Account        string   `json:"account,omitempty"`         // acct_…, of a connected account
	Charges        string   `json:"charges,omitempty"`         // Direct or Destination; Direct without it; only with Account
	// FeeBasisPoints is the application fee, in hundredths of a percent of what is captured; only with Account.
	FeeBasisPoints int64 `json:"fee_basis_points,omitempty"`
	// RefundFee gives the application fee back with a refund, in proportion to it. Stripe keeps it without that.
	RefundFee bool `json:"refund_application_fee,omitempty"`
	// ReverseTransfer takes a refund from the connected account, in proportion to it; only with Destination.
	ReverseTransfer bool `json:"reverse_transfer,omitempty"`
}

// maxSecrets is how many secrets a webhook is checked against.
const maxSecrets = 5

// Check adds what is wrong with a config to the problems, under the prefix. No problem repeats a secret.
func (c Config) Check(prefix string, problems fault.Problems) {
	if _, ok := c.mode(); !ok {
		problems.Add(prefix+".secret_key", "must be a secret or restricted key of Stripe: sk_test_…, sk_live_…, rk_test_… or rk_live_…")
	}
	if len(c.WebhookSecrets) > maxSecrets {
		problems.Add(prefix+".webhook_secrets", "must not have more than %d entries", maxSecrets)
	}
	for _, s := range c.WebhookSecrets {
		if !strings.HasPrefix(s, "whsec_") || !isToken(s) {
			problems.Add(prefix+".webhook_secrets", "must be the signing secrets of Stripe's webhook endpoints, whsec_…")
			break
		}
	}
	c.checkConnect(prefix, problems)
}

func (c Config) checkConnect(prefix string, problems fault.Problems) {
	if c.Account != "" && (!strings.HasPrefix(c.Account, "acct_") || !isToken(c.Account)) {
		problems.Add(prefix+".account", "must be the id of a connected account, acct_…")
	}
	if c.Charges != "" && c.Charges != Direct && c.Charges != Destination {
		problems.Add(prefix+".charges", "must be %s or %s", Direct, Destination)
	}
	if c.FeeBasisPoints < 0 || c.FeeBasisPoints > wholeInBasisPoints {
		problems.Add(prefix+".fee_basis_points", "must lie between 0 and %d", wholeInBasisPoints)
	}
	if c.ReverseTransfer && c.Charges != Destination {
		problems.Add(prefix+".reverse_transfer", "is only possible when charges is %s", Destination)
	}
	if c.Account != "" {
		return
	}
	for field, set := range map[string]bool{
		"charges": c.Charges != "", "fee_basis_points": c.FeeBasisPoints != 0, "refund_application_fee": c.RefundFee,
	} {
		if set {
			problems.Add(prefix+"."+field, "is only possible with an account")
		}
	}
}

// Live reports whether real money moves.
func (c Config) Live() bool {
	live, _ := c.mode()
	return live
}

// mode returns whether the key moves real money; false for what is no secret key.
func (c Config) mode() (live, ok bool) {
	kind, rest, _ := strings.Cut(c.SecretKey, "_")
	mode, rest, _ := strings.Cut(rest, "_")
	ok = (kind == "sk" || kind == "rk") && (mode == "test" || mode == "live") && rest != "" && isToken(rest)
	return mode == "live", ok
}

// isToken reports whether a text has letters, digits and underscores only, at most 255.
func isToken(s string) bool {
	return len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// Provider is an account at Stripe. It is safe for concurrent use.
type Provider struct {
	config Config
	client *http.Client
	url    string
}

var (
	_ provider.Provider = (*Provider)(nil)
	_ provider.Finder   = (*Provider)(nil)
)

// New returns the provider of an account whose config has passed Check. Client is one of NewClient, shared by all accounts; base is URL, or
// another one in tests.
func New(c Config, client *http.Client, base string) *Provider {
	return &Provider{config: c, client: client, url: strings.TrimSuffix(base, "/")}
}

// Lives of a session. Stripe asks for 30 minutes at least, counted from when the call arrives: one minute more lets the call be late.
const (
	minLife = 31 * time.Minute
	maxLife = 24 * time.Hour
)

// Can says what Stripe can do.
func (p *Provider) Can() provider.Abilities {
	return provider.Abilities{
		Authorize: true, Checkout: true, Webhooks: len(p.config.WebhookSecrets) > 0, MinLife: minLife, MaxLife: maxLife,
	}
}
