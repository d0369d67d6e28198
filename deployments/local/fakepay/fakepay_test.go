package fakepay

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// begin starts a fake and opens a session; its clock stands still.
func begin(t *testing.T, o Options) (*Server, *httptest.Server, string) {
	t.Helper()
	at := time.Unix(1795219200, 0)
	o.Now = func() time.Time { return at }
	s := New(o)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server, open(t, server.URL, "k", 1250, at)
}

func open(t *testing.T, base, key string, amount int64, at time.Time) string {
	t.Helper()
	status, made := call(t, http.MethodPost, base+"/v1/checkout/sessions", key, form(amount, at))
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, made)
	}
	return made["id"].(string)
}

func form(amount int64, at time.Time) url.Values {
	return url.Values{
		"mode": {"payment"}, "payment_method_types[0]": {"card"}, "success_url": {"https://book.example/paid?s={CHECKOUT_SESSION_ID}"}, "cancel_url": {"https://book.example/back"},
		"line_items[0][quantity]": {"1"}, "line_items[0][price_data][currency]": {"eur"}, "line_items[0][price_data][unit_amount]": {strconv.FormatInt(amount, 10)},
		"line_items[0][price_data][product_data][name]": {"<b>Ada</b>"}, "expires_at": {strconv.FormatInt(at.Add(time.Hour).Unix(), 10)},
	}
}

func call(t *testing.T, method, address, key string, form url.Values) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_x")
	req.Header.Set("Stripe-Version", Version)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// browse is a browser without a script, which does not follow redirects.
func browse(t *testing.T, address, outcome string) (status int, location, text string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if outcome != "" {
		resp, err = client.PostForm(address, url.Values{"outcome": {outcome}})
	}
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Location"), string(raw)
}

// TestThePage: it works without a script, and does what its buttons say.
func TestThePage(t *testing.T) {
	t.Parallel()
	s, server, id := begin(t, Options{})
	page := server.URL + "/pay/" + id
	_, _, text := browse(t, page, "")
	for _, want := range []string{"&lt;b&gt;Ada&lt;/b&gt;", "12.50 EUR", `name="viewport"`, "No money moves", `value="pay"`, `value="decline"`, `value="bank"`, `value="back"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(text, "<script") {
		t.Error("the page has a script")
	}
	if status, location, _ := browse(t, page, "back"); status != http.StatusSeeOther || location != "https://book.example/back" {
		t.Errorf("back: %d %s", status, location)
	}
	if _, _, text := browse(t, page, "decline"); !strings.Contains(text, "declined") {
		t.Error("it does not say that the card was declined")
	}
	if _, _, text := browse(t, page, "bank"); !strings.Contains(text, `value="bank_ok"`) {
		t.Error("it does not ask the bank")
	}
	if status, location, _ := browse(t, page, "bank_ok"); status != http.StatusSeeOther || location != "https://book.example/paid?s="+id {
		t.Errorf("paid: %d %s", status, location)
	}
	if _, _, text := browse(t, page, ""); !strings.Contains(text, "paid already") {
		t.Error("it can be paid twice")
	}
	if status, _, _ := browse(t, server.URL+"/pay/cs_test_9", "pay"); status != http.StatusNotFound {
		t.Errorf("unknown: %d", status)
	}
	late := open(t, server.URL, "k2", 1250, s.Now())
	s.Advance(time.Hour)
	if _, _, text := browse(t, server.URL+"/pay/"+late, "pay"); !strings.Contains(text, "timed out") {
		t.Error("an open page pays an expired session")
	}
	if status, made := call(t, http.MethodGet, server.URL+"/v1/checkout/sessions/"+late, "", nil); status != http.StatusOK || made["status"] != "expired" || made["payment_intent"] != nil {
		t.Errorf("%d %v", status, made)
	}
}

// TestKeys: the same parameters get the same answer for a day, others are refused.
func TestKeys(t *testing.T) {
	t.Parallel()
	s, server, id := begin(t, Options{})
	address := server.URL + "/v1/checkout/sessions"
	if again := open(t, server.URL, "k", 1250, s.Now()); again != id {
		t.Errorf("a repeat made %s", again)
	}
	if status, made := call(t, http.MethodPost, address, "k", form(1251, s.Now())); status != http.StatusBadRequest || made["error"].(map[string]any)["type"] != "idempotency_error" {
		t.Errorf("%d %v", status, made)
	}
	if status, _ := call(t, http.MethodPost, address, "k3", form(1, s.Now())); status != http.StatusBadRequest {
		t.Errorf("too small: %d", status)
	}
	open(t, server.URL, "k3", 1250, s.Now()) // a refused form is not kept
	s.Advance(24 * time.Hour)
	if again := open(t, server.URL, "k", 1250, s.Now()); again == id {
		t.Error("a key is kept for more than a day")
	}
}

// TestStrangersAreRefused: another key, another version, unknown parameters.
func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	s, server, id := begin(t, Options{})
	wrong := form(1250, s.Now())
	wrong.Set("colour", "red")
	if status, made := call(t, http.MethodPost, server.URL+"/v1/checkout/sessions", "k9", wrong); status != http.StatusBadRequest || made["error"].(map[string]any)["code"] != "parameter_unknown" {
		t.Errorf("%d %v", status, made)
	}
	for header, value := range map[string]string{"Authorization": "Bearer sk_live_x", "Stripe-Version": "2020-01-01", "Stripe-Account": "acct_1"} {
		req, _ := http.NewRequest(http.MethodGet, server.URL+"/v1/checkout/sessions/"+id, nil)
		req.Header.Set("Authorization", "Bearer sk_test_x")
		req.Header.Set("Stripe-Version", Version)
		req.Header.Set(header, value)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("%s: %d", header, resp.StatusCode)
		}
	}
}

// TestControl: another process can do what tests do by methods.
func TestControl(t *testing.T) {
	t.Parallel()
	s, server, id := begin(t, Options{})
	obey := func(body string, want int) {
		t.Helper()
		resp, err := http.Post(server.URL+"/control", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d", body, resp.StatusCode)
		}
	}
	before := s.Now()
	obey(`{"do":"advance","seconds":60}`, 204)
	if got := s.Now().Sub(before); got != time.Minute {
		t.Errorf("advanced by %s", got)
	}
	obey(`{"do":"press","session":"`+id+`","outcome":"pay"}`, 204)
	obey(`{"do":"press","session":"`+id+`","outcome":"pay"}`, 400)
	obey(`{"do":"fail","on":"get","fault":"rate_limit","times":1}`, 204)
	if status, _ := call(t, http.MethodGet, server.URL+"/v1/checkout/sessions/"+id, "", nil); status != http.StatusTooManyRequests {
		t.Errorf("no fault: %d", status)
	}
	obey(`{"do":"dispute","session":"`+id+`"}`, 204)
	obey(`{"do":"deliver","hold":true}`, 204)
	obey(`{"do":"heal"}`, 204)
	obey(`{"do":"flush"}`, 204)
	obey(`{"do":"sing"}`, 400)
	obey(`{"do":"heal","colour":"red"}`, 400)
	resp, err := http.Get(server.URL + "/control")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var state struct {
		Sessions []map[string]any
		Disputes map[string]any
	}
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil || len(state.Sessions) != 1 || state.Sessions[0]["status"] != "complete" || len(state.Disputes["data"].([]any)) != 1 {
		t.Errorf("%+v, %v", state, err)
	}
}

// TestServe: it runs by itself, sends what happens, and stops with its context.
func TestServe(t *testing.T) {
	t.Parallel()
	arrived := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct{ Type string }
		_ = json.NewDecoder(r.Body).Decode(&event)
		arrived <- event.Type
	}))
	t.Cleanup(hook.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, listener, Options{WebhookURL: hook.URL, WebhookSecrets: []string{"whsec_x"}})
	}()
	base := "http://" + listener.Addr().String()
	id := open(t, base, "k", 1250, time.Now())
	browse(t, base+"/pay/"+id, "pay")
	if one, two := <-arrived, <-arrived; one != "payment_intent.succeeded" || two != "checkout.session.completed" {
		t.Errorf("got %s and %s", one, two)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
