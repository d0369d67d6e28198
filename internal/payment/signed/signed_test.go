package signed

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/payment"
	"holdfast/internal/payment/provider"
	"holdfast/internal/webhook"
)

var (
	paymentID = uuid.MustParse("0198a000-0000-7000-8000-000000000001")
	bookingID = uuid.MustParse("0198a000-0000-7000-8000-000000000002")
	refundID  = uuid.MustParse("0198a000-0000-7000-8000-000000000003")
	local     = webhook.Options{AllowLoopback: true}
	charge    = provider.Charge{PaymentID: paymentID, Ref: "P-4711", Currency: "EUR"}
)

// program stands in for a user's provider: it answers with what the test says.
type program struct {
	*httptest.Server

	mu      sync.Mutex
	headers []http.Header
	bodies  [][]byte
}

func newProgram(t *testing.T, status int, answer string, header ...string) *program {
	t.Helper()
	p := &program{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.headers, p.bodies = append(p.headers, r.Header), append(p.bodies, body)
		p.mu.Unlock()
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(p.Close)
	return p
}

var secrets = []string{webhook.NewSecret(), webhook.NewSecret()}

func (p *program) provider(t *testing.T) *Provider {
	t.Helper()
	sender := webhook.NewSender(local)
	t.Cleanup(sender.Close)
	return New(Config{URL: p.URL, Secrets: secrets, Authorize: true}, sender, local)
}

// blocks are the examples of the document, by the comment above them.
func blocks(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/payments-http.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, found := range regexp.MustCompile("(?s)<!-- ([a-z ]+) -->\n```json\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		all[found[1]] = found[2]
	}
	return all
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		t.Errorf("not JSON: %s or %s", a, b)
	}
	return reflect.DeepEqual(x, y)
}

// TestTheDocument: the adapter sends what docs/payments-http.md shows, and reads the answers there.
func TestTheDocument(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 28, 10, 40, 0, 0, time.UTC)
	examples := blocks(t)
	for name, c := range map[string]struct {
		call func(p *Provider) (any, error)
		want any
	}{
		"open": {func(p *Provider) (any, error) {
			return p.Open(t.Context(), provider.Order{
				PaymentID: paymentID, BookingID: bookingID, Amount: 1250, Currency: "EUR", Capture: payment.CaptureNow, Text: "Studio Ada", ExpiresAt: until,
				ReturnURL: "https://book.example.com/paid", CancelURL: "https://book.example.com/back", Key: paymentID.String() + ":1:open",
			})
		}, provider.Session{Ref: "P-4711", URL: "https://pay.example.com/P-4711#de", ExpiresAt: until}},
		"fetch": {func(p *Provider) (any, error) { return p.Fetch(t.Context(), charge) }, payment.Seen{
			State: payment.Captured, Currency: "EUR", Captured: 1250, Refunded: 250, Refunds: []payment.SeenRefund{
				{Ref: "R-1", Key: refundID.String(), Amount: 250, State: payment.RefundSucceeded},
				{Ref: "R-2", Amount: 100, State: payment.RefundFailed, ErrorCode: "account_closed"},
			},
		}},
		"end": {
			func(p *Provider) (any, error) { return p.End(t.Context(), charge, paymentID.String()+":1:end") },
			payment.Seen{State: payment.Expired, Currency: "EUR"},
		},
		"capture": {
			func(p *Provider) (any, error) {
				return p.Capture(t.Context(), charge, 1000, paymentID.String()+":1:capture")
			},
			payment.Seen{State: payment.Captured, Currency: "EUR", Authorized: 1250, Captured: 1000},
		},
		"void": {
			func(p *Provider) (any, error) { return p.Void(t.Context(), charge, paymentID.String()+":1:void") },
			payment.Seen{State: payment.Voided, Currency: "EUR"},
		},
		"refund": {func(p *Provider) (any, error) {
			return p.Refund(t.Context(), provider.RefundOrder{Charge: charge, RefundID: refundID, Amount: 250, Reason: payment.ByPolicy, Key: refundID.String() + ":0:refund"})
		}, payment.SeenRefund{Ref: "R-1", Key: refundID.String(), Amount: 250, State: payment.RefundPending}},
	} {
		program := newProgram(t, http.StatusOK, examples[name+" answer"])
		got, err := c.call(program.provider(t))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
			continue
		}
		if body := program.bodies[0]; !sameJSON(t, body, []byte(examples[name+" request"])) {
			t.Errorf("%s sent %s, and the document has %s", name, body, examples[name+" request"])
		}
	}
	if len(examples) != 13 {
		t.Errorf("the document has %d examples", len(examples))
	}
}

// TestCallsAreSigned by every secret, under an id that is the key's.
func TestCallsAreSigned(t *testing.T) {
	t.Parallel()
	program := newProgram(t, http.StatusOK, `{"state":"expired","currency":"EUR"}`)
	p := program.provider(t)
	p.now = func() time.Time { return time.Unix(1795219200, 0) }
	for range 2 {
		if _, err := p.End(t.Context(), charge, "a-b:1:end"); err != nil {
			t.Fatal(err)
		}
	}
	h := program.headers[1]
	want, _ := webhook.Sign("a-b_1_end", time.Unix(1795219200, 0), program.bodies[1], secrets...)
	if h.Get("Webhook-Id") != "a-b_1_end" || h.Get("Webhook-Timestamp") != "1795219200" || h.Get("Webhook-Signature") != want {
		t.Errorf("%v, want %s", h, want)
	}
	if !bytes.Equal(program.bodies[0], program.bodies[1]) {
		t.Error("a repeat has another body")
	}
	if _, err := p.Fetch(t.Context(), charge); err != nil || !strings.HasPrefix(program.headers[2].Get("Webhook-Id"), "fetch_") {
		t.Errorf("%v, %v", err, program.headers[2])
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const good = `{"state":"open","currency":"EUR"}`
	for name, c := range map[string]struct {
		status int
		answer string
		code   provider.Code
		detail string
		wait   time.Duration
	}{
		"good":             {200, good, "", "", 0},
		"more":             {200, `{"state":"open","currency":"EUR","colour":"red"}`, "", "", 0},
		"other state":      {200, `{"state":"resting","currency":"EUR"}`, "", "", 0},
		"misspelt":         {200, `{"state":"captured","currency":"EUR","captured":5,"refundd":5}`, provider.Malformed, "json", 0},
		"twice":            {200, `{"state":"open","state":"captured","currency":"EUR"}`, provider.Malformed, "json", 0},
		"too long":         {200, `{"state":"open","currency":"EUR","note":"` + strings.Repeat("x", 16<<10) + `"}`, provider.Malformed, "json", 0},
		"no state":         {200, `{"currency":"EUR"}`, provider.Malformed, "state", 0},
		"no currency":      {200, `{"state":"open"}`, provider.Malformed, "state", 0},
		"below 0":          {200, `{"state":"captured","currency":"EUR","captured":-1}`, provider.Malformed, "amounts", 0},
		"more than there":  {200, `{"state":"captured","currency":"EUR","captured":1,"refunded":2}`, provider.Malformed, "amounts", 0},
		"captured nothing": {200, `{"state":"captured","currency":"EUR"}`, provider.Malformed, "amounts", 0},
		"held nothing":     {200, `{"state":"authorized","currency":"EUR"}`, provider.Malformed, "amounts", 0},
		"fraction":         {200, `{"state":"captured","currency":"EUR","captured":12.5}`, provider.Malformed, "json", 0},
		"refund unnamed":   {200, `{"state":"captured","currency":"EUR","captured":9,"refunds":[{"amount":1,"state":"pending"}]}`, provider.Malformed, "refund", 0},
		"created":          {201, good, provider.Malformed, "", 0},
		"redirect":         {302, good, provider.Malformed, "http_302", 0},
		"401":              {401, ``, provider.Credentials, "http_401", 0},
		"403":              {403, ``, provider.Credentials, "http_403", 0},
		"404":              {404, ``, provider.NotFound, "http_404", 0},
		"409":              {409, ``, provider.Busy, "http_409", 0},
		"429":              {429, ``, provider.Busy, "http_429", 9 * time.Second},
		"500":              {500, ``, provider.Busy, "http_500", 0},
		"refused":          {422, `{"error":"amount_too_small"}`, provider.Refused, "amount_too_small", 0},
		"refused, a lie":   {422, `{"error":"see https://evil.example"}`, provider.Refused, "http_422", 0},
	} {
		p := newProgram(t, c.status, c.answer, "Retry-After", "9", "Location", "http://127.0.0.1:1/").provider(t)
		_, err := p.Fetch(t.Context(), charge)
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		e, ok := err.(*provider.Error) //nolint:errorlint // adapters return it as it is
		if !ok || e.Code != c.code || e.Detail != c.detail || e.Wait != c.wait {
			t.Errorf("%s: %+v, want %s, %s, %s", name, err, c.code, c.detail, c.wait)
		}
	}
}

// TestPages: customers are sent to public pages only.
func TestPages(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"https://pay.example.com/1": true, "https://pay.example.com/1#de": true, "http://127.0.0.1:9/x": true,
		"javascript:alert(1)": false, "//pay.example.com": false, "https://10.0.0.1/": false, "": false, "https://a:b@pay.example.com/": false,
		"https://pay.example.com/#\" onclick=": false,
	} {
		answer, _ := json.Marshal(map[string]string{"ref": "P-1", "url": address})
		_, err := newProgram(t, http.StatusOK, string(answer)).provider(t).Open(t.Context(), provider.Order{PaymentID: paymentID, Key: "k", ExpiresAt: time.Unix(9, 0)})
		if ok != (err == nil) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestPrivateAddressesAreNotCalled: the guard of webhooks holds here, too, and an error does not say where the call went.
func TestPrivateAddressesAreNotCalled(t *testing.T) {
	t.Parallel()
	program := newProgram(t, http.StatusOK, `{}`)
	sender := webhook.NewSender(webhook.Options{})
	t.Cleanup(sender.Close)
	_, err := New(Config{URL: program.URL, Secrets: secrets}, sender, webhook.Options{}).Fetch(t.Context(), charge)
	if provider.CodeOf(err) != provider.Unreachable || strings.Contains(err.Error(), "127.0.0.1") || len(program.bodies) > 0 {
		t.Errorf("%v, %d calls", err, len(program.bodies))
	}
}

func TestWithoutAuthorize(t *testing.T) {
	t.Parallel()
	p := New(Config{}, nil, local)
	for _, call := range []func() (payment.Seen, error){
		func() (payment.Seen, error) { return p.Capture(t.Context(), charge, 1, "k") },
		func() (payment.Seen, error) { return p.Void(t.Context(), charge, "k") },
	} {
		if _, err := call(); provider.CodeOf(err) != provider.Unsupported {
			t.Error(err)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Unix(1795219200, 0)
	body := blocks(t)["webhook"]
	ours, theirs, rolled := webhook.NewSecret(), webhook.NewSecret(), webhook.NewSecret()
	p := New(Config{Secrets: []string{ours}, WebhookSecrets: []string{theirs, rolled}}, nil, local)
	request := func(id string, at time.Time, body string, secrets ...string) http.Header {
		signature, _ := webhook.Sign(id, at, []byte(body), secrets...)
		h := http.Header{}
		h.Set("Webhook-Id", id)
		h.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
		h.Set("Webhook-Signature", signature)
		return h
	}
	for name, c := range map[string]struct {
		header http.Header
		body   string
		code   provider.Code
	}{
		"good":          {request("evt_1", now, body, theirs), body, ""},
		"rolled":        {request("evt_1", now, body, rolled), body, ""},
		"two":           {request("evt_1", now, body, webhook.NewSecret(), theirs), body, ""},
		"300 s old":     {request("evt_1", now.Add(-300*time.Second), body, theirs), body, ""},
		"301 s old":     {request("evt_1", now.Add(-301*time.Second), body, theirs), body, provider.Forged},
		"301 s ahead":   {request("evt_1", now.Add(301*time.Second), body, theirs), body, provider.Forged},
		"a call's":      {request("evt_1", now, body, ours), body, provider.Forged},
		"other body":    {request("evt_1", now, body, theirs), body + " ", provider.Forged},
		"no id":         {request("", now, body, theirs), body, provider.Forged},
		"an id of dots": {request("evt.1", now, body, theirs), body, provider.Forged},
		"nothing":       {http.Header{}, body, provider.Forged},
		"no payment":    {request("evt_1", now, `{"type":"x"}`, theirs), `{"type":"x"}`, provider.Malformed},
		"no type":       {request("evt_1", now, `{"ref":"x"}`, theirs), `{"ref":"x"}`, provider.Malformed},
		"by ref":        {request("evt_1", now, `{"type":"x","ref":"P-1"}`, theirs), `{"type":"x","ref":"P-1"}`, ""},
	} {
		notices, err := p.Verify(c.header, []byte(c.body), now)
		if provider.CodeOf(err) != c.code || (err == nil) != (len(notices) == 1 && notices[0].EventID == "evt_1") {
			t.Errorf("%s: %v, %v", name, notices, err)
		}
	}
	notices, _ := p.Verify(request("evt_1", now, body, theirs), []byte(body), now)
	if want := []provider.Notice{{EventID: "evt_1", Type: "payment.changed", PaymentID: paymentID, Ref: "P-4711"}}; !reflect.DeepEqual(notices, want) {
		t.Errorf("%+v", notices)
	}
	if _, err := New(Config{}, nil, local).Verify(request("evt_1", now, body, theirs), []byte(body), now); provider.CodeOf(err) != provider.Forged {
		t.Errorf("without a secret: %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"good":         {Config{URL: "https://pay.example.com/", Secrets: secrets[:1], WebhookSecrets: secrets[1:], MinLifeSeconds: 60, MaxLifeSeconds: 600}, ""},
		"private":      {Config{URL: "https://10.0.0.1/", Secrets: secrets}, "url"},
		"no secret":    {Config{URL: "https://pay.example.com/"}, "secrets"},
		"weak secret":  {Config{URL: "https://pay.example.com/", Secrets: []string{"whsec_abc"}}, "secrets"},
		"same secret":  {Config{URL: "https://pay.example.com/", Secrets: secrets, WebhookSecrets: secrets[1:]}, "webhook_secrets"},
		"lives":        {Config{URL: "https://pay.example.com/", Secrets: secrets, MinLifeSeconds: 60, MaxLifeSeconds: 59}, "max_life_seconds"},
		"a long life":  {Config{URL: "https://pay.example.com/", Secrets: secrets, MaxLifeSeconds: maxLife + 1}, "max_life_seconds"},
		"too many":     {Config{URL: "https://pay.example.com/", Secrets: []string{secrets[0], secrets[0], secrets[0], secrets[0], secrets[0], secrets[0]}}, "secrets"},
		"a whole life": {Config{URL: "https://pay.example.com/", Secrets: secrets, MaxLifeSeconds: maxLife}, ""},
	} {
		problems := fault.Problems{}
		c.config.Check("config", webhook.Options{RequireHTTPS: true}, problems)
		if c.want == "" && len(problems) > 0 || c.want != "" && (len(problems) != 1 || problems["config."+c.want] == nil) {
			t.Errorf("%s: %v, want %q", name, problems, c.want)
		}
	}
}
