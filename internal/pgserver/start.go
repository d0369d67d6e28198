package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"holdfast/internal/ports"
)

const (
	attempts    = 3        // to find a port that nobody takes between our looking and the server's listening
	biggestLog  = 10 << 20 // bytes; a bigger one is put aside at the next start
	logTailSize = 2 << 10  // bytes of the log that an error quotes
)

// start brings up the server on a home that is ours.
func (h *home) start(ctx context.Context, o Options) (*Server, error) {
	major, err := h.madeBy()
	if err != nil {
		return nil, err
	}
	programs, err := find(ctx, os.Getenv, usualPlaces, major)
	if err != nil {
		return nil, err
	}
	as, err := accountFor(h.cluster())
	if err != nil {
		return nil, err
	}
	if err := h.settle(ctx); err != nil {
		return nil, err
	}
	port, err := h.choosePort(o.Port) // after an earlier server has let go of it
	if err != nil {
		return nil, err
	}
	if major == 0 {
		report(o.Log, "making a cluster with PostgreSQL %d in %s", programs.major, h.dir)
		if err := h.create(programs, as, o.FastUnsafe); err != nil {
			return nil, fmt.Errorf("make the cluster: %w", err)
		}
	}
	return h.serve(ctx, programs, as, port, o)
}

// serve runs the server until it is ready. A port of our choice that another program took meanwhile is chosen again.
func (h *home) serve(ctx context.Context, programs binaries, as account, port int, o Options) (*Server, error) {
	for attempt := 1; ; attempt++ {
		server, err := h.launch(ctx, programs, as, port, o.FastUnsafe)
		if err == nil {
			return server, os.WriteFile(h.port(), []byte(strconv.Itoa(port)), 0o600)
		}
		taken := errors.Is(err, errDied) && ports.Check(host, port) != nil
		if !taken || o.Port != 0 || attempt == attempts {
			return nil, err
		}
		report(o.Log, "port %d was taken meanwhile, trying another", port)
		if port, err = ports.Free(host); err != nil {
			return nil, err
		}
	}
}

func (h *home) choosePort(wanted int) (int, error) {
	if wanted != 0 {
		if err := ports.Check(host, wanted); err != nil {
			return 0, fmt.Errorf("port %d cannot be used: %w", wanted, err)
		}
		return wanted, nil
	}
	last, err := kept(h.port())
	if err != nil {
		return 0, err
	}
	if port, err := strconv.Atoi(last); err == nil && ports.Check(host, port) == nil {
		return port, nil
	}
	return ports.Free(host)
}

// launch starts the server and waits until it is ready. Nothing is left running when it returns an error.
func (h *home) launch(ctx context.Context, programs binaries, as account, port int, unsafe bool) (*Server, error) {
	password, err := kept(h.password())
	if err != nil {
		return nil, err
	}
	on, err := as.reach(programs, h.cluster())
	if err != nil {
		return nil, err
	}
	defer on.close()
	log, written, err := h.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()

	args := append([]string{"-D", on.path, "-c", h.marker()}, settings(port, unsafe)...)
	cmd := as.command(programs, "postgres", on, args...)
	cmd.Stdout, cmd.Stderr = log, log
	child, err := spawn(cmd)
	if err != nil {
		return nil, err
	}
	server := &Server{port: port, password: password, child: child}
	if err := server.ready(ctx); err != nil {
		_ = server.Stop(context.WithoutCancel(ctx)) // the reason to stop is the error that counts
		return nil, fmt.Errorf("%w%s", err, h.logSince(written))
	}
	return server, nil
}

// settings are given anew at each start, so that a cluster of an older Holdfast gets those of this one. They suit one
// developer's machine.
func settings(port int, unsafe bool) []string {
	set := []string{
		"listen_addresses=" + host,
		"port=" + strconv.Itoa(port),
		"unix_socket_directories=", // one way in; and a path that is too long for a socket cannot stop us
		"max_connections=200",
		"shared_buffers=128MB",
		"password_encryption=scram-sha-256",
		"wal_level=minimal", // nobody copies from this server
		"max_wal_senders=0",
		"max_wal_size=1GB",
		"jit=off", // short statements only
		"timezone=UTC",
		"log_timezone=UTC",
		"logging_collector=off",
		"log_destination=stderr",
	}
	if unsafe {
		set = append(set, "fsync=off", "full_page_writes=off", "autovacuum_naptime=1h")
	}
	var args []string
	for _, s := range set {
		args = append(args, "-c", s)
	}
	return args
}

// openLog opens the server's log for appending and says how much was in it.
func (h *home) openLog() (*os.File, int64, error) {
	if info, err := os.Stat(h.log()); err == nil && info.Size() > biggestLog {
		if err := os.Rename(h.log(), h.log()+".old"); err != nil {
			return nil, 0, err
		}
	}
	log, err := os.OpenFile(h.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, err
	}
	size, err := log.Seek(0, io.SeekEnd)
	return log, size, err
}

// logSince returns what the server wrote after a position, for an error message: the end of it, if it is much.
func (h *home) logSince(position int64) string {
	content, err := os.ReadFile(h.log())
	if err != nil || int64(len(content)) <= position {
		return ""
	}
	tail := content[max(position, int64(len(content)-logTailSize)):]
	return fmt.Sprintf("; the end of %s:\n%s", h.log(), strings.TrimSpace(string(tail)))
}
