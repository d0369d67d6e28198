package postgres

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// muteable is a connection whose other end can vanish without a word.
type muteable struct {
	net.Conn
	vanished *atomic.Bool
}

func (c muteable) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.vanished.Load() {
			return n, err
		}
	}
}

// TestAVanishedServerIsNoticed cuts a listener off from its server, as a network does that loses a machine. It notices after a
// quiet time, connects again, and in a quiet time with a server it stays.
func TestAVanishedServerIsNoticed(t *testing.T) {
	t.Parallel()
	config, err := pgxpool.ParseConfig(Clone(t))
	if err != nil {
		t.Fatal(err)
	}
	var first, vanished, unaffected atomic.Bool
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if first.CompareAndSwap(false, true) { // the listener's: pgx dials again to cancel, and the listener to come back
			return muteable{conn, &vanished}, err
		}
		return muteable{conn, &unaffected}, err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	outcomes := NewOutcomes(newDB(pool), slog.New(slog.DiscardHandler))
	outcomes.quiet, outcomes.ping = 10*time.Millisecond, 200*time.Millisecond
	up := make(chan bool, 1000)
	outcomes.OnListening = func(is bool) { up <- is }
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- outcomes.Run(ctx) }()
	expect := func(want bool) {
		t.Helper()
		select {
		case is := <-up:
			if is != want {
				t.Fatalf("listening: %v, want %v", is, want)
			}
		case <-time.After(time.Minute):
			t.Fatal("nothing was noticed")
		}
	}
	expect(true)
	vanished.Store(true)
	expect(false)
	expect(true)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
