package payments

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// accountHandlers answers requests about accounts at payment providers.
type accountHandlers struct {
	payments  *postgres.Payments
	vault     *links.Vault
	providers Providers
	baseURL   string
}

func (h *accountHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/payment_accounts", edge.RequireServer, h.listAccounts),
		edge.On(http.MethodPost, "/v2/payment_accounts", edge.RequireServer, h.createAccount).Once(),
		edge.On(http.MethodPut, "/v2/payment_accounts/:id", edge.RequireServer, h.updateAccount),
		edge.On(http.MethodDelete, "/v2/payment_accounts/:id", edge.RequireServer, h.closeAccount),
	}
}

func (h *accountHandlers) listAccounts(k *edge.Call) error {
	all, err := h.payments.Accounts(k, k.App.ID)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, a := range all {
		list = append(list, h.view(k, a))
	}
	return k.Answer(http.StatusOK, list)
}

// accountInput is the body of a request about an account. The config is that of its provider, with its keys: no answer has them.
type accountInput struct {
	Name     string          `json:"name"`
	Provider string          `json:"provider"`
	Config   json.RawMessage `json:"config"`
	Default  *bool           `json:"default"`
}

var goodAccount = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

func (h *accountHandlers) createAccount(k *edge.Call) error {
	var in accountInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	if !goodAccount.MatchString(in.Name) {
		problems.Add("name", "must be 1 to 63 lower-case letters, digits and underscores, a letter first")
	}
	h.providers.Check(in.Provider, configOf(in.Config), problems)
	if err := problems.Err(); err != nil {
		return err
	}
	a := &payment.Account{ID: k.Operation, AppID: k.App.ID, Name: in.Name, Provider: in.Provider, Default: in.Default != nil && *in.Default}
	var err error
	if a.Sealed, err = h.vault.Seal(configOf(in.Config), a.SealContext()); err != nil {
		return err
	}
	if a, err = h.payments.CreateAccount(k, a); err != nil {
		return err
	}
	return k.Answer(http.StatusCreated, h.view(k, a))
}

// configOf returns the config of a body, also of one that has none.
func configOf(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return []byte("{}")
	}
	return raw
}

// updateAccount changes the config of an account, all of it, and what is default.
func (h *accountHandlers) updateAccount(k *edge.Call) error {
	a, err := h.named(k)
	if err != nil {
		return err
	}
	var in struct {
		Config  json.RawMessage `json:"config"`
		Default *bool           `json:"default"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	a.Sealed = nil
	if len(in.Config) > 0 {
		problems := fault.Problems{}
		if h.providers.Check(a.Provider, in.Config, problems); problems.Err() != nil {
			return problems.Err()
		}
		if a.Sealed, err = h.vault.Seal(in.Config, a.SealContext()); err != nil {
			return err
		}
	}
	if in.Default != nil {
		a.Default = *in.Default
	}
	if a, err = h.payments.ChangeAccount(k, a); err != nil {
		return err
	}
	return k.Answer(http.StatusOK, h.view(k, a))
}

// closeAccount has an account open no more payments. Those that it has opened are carried on, so it stays on record.
func (h *accountHandlers) closeAccount(k *edge.Call) error {
	a, err := h.named(k)
	if err != nil {
		return err
	}
	now := time.Now()
	a.Sealed, a.Default, a.ClosedAt = nil, false, &now
	if _, err := h.payments.ChangeAccount(k, a); err != nil {
		return err
	}
	return k.NoContent()
}

func (h *accountHandlers) named(k *edge.Call) (*payment.Account, error) {
	id, err := k.ID("id", "The payment account")
	if err != nil {
		return nil, err
	}
	return h.payments.Account(k, k.App.ID, id)
}

// view shows an account without its config.
func (h *accountHandlers) view(k *edge.Call, a *payment.Account) timekit.Object {
	return timekit.Object{
		"id": a.ID, "name": a.Name, "provider": a.Provider, "default": a.Default, "closed_at": k.Moment(a.ClosedAt),
		"webhook_url": h.baseURL + "/v2/payment_webhooks/" + a.Provider + "/" + k.App.Slug,
		"created_at":  k.Clock.Show(a.CreatedAt, time.UTC), "updated_at": k.Clock.Show(a.UpdatedAt, time.UTC),
	}
}
