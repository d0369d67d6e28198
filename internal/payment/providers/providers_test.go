package providers

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast/internal/fault"
	"holdfast/internal/payment/manual"
	"holdfast/internal/payment/provider"
	"holdfast/internal/payment/signed"
	"holdfast/internal/payment/stripe"
	"holdfast/internal/strictjson"
	"holdfast/internal/webhook"
)

const stripeConfig = `{"secret_key":"sk_test_secretpart"}`

func TestCheckAndNew(t *testing.T) {
	t.Parallel()
	o := NewOptions(webhook.Options{RequireHTTPS: true})
	for name, c := range map[string]struct {
		provider, config string
		want             []string // the fields that are wrong
	}{
		"stripe":        {"stripe", stripeConfig, nil},
		"http":          {"http", `{"url":"https://pay.example.com/","secrets":["` + webhook.NewSecret() + `"]}`, nil},
		"manual":        {"manual", `{}`, nil},
		"unknown":       {"gold", `{}`, []string{"provider"}},
		"no JSON":       {"stripe", `secretpart`, []string{"config"}},
		"nothing":       {"stripe", ``, []string{"config"}},
		"null":          {"stripe", `null`, []string{"config.secret_key"}},
		"a list":        {"manual", `[1]`, []string{"config"}},
		"unknown field": {"manual", `{"instruction":"x"}`, []string{"config.instruction"}},
		"other case":    {"stripe", `{"Secret_Key":"sk_test_secretpart"}`, []string{"config.Secret_Key"}},
		"twice":         {"stripe", `{"secret_key":"sk_test_a","secret_key":"sk_live_secretpart"}`, []string{"config.secret_key"}},
		"a number":      {"stripe", `{"secret_key":5}`, []string{"config.secret_key"}},
		"an entry":      {"stripe", `{"secret_key":"sk_test_a","webhook_secrets":["whsec_a",5]}`, []string{"config.webhook_secrets.1"}},
		"too long":      {"manual", `{"instructions":"` + strings.Repeat("x", maxConfig) + `"}`, []string{"config"}},
	} {
		problems := fault.Problems{}
		Check(c.provider, json.RawMessage(c.config), o, problems)
		var fields []string
		for field := range problems {
			fields = append(fields, field)
		}
		slices.Sort(fields)
		if !slices.Equal(fields, c.want) {
			t.Errorf("%s: %v, want %v", name, problems, c.want)
		}
		if raw, _ := json.Marshal(problems); strings.Contains(string(raw), "secretpart") {
			t.Errorf("%s: a problem has the secret: %s", name, raw)
		}
		made, err := New(c.provider, json.RawMessage(c.config), o)
		if (err == nil) != (len(c.want) == 0) || (made == nil) == (err == nil) || err != nil && provider.CodeOf(err) != provider.Credentials {
			t.Errorf("%s: %v, %v", name, made, err)
		}
	}
}

// TestFields: every setting of a config is listed, in the order of the struct, and secrets are secret.
func TestFields(t *testing.T) {
	t.Parallel()
	if names := Names(); !slices.Equal(names, []string{"http", "manual", "stripe"}) {
		t.Error(names)
	}
	for name, config := range map[string]any{"stripe": stripe.Config{}, "http": signed.Config{}, "manual": manual.Config{}} {
		var listed []string
		for _, f := range Fields(name) {
			listed = append(listed, f.Name)
			if f.Secret != strings.Contains(f.Name, "secret") || f.Text == "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		slices.Sort(listed)
		if !slices.Equal(listed, strictjson.Names(config)) || Title(name) == "" {
			t.Errorf("%s lists %v, and has %v", name, listed, strictjson.Names(config))
		}
	}
	if Title("gold") != "" || Fields("gold") != nil {
		t.Error("there is no gold")
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	o := NewOptions(webhook.Options{})
	for config, want := range map[string]bool{stripeConfig: false, `{"secret_key":"rk_live_x"}`: true, `{}`: true} {
		if got := Live("stripe", json.RawMessage(config), o); got != want {
			t.Errorf("%s: %v", config, got)
		}
	}
	if !Live("manual", json.RawMessage(`{}`), o) {
		t.Error("cash is money")
	}
}

// TestNewSharesTheClient: accounts of one process use one set of connections.
func TestNewSharesTheClient(t *testing.T) {
	t.Parallel()
	o := NewOptions(webhook.Options{})
	one, _ := New("stripe", json.RawMessage(stripeConfig), o)
	two, _ := New("stripe", json.RawMessage(stripeConfig), o)
	if !reflect.DeepEqual(one, two) {
		t.Error("two adapters of one account differ")
	}
}
