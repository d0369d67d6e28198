package app

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/webhook"
)

// TestAccountsThatCannotBeOpened: settings that were sealed by another key, or for another account, open nothing, whatever the provider
// needs of them.
func TestAccountsThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	vault, other := vaultOf(t, 1), vaultOf(t, 2)
	all := newAccounts(vault, webhook.Options{}, "")
	for name, config := range map[string]string{
		"stripe": `{"secret_key":"sk_test_x"}`, "manual": `{}`, "http": `{"url":"https://pay.example.com","secrets":["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"]}`,
	} {
		a := &payment.Account{ID: uuid.New(), Provider: name}
		open := func(sealed []byte, err error) error {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			a.Sealed = sealed
			_, err = all.Of(a)
			return err
		}
		if err := open(vault.Seal(json.RawMessage(config), a.SealContext())); err != nil {
			t.Errorf("%s does not open: %v", name, err)
		}
		strange := &payment.Account{ID: uuid.New()}
		for what, err := range map[string]error{
			"another key's":     open(other.Seal(json.RawMessage(config), a.SealContext())),
			"another account's": open(vault.Seal(json.RawMessage(config), strange.SealContext())),
			"nothing":           open(nil, nil),
		} {
			if provider.CodeOf(err) != provider.Credentials {
				t.Errorf("%s with %s settings: %v", name, what, err)
			}
		}
	}
}
