package e2e_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/app"
	"holdfast/internal/config"
)

// proxy stands between a service and a server that it needs. It counts round trips, and can be cut.
type proxy struct {
	target string
	listen net.Listener
	trips  atomic.Int64 // answers that followed upon a question; what the server says by itself is none

	mu   sync.Mutex
	open map[net.Conn]bool
	cut  bool
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: target, listen: listen, open: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = listen.Close(); p.set(true) })
	go func() {
		for {
			conn, err := listen.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

func (p *proxy) address() string { return p.listen.Addr().String() }

// set cuts the connections and refuses new ones, or mends the proxy.
func (p *proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	for conn := range p.open {
		if cut {
			_ = conn.Close()
		}
	}
}

// keep registers a connection, unless the proxy is cut.
func (p *proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[conn] = true
	return !p.cut
}

func (p *proxy) end(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
	_ = conn.Close()
}

func (p *proxy) serve(client net.Conn) {
	defer p.end(client)
	if !p.keep(client) {
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer p.end(server)
	if !p.keep(server) {
		return
	}
	var asked atomic.Bool
	go func() {
		copyWhole(server, client, func() { asked.Store(true) })
		_ = server.Close()
	}()
	copyWhole(client, server, func() {
		if asked.Swap(false) {
			p.trips.Add(1)
		}
	})
}

// copyWhole copies until either side ends. seen is called before each piece goes on.
func copyWhole(to io.Writer, from io.Reader, seen func()) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			seen()
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// behind is the same app served by another process's worth of service: an API and a worker with a task queue of their own,
// which reach Postgres and Temporal through proxies.
func (b *bundle) behind(t *testing.T, change func(*config.Config)) (other *bundle, record, temporal *proxy) {
	t.Helper()
	c := b.stack.App.Config
	address, err := url.Parse(string(c.DatabaseURL))
	if err != nil {
		t.Fatal(err)
	}
	record, temporal = newProxy(t, address.Host), newProxy(t, c.TemporalAddress)
	address.Host = record.address()
	c.DatabaseURL, c.TemporalAddress = config.Secret(address.String()), temporal.address()
	c.TaskQueue, c.SweepEvery = "behind-"+t.Name(), 24*time.Hour // the sweep is not to take what is others'
	change(&c)
	log := &lockedBuffer{}
	a, err := app.New(t.Context(), c, slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{
		func(ctx context.Context) error { return a.RunAPI(ctx, listen) }, a.RunWorker,
	} {
		running.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		stop()
		running.Wait()
		a.Close()
	})
	other = &bundle{stack: b.stack, api: "http://" + listen.Addr().String(), admin: b.admin, key: b.key, log: log}
	return other, record, temporal
}
