package edge

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/limit"
	"holdfast/internal/tenant"
)

// limited is a server with few calls a minute, and a function that moves its clock.
func limited(server, widget, badKeys int) (*Edge, func(time.Duration)) {
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	s := &Edge{Limits: Limits{
		limit.New(server, server, now), limit.New(widget, widget, now), limit.New(badKeys, badKeys, now), limit.NewRecentlyGood(now), nil, nil, nil,
	}}
	return s, func(d time.Duration) { at = at.Add(d) }
}

// from is a call of a key from an address.
func from(address string, kind tenant.KeyKind) *Call {
	k := newCall(http.MethodGet, "/", "")
	k.Request.RemoteAddr = address + ":1"
	k.Kind, k.KeyID = kind, uuid.NewSHA1(uuid.Nil, []byte(kind))
	return k
}

func TestMeter(t *testing.T) {
	t.Parallel()
	s, forward := limited(60, 6, 0)
	for left := 5; left >= 0; left-- {
		if err := s.rateLimit(from("203.0.113.7", tenant.WidgetKey)); err != nil {
			t.Fatalf("with %d left: %v", left, err)
		}
	}
	k := from("203.0.113.7", tenant.WidgetKey)
	if err := s.rateLimit(k); fault.CodeOf(err) != fault.TooManyRequests {
		t.Fatalf("the seventh: %v", err)
	}
	for name, want := range map[string]string{
		"Retry-After": "10", "RateLimit-Policy": `"default";q=6;w=60`, "RateLimit": `"default";r=0;t=60`,
		"X-RateLimit-Limit": "6", "X-RateLimit-Remaining": "0",
	} {
		if got := k.Writer.Header().Get(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if err := s.rateLimit(from("203.0.113.8", tenant.WidgetKey)); err != nil {
		t.Errorf("another visitor: %v", err)
	}
	for i := range 60 {
		if err := s.rateLimit(from([]string{"203.0.113.7", "203.0.113.8"}[i%2], tenant.ServerKey)); err != nil {
			t.Fatalf("the server's %d: %v", i, err)
		}
	}
	if err := s.rateLimit(from("203.0.113.9", tenant.ServerKey)); fault.CodeOf(err) != fault.TooManyRequests {
		t.Errorf("a server key counts for all addresses: %v", err)
	}
	forward(10 * time.Second)
	k = from("203.0.113.7", tenant.WidgetKey)
	if err := s.rateLimit(k); err != nil || k.Writer.Header().Get("Retry-After") != "" {
		t.Errorf("after the wait: %v", err)
	}
	free, _ := limited(0, 0, 0)
	k = from("203.0.113.7", tenant.ServerKey)
	if err := free.rateLimit(k); err != nil || k.Writer.Header().Get("RateLimit") != "" {
		t.Errorf("no limit: %v %v", err, k.Writer.Header())
	}
}

func TestGuesses(t *testing.T) {
	t.Parallel()
	s, forward := limited(0, 0, 3)
	try := func(address, key string, outcome error) (looked bool, code fault.Code) {
		err := s.LimitFailures(from(address, tenant.ServerKey), key, func() error {
			looked = true
			return outcome
		})
		return looked, fault.CodeOf(err)
	}
	unknown := fault.Errorf(fault.Unauthorized, "unknown")
	want := func(what string, looked bool, code fault.Code, wantLooked bool, wantCode fault.Code) {
		t.Helper()
		if looked != wantLooked || code != wantCode {
			t.Errorf("%s: looked %t, %q", what, looked, code)
		}
	}
	looked, code := try("203.0.113.7", "good", nil)
	want("a good key", looked, code, true, "")
	looked, code = try("203.0.113.7", "any", errors.New("away"))
	want("the record is away", looked, code, true, fault.Internal)
	for range 3 {
		looked, code = try("203.0.113.7", "guess", unknown)
		want("a guess", looked, code, true, fault.Unauthorized)
	}
	looked, code = try("203.0.113.7", "guess", unknown)
	want("one guess too many", looked, code, false, fault.TooManyRequests)
	looked, code = try("203.0.113.7", "right at last", nil)
	want("a right guess too late", looked, code, false, fault.TooManyRequests)
	looked, code = try("203.0.113.7", "good", nil)
	want("a neighbour's good key", looked, code, true, "")
	looked, code = try("203.0.113.8", "guess", unknown)
	want("another address", looked, code, true, fault.Unauthorized)
	forward(20 * time.Second)
	looked, code = try("203.0.113.7", "guess", unknown)
	want("after the wait", looked, code, true, fault.Unauthorized)
}
