package webhook

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// countingReceiver counts the connections that are made to it.
func countingReceiver(t testing.TB) (server *httptest.Server, conns *atomic.Int32) {
	t.Helper()
	conns = &atomic.Int32{}
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, conns
}

// TestConnectionsAreKept: however many requests go to a host at a time, as many may for one endpoint, the connections stay.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	server, conns := countingReceiver(t)
	sender := testSender(t, 20*time.Second)
	for range 10 {
		var all sync.WaitGroup
		for range connsPerHost {
			all.Go(func() {
				if got := sender.Send(t.Context(), testRequest(server.URL)); got.Verdict != Done {
					t.Errorf("%s %s", got.Verdict, got.ErrorCode)
				}
			})
		}
		all.Wait()
	}
	if n := conns.Load(); n > connsPerHost {
		t.Errorf("%d connections for 10 times %d requests", n, connsPerHost)
	}
}

// TestConnectionsAreJudgedAnew: a connection is used for a minute at most. After that the name is resolved again and the guard
// decides again, so a name that has moved to a forbidden place is refused by then.
func TestConnectionsAreJudgedAnew(t *testing.T) {
	t.Parallel()
	caught := newTrap(t)
	open := Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Timeout: time.Minute}
	sender := guardedSender(t, open, caught.port, map[string][][]netip.Addr{
		"moved.example": {answers("127.0.0.1"), answers("127.0.0.2")},
	})
	url := "http://moved.example:" + strconv.Itoa(caught.port) + "/"
	for _, when := range []string{"first", "on the same connection, which leads where it led"} {
		if got := sender.Send(t.Context(), testRequest(url)); got.Verdict != Done {
			t.Fatalf("%s: got %s %s", when, got.Verdict, got.ErrorCode)
		}
	}
	sender.mu.Lock()
	sender.since = sender.since.Add(-keepFor - time.Second)
	sender.mu.Unlock()
	if got := sender.Send(t.Context(), testRequest(url)); got.ErrorCode != CodeBlocked {
		t.Errorf("a minute later: got %s %s", got.Verdict, got.ErrorCode)
	}
	if first, second := caught.onIPv4["127.0.0.1"].Load(), caught.onIPv4["127.0.0.2"].Load(); first != 1 || second != 0 {
		t.Errorf("%d connections to the allowed address, %d to the other", first, second)
	}
}
