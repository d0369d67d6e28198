package app

import (
	"cmp"
	"encoding/json"

	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/payment/providers"
	"holdfast/internal/webhook"
)

// accounts opens accounts at payment providers with the process's vault.
type accounts struct {
	vault   *links.Vault
	options providers.Options
}

func newAccounts(vault *links.Vault, o webhook.Options, stripeURL string) *accounts {
	options := providers.NewOptions(o)
	options.StripeURL = cmp.Or(stripeURL, options.StripeURL)
	return &accounts{vault, options}
}

// Of returns the provider of an account. One whose config cannot be opened, or is wrong, is a *provider.Error with provider.Credentials.
func (a *accounts) Of(of *payment.Account) (provider.Provider, error) {
	config, err := a.vault.Open(of.Sealed, of.SealContext())
	if err != nil {
		return nil, &provider.Error{Code: provider.Credentials}
	}
	return providers.New(of.Provider, config, a.options)
}

// Check adds what is wrong with an account to the problems.
func (a *accounts) Check(name string, config json.RawMessage, problems fault.Problems) {
	providers.Check(name, config, a.options, problems)
}
