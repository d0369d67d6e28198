// Package providers has the payment providers by name: what an account at each of them consists of, and the adapter for it.
package providers

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"holdfast/internal/fault"
	"holdfast/internal/payment/manual"
	"holdfast/internal/payment/provider"
	"holdfast/internal/payment/signed"
	"holdfast/internal/payment/stripe"
	"holdfast/internal/strictjson"
	"holdfast/internal/webhook"
)

// Options are what adapters share in a process.
type Options struct {
	Client    *http.Client    // for stripe
	StripeURL string          // stripe.URL, or another one in tests and in the local run
	Sender    *webhook.Sender // for http
	Webhooks  webhook.Options // that the sender was made with
}

// NewOptions returns the options of production. The webhook options say which addresses of users' own providers are allowed.
func NewOptions(o webhook.Options) Options {
	return Options{Client: stripe.NewClient(), StripeURL: stripe.URL, Sender: webhook.NewSender(o), Webhooks: o}
}

// Field is one setting of an account.
type Field struct {
	Name     string
	Secret   bool // it is never shown again
	Required bool
	Text     string // for people
}

// kind is one provider.
type kind struct {
	name, title string
	fields      []Field
	read        func(config json.RawMessage) (account, error)
}

// account is the config of one account, read.
type account interface {
	check(o Options, problems fault.Problems)
	open(o Options) provider.Provider
	live() bool
}

// kinds are the providers, in the order of their names.
var kinds = []kind{
	{signed.Name, "A provider of your own", []Field{
		{"url", false, true, "The address that is called."},
		{"secrets", true, true, "Secrets that sign the calls, the newest first."},
		{"webhook_secrets", true, false, "Secrets that the provider signs its webhooks with."},
		{"authorize", false, false, "Whether it can hold money and capture it later."},
		{"min_life_seconds", false, false, "The shortest time that its page stays open."},
		{"max_life_seconds", false, false, "The longest time that its page stays open."},
	}, read[signedAccount]},
	{manual.Name, "Bank transfer, or at the desk", []Field{
		{"instructions", false, false, "What customers read instead of a page where they pay."},
	}, read[manualAccount]},
	{stripe.Name, "Stripe", []Field{
		{"secret_key", true, true, "A secret or restricted key; test or live."},
		{"webhook_secrets", true, false, "The signing secrets of the webhook endpoint at Stripe."},
		{"account", false, false, "The id of a connected account."},
		{"charges", false, false, "How the connected account is charged: direct or destination."},
		{"fee_basis_points", false, false, "The application fee, in hundredths of a percent."},
		{"refund_application_fee", false, false, "Whether a refund gives the application fee back, too."},
		{"reverse_transfer", false, false, "Whether a refund is taken from the connected account."},
	}, read[stripeAccount]},
}

type (
	stripeAccount struct{ stripe.Config }
	signedAccount struct{ signed.Config }
	manualAccount struct{ manual.Config }
)

func (a stripeAccount) check(_ Options, problems fault.Problems) { a.Check(prefix, problems) }
func (a signedAccount) check(o Options, problems fault.Problems) {
	a.Check(prefix, o.Webhooks, problems)
}
func (a manualAccount) check(_ Options, problems fault.Problems) { a.Check(prefix, problems) }

func (a stripeAccount) open(o Options) provider.Provider {
	return stripe.New(a.Config, o.Client, o.StripeURL)
}
func (a signedAccount) open(o Options) provider.Provider {
	return signed.New(a.Config, o.Sender, o.Webhooks)
}
func (a manualAccount) open(Options) provider.Provider { return manual.Provider{Config: a.Config} }

func (a stripeAccount) live() bool { return a.Live() }
func (a signedAccount) live() bool { return true }
func (a manualAccount) live() bool { return true }

// prefix is the field of a request that has the config.
const prefix = "config"

// maxConfig is the longest config, in bytes.
const maxConfig = 16 << 10

// read reads a config strictly: every name is known.
func read[A account](config json.RawMessage) (account, error) {
	var a A
	rules := strictjson.Rules{Unknown: strictjson.RefuseAll, Deep: true}
	err := rules.Decode(config, &a)
	return a, err
}

// Names returns the names of the providers, sorted.
func Names() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// Title returns what people call a provider; "" for one that is unknown.
func Title(name string) string { return kindOf(name).title }

// Fields returns the settings of an account at a provider; nil for one that is unknown.
func Fields(name string) []Field { return slices.Clone(kindOf(name).fields) }

func kindOf(name string) kind {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	return kind{}
}

// Check adds what is wrong with an account to the problems: under "provider", and under "config" and its fields. No problem repeats a
// secret.
func Check(name string, config json.RawMessage, o Options, problems fault.Problems) {
	k := kindOf(name)
	switch {
	case k.name == "":
		problems.Add("provider", "must be one of %s", strings.Join(Names(), ", "))
		return
	case len(config) > maxConfig:
		problems.Add(prefix, "must not be longer than %d bytes", maxConfig)
		return
	}
	a, err := k.read(config)
	if err == nil {
		a.check(o, problems)
		return
	}
	var faults strictjson.Faults
	if !errors.As(err, &faults) {
		problems.Add(prefix, "is not JSON")
	}
	for _, one := range faults {
		problems.Add(strings.TrimSuffix(prefix+"."+one.Path, "."), "%s", one.Text)
	}
}

// New returns the adapter of an account. A config that Check finds something wrong with is an error with the code Credentials: it was good
// once, and can only be replaced.
func New(name string, config json.RawMessage, o Options) (provider.Provider, error) {
	a, err := load(name, config, o)
	if err != nil {
		return nil, err
	}
	return a.open(o), nil
}

// Live reports whether an account moves real money: only a test key of Stripe does not. A config that is wrong does.
func Live(name string, config json.RawMessage, o Options) bool {
	a, err := load(name, config, o)
	return err != nil || a.live()
}

func load(name string, config json.RawMessage, o Options) (account, error) {
	problems := fault.Problems{}
	if Check(name, config, o, problems); len(problems) > 0 {
		return nil, &provider.Error{Code: provider.Credentials, Detail: "config"}
	}
	return kindOf(name).read(config)
}
