// Package fakepay is a payment provider that is not real, for tests and for the local run. It speaks the part of Stripe's HTTP API that the
// product uses, with state and behaviour: sessions that expire, a page where customers pay, authorizations that end, refunds, disputes,
// idempotency keys that are kept for a day, and signed webhooks. Its clock can be moved, and every call and webhook can be made to go wrong
// on demand. It imports nothing of the product.
package fakepay

import (
	"net/http"
	"sync"
	"time"
)

// Version is the version of Stripe's API that it speaks. Calls for another one are refused.
const Version = "2026-08-26.dahlia"

// Options say what a fake is like. The zero value takes any test key and sends no webhooks.
type Options struct {
	Key            string           // the secret key that is good; any that starts with sk_test_ when empty
	Accounts       []string         // ids of connected accounts, which calls can name with Stripe-Account
	WebhookURL     string           // where events are sent; none are when empty
	WebhookSecrets []string         // that sign them, all of them
	Now            func() time.Time // the real clock when nil; Advance is added to it
}

// Server is a fake provider. It is safe for concurrent use.
type Server struct {
	options Options
	mux     *http.ServeMux
	client  *http.Client

	mu       sync.Mutex
	ahead    time.Duration // that the clock was moved
	count    int           // of ids made so far
	sessions map[string]*session
	intents  map[string]*intent
	refunds  []*refund  // in the order in which they were made
	disputes []*dispute // the same
	kept     map[string]*keptAnswer
	faults   []*Fault
	calls    []Call
	outbox   []*delivery // what is to be sent, in order
	sending  Deliveries
	wake     chan struct{}
	hanging  chan struct{}
}

// New makes a fake. It sends webhooks when Flush is called or Run runs.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		options: o, mux: http.NewServeMux(), client: &http.Client{Timeout: 30 * time.Second},
		sessions: map[string]*session{}, intents: map[string]*intent{}, kept: map[string]*keptAnswer{},
		wake: make(chan struct{}, 1), hanging: make(chan struct{}, 64),
	}
	s.routes()
	return s
}

// ServeHTTP answers calls of the API under /v1, shows the page under /pay and is steered under /control.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Now is the fake's present time.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) now() time.Time { return s.options.Now().Add(s.ahead) }

// Advance moves the clock: sessions expire, authorizations end, and retries of webhooks fall due.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
	s.tick()
}

// tick does what has fallen due.
func (s *Server) tick() {
	now := s.now()
	for _, one := range s.sortedSessions() {
		if one.status == "open" && !now.Before(one.expiresAt) {
			s.expire(one)
		}
		if i := one.intent; i != nil && i.status == "requires_capture" && !now.Before(i.captureBefore) {
			s.cancel(i, "expired")
		}
	}
	for key, one := range s.kept {
		if now.Sub(one.at) >= 24*time.Hour {
			delete(s.kept, key)
		}
	}
}

// Hanging has a value whenever a call begins to hang because of a fault; the caller can give up then.
func (s *Server) Hanging() <-chan struct{} { return s.hanging }

// Call is one request that was made.
type Call struct {
	Operation string // open, get, expire, capture, cancel, refund, …
	Key       string // its idempotency key
	Account   string
	Version   string
	Form      map[string]string
	Status    int
	Replayed  bool
}

// Calls returns the calls so far, in order.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}
