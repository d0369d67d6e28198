package stack

import (
	"context"
	"encoding/json"
	"net"

	"github.com/google/uuid"

	"holdfast/deployments/local/fakepay"
	"holdfast/internal/app"
	"holdfast/internal/payment"
)

// What the demo app's account at the fake provider consists of. No money moves with these.
const (
	fakeKey    = "sk_test_local"
	fakeSecret = "whsec_localRunOnly0000000000" //nolint:gosec // of a provider that is not real
)

// listenForPayments reserves the address of the fake provider, which the service then takes for Stripe. A provider that is named replaces
// it.
func (s *Stack) listenForPayments() (net.Listener, error) {
	c := &s.options.Config
	if s.options.PayAddr == "" || c.StripeURL != "" {
		return nil, nil //nolint:nilnil // there is no fake
	}
	listener, err := net.Listen("tcp", s.options.PayAddr)
	if err == nil {
		c.StripeURL = "http://" + listener.Addr().String()
	}
	return listener, err
}

// servePayments runs the fake provider, whose webhooks come to the demo app.
func (s *Stack) servePayments(listener net.Listener) {
	ctx, stop := context.WithCancel(context.Background())
	s.stopPay = stop
	s.running.Go(func() error {
		return s.report("fake payments", fakepay.Serve(ctx, listener, fakepay.Options{
			Key: fakeKey, WebhookURL: s.APIURL + "/v2/payment_webhooks/stripe/" + demoSlug, WebhookSecrets: []string{fakeSecret},
		}))
	})
}

// giveAccount gives the demo app an account at the fake provider, unless it has one.
func giveAccount(ctx context.Context, a *app.App) error {
	demo, err := a.DB.AppBySlug(ctx, demoSlug)
	if err != nil {
		return err
	}
	if all, err := a.DB.Accounts(ctx, demo.ID); err != nil || len(all) > 0 {
		return err
	}
	config, err := json.Marshal(map[string]any{"secret_key": fakeKey, "webhook_secrets": []string{fakeSecret}})
	if err != nil {
		return err
	}
	account := &payment.Account{ID: uuid.Must(uuid.NewV7()), AppID: demo.ID, Name: "test", Provider: "stripe"}
	if account.Sealed, err = a.Vault.Seal(config, account.SealContext()); err != nil {
		return err
	}
	_, err = a.DB.CreateAccount(ctx, account)
	return err
}
