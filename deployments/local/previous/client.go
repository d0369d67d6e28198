package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/deployments/local/fakepay"
)

// answer is what the API says of a booking, or of something else that has an id.
type answer struct {
	status int
	text   string
	Data   struct {
		ID      string `json:"id"`
		State   string `json:"state"`
		Status  string `json:"status"` // of a clock
		Payment struct {
			Payments []struct {
				State       string `json:"state"`
				ProviderRef string `json:"provider_ref"`
				Refunded    int64  `json:"refunded"`
			} `json:"payments"`
		} `json:"payment"`
		Effects []struct {
			Status string `json:"status"`
		} `json:"effects"`
	} `json:"data"`
}

// caller asks the API with one key, and counts how often it had to come again.
type caller struct {
	api, key string
	refused  *atomic.Int64
}

// ask asks again, as every client should, while the API says that it is overloaded.
func (c caller) ask(ctx context.Context, method, path, body string, headers ...string) (answer, error) {
	for {
		a, err := c.once(ctx, method, path, body, headers...)
		if a.status != http.StatusServiceUnavailable {
			return a, err
		}
		c.refused.Add(1)
		select {
		case <-ctx.Done():
			return a, err
		case <-time.After(time.Second):
		}
	}
}

func (c caller) once(ctx context.Context, method, path, body string, headers ...string) (a answer, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.api+path, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	req.SetBasicAuth("", c.key)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return a, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return a, err
	}
	a.status, a.text = resp.StatusCode, string(text)
	if a.status >= http.StatusBadRequest {
		return a, fmt.Errorf("%s %s: %d %s", method, path, a.status, text)
	}
	var list struct {
		Data []json.RawMessage `json:"data"`
	}
	if json.Unmarshal(text, &list) == nil && list.Data != nil {
		return a, nil
	}
	return a, json.Unmarshal(text, &a)
}

// until asks for a booking until it is as wanted.
func (c caller) until(ctx context.Context, id, what string, is func(answer) bool) error {
	for {
		a, err := c.ask(ctx, http.MethodGet, "/v2/bookings/"+id+"?include=payment,effects", "")
		if err == nil && is(a) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not %s: %w\n%s", what, ctx.Err(), a.text)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// desk is a payment provider that is not real.
type desk struct {
	url   string
	close func()
	mu    sync.Mutex
	fake  *fakepay.Server
}

const secret = "whsec_of_the_fake" //nolint:gosec // of a provider that is not real

func openDesk() *desk {
	d := &desk{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		fake := d.fake
		d.mu.Unlock()
		fake.ServeHTTP(w, r)
	}))
	d.url, d.close = server.URL, server.Close
	return d
}

// open lets the desk send its webhooks to an API.
func (d *desk) open(api string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fake = fakepay.New(fakepay.Options{WebhookURL: api + "/v2/payment_webhooks/stripe/" + slug, WebhookSecrets: []string{secret}})
}

// inbox keeps which webhooks have arrived, in their order.
type inbox struct {
	url   string
	close func()
	mu    sync.Mutex
	seen  []arrival
}

type arrival struct {
	id   string
	Type string `json:"type"`
	Data struct {
		Seq     int `json:"sequence"`
		Booking struct {
			ID string `json:"id"`
		} `json:"booking"`
	} `json:"data"`
}

func openInbox() *inbox {
	b := &inbox{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		one := arrival{id: r.Header.Get("Webhook-Id")}
		_ = json.Unmarshal(text, &one)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.seen = append(b.seen, one)
		w.WriteHeader(http.StatusOK)
	}))
	b.url, b.close = server.URL, server.Close
	return b
}
