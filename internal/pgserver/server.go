// Package pgserver runs a private PostgreSQL server as a child process, from the binaries that the machine already has.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	host      = "127.0.0.1"
	superuser = "holdfast"

	startWithin = 2 * time.Minute // a crash recovery with much to replay takes its time
	stopWithin  = 15 * time.Second
)

// Options say where the server keeps its data and how it runs.
type Options struct {
	// DataDir is the folder for everything of this server: cluster, password, port, log. Made when missing.
	// One process at a time may use it.
	DataDir string
	// Port to listen on, on 127.0.0.1 only. 0 means the port of the last start when it is still free, else a free one.
	Port int
	// FastUnsafe gives up durability for speed: for tests, whose data nobody misses after a power cut.
	FastUnsafe bool
	// Log receives a line for what takes longer than a moment. The server's own log is DataDir/server.log. May be nil.
	Log io.Writer
}

// Server is a running PostgreSQL. It ends with this process, however that ends (on Linux; elsewhere a server that
// outlived a killed process is stopped by the next Start).
type Server struct {
	port     int
	password string
	child    *child
	creating sync.Mutex // concurrent CREATE DATABASE statements disturb each other on the template
}

// Start returns when the server answers queries. It makes the cluster on first use, waits for a server of an earlier
// process on the same DataDir to end, and lets PostgreSQL recover from whatever end that was. ctx bounds the start only.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()

	home, err := openHome(ctx, o.DataDir)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	server, err := home.start(ctx, o)
	if err != nil {
		home.unlock()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	go func() {
		<-server.Done()
		home.unlock()
	}()
	return server, nil
}

// URL is the address of a database of this server, for its superuser. The password in it is random and known only to
// those who may read DataDir.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     net.JoinHostPort(host, strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable", // said here, so that PGSSLMODE in the environment does not matter
	}
	return u.String()
}

// PID is the process id of the server.
func (s *Server) PID() int { return s.child.pid() }

// Done is closed when the server has ended, asked or not.
func (s *Server) Done() <-chan struct{} { return s.child.done }

// Stop ends the server: open connections are cut, what was committed is safe. When ctx ends first or it takes too long,
// the process is killed and Stop says so; the data survives that too.
func (s *Server) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	s.child.signal(syscall.SIGINT) // "fast shutdown"
	select {
	case <-s.child.done:
		return nil
	case <-ctx.Done():
		s.child.signal(syscall.SIGKILL)
		<-s.child.done
		return fmt.Errorf("postgres: killed, it did not stop in time: %w", ctx.Err())
	}
}

// CreateDatabase makes an empty database unless it exists.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	s.creating.Lock()
	defer s.creating.Unlock()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("postgres: create database %s: %w", name, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if err != nil && !hasCode(err, "42P04") { // duplicate_database
		return fmt.Errorf("postgres: create database %s: %w", name, err)
	}
	return nil
}

// ready waits until the server answers a query with our password, which no other server on that port would.
func (s *Server) ready(ctx context.Context) error {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		err := s.check(ctx)
		if err == nil || hasCode(err, "28P01") || errors.Is(err, errNoContrib) { // 28P01: invalid_password
			return err
		}
		select {
		case <-s.child.done:
			return errDied
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w (%w)", err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// check runs one real query, which also finds out whether the extension that keeps bookings apart can be had.
func (s *Server) check(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return requireExtension(ctx, conn, "btree_gist")
}

var (
	errDied      = errors.New("the server ended while starting")
	errNoContrib = errors.New("install the contrib extensions, for example with `apt-get install postgresql-contrib`")
)

func requireExtension(ctx context.Context, conn *pgx.Conn, name string) error {
	const q = `SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = $1)`
	var available bool
	if err := conn.QueryRow(ctx, q, name).Scan(&available); err != nil {
		return err
	}
	if !available {
		return fmt.Errorf("this PostgreSQL lacks the extension %s: %w", name, errNoContrib)
	}
	return nil
}

func hasCode(err error, code string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == code
}

// report writes one line to the log of the options; that it may fail is of no interest.
func report(log io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(log, "postgres: "+format+"\n", args...)
}

// kept returns the content of a small file of ours, "" when there is none.
func kept(file string) (string, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return string(content), err
}
