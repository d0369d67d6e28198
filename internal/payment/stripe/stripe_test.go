package stripe

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/payment/provider"
)

const testKey = "sk_test_51HoldfastSecret"

var (
	paymentID = uuid.MustParse("0198a000-0000-7000-8000-000000000001")
	bookingID = uuid.MustParse("0198a000-0000-7000-8000-000000000002")
	refundID  = uuid.MustParse("0198a000-0000-7000-8000-000000000003")
)

// asked is one request that a stub got.
type asked struct {
	method, path, key, account string
	header                     http.Header
	form                       url.Values
}

// stub stands in for Stripe: it answers with what the test says.
type stub struct {
	*httptest.Server

	mu  sync.Mutex
	all []asked
}

func (s *stub) asked() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

func newStub(t *testing.T, answer func(w http.ResponseWriter, a asked)) *stub {
	t.Helper()
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		a := asked{r.Method, r.URL.Path, r.Header.Get("Idempotency-Key"), r.Header.Get("Stripe-Account"), r.Header, r.Form}
		s.mu.Lock()
		s.all = append(s.all, a)
		s.mu.Unlock()
		answer(w, a)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stub) provider(c Config) *Provider {
	if c.SecretKey == "" {
		c.SecretKey = testKey
	}
	return New(c, NewClient(), s.URL)
}

// says answers every request with one status and body.
func says(status int, body string) func(http.ResponseWriter, asked) {
	return func(w http.ResponseWriter, _ asked) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func wantError(t *testing.T, err error, code provider.Code, detail string) {
	t.Helper()
	e, ok := err.(*provider.Error) //nolint:errorlint // adapters return it as it is
	if !ok || e.Code != code || e.Detail != detail {
		t.Errorf("error %v, want %s: %s", err, code, detail)
	}
}

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	good := Config{SecretKey: testKey, WebhookSecrets: []string{"whsec_abc"}}
	for name, c := range map[string]struct {
		config Config
		want   string // the field that is wrong; "" for none
	}{
		"good":              {good, ""},
		"restricted, live":  {Config{SecretKey: "rk_live_abc"}, ""},
		"publishable":       {Config{SecretKey: "pk_test_abc"}, "secret_key"},
		"nothing behind":    {Config{SecretKey: "sk_test_"}, "secret_key"},
		"a line break":      {Config{SecretKey: "sk_test_a\nX: y"}, "secret_key"},
		"no key":            {Config{}, "secret_key"},
		"webhook secret":    {Config{SecretKey: testKey, WebhookSecrets: []string{"abc"}}, "webhook_secrets"},
		"too many secrets":  {Config{SecretKey: testKey, WebhookSecrets: strings.Split("whsec_a whsec_b whsec_c whsec_d whsec_e whsec_f", " ")}, "webhook_secrets"},
		"connected":         {Config{SecretKey: testKey, Account: "acct_1", FeeBasisPoints: 250, RefundFee: true}, ""},
		"destination":       {Config{SecretKey: testKey, Account: "acct_1", Charges: Destination, ReverseTransfer: true}, ""},
		"account":           {Config{SecretKey: testKey, Account: "1"}, "account"},
		"charges":           {Config{SecretKey: testKey, Account: "acct_1", Charges: "both"}, "charges"},
		"fee":               {Config{SecretKey: testKey, Account: "acct_1", FeeBasisPoints: 10_001}, "fee_basis_points"},
		"fee alone":         {Config{SecretKey: testKey, FeeBasisPoints: 1}, "fee_basis_points"},
		"reversed directly": {Config{SecretKey: testKey, Account: "acct_1", ReverseTransfer: true}, "reverse_transfer"},
	} {
		problems := fault.Problems{}
		c.config.Check("config", problems)
		if c.want == "" && len(problems) > 0 || c.want != "" && (len(problems) != 1 || problems["config."+c.want] == nil) {
			t.Errorf("%s: %v, want %q", name, problems, c.want)
		}
		if raw, _ := json.Marshal(problems); c.config.SecretKey != "" && strings.Contains(string(raw), strings.TrimPrefix(c.config.SecretKey, "sk_test_")) && len(c.config.SecretKey) > 8 {
			t.Errorf("%s: a problem has the key: %s", name, raw)
		}
	}
	if (Config{SecretKey: testKey}).Live() || !(Config{SecretKey: "rk_live_abc"}).Live() {
		t.Error("test and live keys are not told apart")
	}
}
