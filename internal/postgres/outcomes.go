package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/internal/booking"
)

// Outcomes rings those who wait in this process for decided actions. It learns of them from the commits of this process, and
// of other processes' over one LISTEN connection of its own.
type Outcomes struct {
	// OnListening, when set, is called whenever the connection is made and lost. Set it before Run.
	OnListening func(up bool)

	db      *DB
	url     string        // of the connection; "" = as the pool's
	quiet   time.Duration // after which the server is asked for a sign of life
	ping    time.Duration // how long it may take to give one
	log     *slog.Logger
	mu      sync.Mutex
	waiting map[uuid.UUID]map[chan booking.Announcement]bool
}

// NewOutcomes makes a listener; Run it. What this process decides itself reaches its waiters without the connection.
func NewOutcomes(db *DB, log *slog.Logger) *Outcomes {
	o := &Outcomes{db: db, log: log, quiet: listenQuiet, ping: listenPing, waiting: map[uuid.UUID]map[chan booking.Announcement]bool{}}
	db.announcer.listener(o)
	return o
}

// Connection keepers of the listener: after so long without a message it asks the server for a sign of life, and gives the
// connection up when none comes.
const (
	listenQuiet = 30 * time.Second
	listenPing  = 5 * time.Second
)

// ListenAt sets the URL of the listening connection. It is for a pooler that hands out connections per transaction, which
// cannot listen: then this one goes to Postgres itself. "" = as the pool's. Call it before Run.
func (o *Outcomes) ListenAt(url string) { o.url = url }

// Expect registers interest in an action before it is signalled. Call done when no longer waiting.
func (o *Outcomes) Expect(action uuid.UUID) (announced <-chan booking.Announcement, done func()) {
	ch := make(chan booking.Announcement, 1)
	o.mu.Lock()
	if o.waiting[action] == nil {
		o.waiting[action] = map[chan booking.Announcement]bool{}
	}
	o.waiting[action][ch] = true
	o.mu.Unlock()
	return ch, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.waiting[action], ch)
		if len(o.waiting[action]) == 0 {
			delete(o.waiting, action)
		}
	}
}

// Run listens until the context ends, and reconnects when the connection is lost.
func (o *Outcomes) Run(ctx context.Context) error {
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		started := time.Now()
		err := o.listen(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(started) > time.Minute {
			pause = 100 * time.Millisecond
		}
		o.log.Warn("lost the connection that outcomes are announced on; trying again", "error", err, "in", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
	return nil //nolint:nilerr // the end of the context is no fault
}

func (o *Outcomes) listen(ctx context.Context) error {
	config, err := o.connection()
	if err != nil {
		return err
	}
	config.RuntimeParams["application_name"] = "holdfast outcomes"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+outcomeChannel); err != nil {
		return err
	}
	o.listening(true)
	defer o.listening(false)
	o.notifyAll()
	for {
		note, err := o.next(ctx, conn)
		if err != nil {
			return err
		}
		if note == nil {
			continue
		}
		if id, err := uuid.Parse(note.Payload); err == nil {
			o.notify(id, nil)
		}
	}
}

func (o *Outcomes) connection() (*pgx.ConnConfig, error) {
	if o.url == "" {
		return o.db.pool.Config().ConnConfig.Copy(), nil
	}
	config, err := pgx.ParseConfig(o.url)
	if err != nil {
		return nil, fmt.Errorf("the URL to listen at cannot be read: %w", hideURL(err))
	}
	return config, nil
}

func (o *Outcomes) listening(up bool) {
	if o.OnListening != nil {
		o.OnListening(up)
	}
}

// next waits for a message. After a quiet time it asks whether the server is still there, since a connection whose other
// end has vanished stays silent for ever, and returns nil.
func (o *Outcomes) next(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	quiet, cancel := context.WithTimeout(ctx, o.quiet)
	defer cancel()
	note, err := conn.WaitForNotification(quiet)
	if err == nil || quiet.Err() == nil || ctx.Err() != nil {
		return note, err
	}
	ping, cancel := context.WithTimeout(ctx, o.ping)
	defer cancel()
	return nil, conn.Ping(ping)
}

// notify wakes those who wait for an action, each with a copy of the booking that it has moved, and reports whether there are any.
func (o *Outcomes) notify(id uuid.UUID, moved *booking.Booking) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for ch := range o.waiting[id] {
		a := booking.Announcement{Ended: true}
		if moved != nil {
			own := *moved
			a.Moved = &own
		}
		notifyWaiters(ch, a)
	}
	return len(o.waiting[id]) > 0
}

func (o *Outcomes) notifyAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, all := range o.waiting {
		for ch := range all {
			notifyWaiters(ch, booking.Announcement{})
		}
	}
}

// notifyWaiters does not wait. A value that is still unread is enough: its reader looks at the record.
func notifyWaiters(ch chan booking.Announcement, a booking.Announcement) {
	select {
	case ch <- a:
	default:
	}
}
