package fakepay

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Deliveries say how webhooks go wrong. The zero value sends each event once, in order.
type Deliveries struct {
	Hold    bool          // Flush and Run send nothing until it is false
	Drop    bool          // what would be sent is lost
	Reverse bool          // the newest first
	Copies  int           // of each event, at the same time; 1 when 0
	Skew    time.Duration // added to the time that is signed
}

// delivery is an event that is to be sent.
type delivery struct {
	id, kind string
	body     []byte
	attempts int
	due      time.Time
}

// Sent is one event that was sent.
type Sent struct {
	EventID, Type string
	Header        http.Header
	Body          []byte
	Status        int // of the answer; 0 for none
}

// retries are the waits between attempts; after the last one the event is given up.
var retries = []time.Duration{
	time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 36 * time.Hour,
}

// emit puts an event into the outbox. The server is locked.
func (s *Server) emit(kind, account string, about object) {
	if s.options.WebhookURL == "" {
		return
	}
	id := s.id("evt")
	event := object{
		"id": id, "object": "event", "type": kind, "api_version": Version, "created": s.now().Unix(), "livemode": false,
		"data": object{"object": about},
	}
	if account != "" {
		event["account"] = account
	}
	s.outbox = append(s.outbox, &delivery{id: id, kind: kind, body: encode(event), due: s.now()})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Deliver says how webhooks go from now on.
func (s *Server) Deliver(d Deliveries) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending = d
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Flush sends what is due, and returns what was sent in the order in which it was.
func (s *Server) Flush(ctx context.Context) []Sent {
	due, how := s.takeDue()
	var all []Sent
	for _, one := range due {
		sent := s.copies(ctx, one, how)
		all = append(all, sent...)
		if !slices.ContainsFunc(sent, func(one Sent) bool { return one.Status/100 == 2 }) {
			s.again(one)
		}
	}
	return all
}

// takeDue takes what is due out of the outbox.
func (s *Server) takeDue() ([]*delivery, Deliveries) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sending.Hold {
		return nil, s.sending
	}
	var due, rest []*delivery
	for _, one := range s.outbox {
		if one.due.After(s.now()) {
			rest = append(rest, one)
		} else {
			due = append(due, one)
		}
	}
	s.outbox = rest
	if s.sending.Drop {
		due = nil
	}
	if s.sending.Reverse {
		slices.Reverse(due)
	}
	return due, s.sending
}

func (s *Server) again(one *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.attempts >= len(retries) {
		return
	}
	one.due = s.now().Add(retries[one.attempts])
	one.attempts++
	s.outbox = append(s.outbox, one)
}

// copies sends an event as often as it is to be sent, all at once.
func (s *Server) copies(ctx context.Context, one *delivery, how Deliveries) []Sent {
	all := make([]Sent, max(how.Copies, 1))
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() { all[i] = s.post(ctx, one, how.Skew) })
	}
	group.Wait()
	return all
}

func (s *Server) post(ctx context.Context, one *delivery, skew time.Duration) Sent {
	sent := Sent{EventID: one.id, Type: one.kind, Body: one.body, Header: http.Header{}}
	sent.Header.Set("Stripe-Signature", Sign(one.body, s.Now().Add(skew), s.options.WebhookSecrets...))
	sent.Header.Set("Content-Type", "application/json; charset=utf-8")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.options.WebhookURL, bytes.NewReader(one.body))
	if err != nil {
		return sent
	}
	req.Header = sent.Header.Clone()
	resp, err := s.client.Do(req)
	if err != nil {
		return sent
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	sent.Status = resp.StatusCode
	return sent
}

// Sign returns the value of Stripe-Signature: the time, and a signature for each secret.
func Sign(body []byte, at time.Time, secrets ...string) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	header := "t=" + stamp
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp + "."))
		mac.Write(body)
		header += ",v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return header
}

// Run sends events as they come, and again what was not taken, until the context ends.
func (s *Server) Run(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		s.Flush(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.Advance(0)
		case <-s.wake:
		}
	}
}
