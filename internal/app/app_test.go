package app

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"holdfast/api"
	"holdfast/api/edge"
	"holdfast/internal/config"
	"holdfast/internal/dispatch"
	"holdfast/internal/pgtest"
)

// TestRetriesEndWithTheAPI: when an API ends, what Temporal has not taken gets a last attempt, and what comes later is left to the
// sweep. Temporal is away.
func TestRetriesEndWithTheAPI(t *testing.T) {
	t.Parallel()
	db, url := pgtest.New(t)
	c, err := config.Read([]string{
		"HOLDFAST_DATABASE_URL=" + url, "HOLDFAST_SECRET_KEY=" + hex.EncodeToString(make([]byte, 32)), "HOLDFAST_TEMPORAL_ADDRESS=127.0.0.1:1",
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := wire(t.Context(), c, db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Temporal.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var over atomic.Bool
	tried := make(chan struct{}, 100)
	waits := a.retries.Deliver(uuid.New(), func(context.Context) error {
		tried <- struct{}{}
		if over.Load() {
			return nil
		}
		return errors.New("away")
	})
	ended := make(chan error, 1)
	go func() { ended <- a.RunAPI(ctx, listener) }()
	<-tried
	over.Store(true)
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	select {
	case err := <-waits:
		if err != nil {
			t.Errorf("the last attempt: %v", err)
		}
	default:
		t.Error("nobody waited for the last attempt")
	}
	if err := <-a.retries.Deliver(uuid.New(), func(context.Context) error { return nil }); !errors.Is(err, dispatch.ErrLeft) {
		t.Errorf("later: %v, want %v", err, dispatch.ErrLeft)
	}
}

// TestLongestWait: what the settings allow is what a request may ask for, and the server's time-outs begin behind both.
func TestLongestWait(t *testing.T) {
	t.Parallel()
	if config.LongestWait != edge.MaxWait {
		t.Errorf("HOLDFAST_WAIT may be %s, and Prefer: wait %s", config.LongestWait, edge.MaxWait)
	}
	if server := api.HTTPServer(nil, slog.Default()); server.WriteTimeout <= edge.MaxWait {
		t.Errorf("the server gives an answer up after %s, and a request may wait for %s", server.WriteTimeout, edge.MaxWait)
	}
}
