package postgres

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Outcomes hears of decided actions over one connection of its own and tells those who wait in this process.
type Outcomes struct {
	db      *DB
	log     *slog.Logger
	mu      sync.Mutex
	waiting map[uuid.UUID]map[chan struct{}]bool
}

// NewOutcomes makes a listener; Run it.
func NewOutcomes(db *DB, log *slog.Logger) *Outcomes {
	return &Outcomes{db: db, log: log, waiting: map[uuid.UUID]map[chan struct{}]bool{}}
}

// Expect registers interest in an action before it is signalled. The channel gets a value at each announcement, and
// whenever announcements may have been missed: look at the record then. Call done when no longer waiting.
func (o *Outcomes) Expect(action uuid.UUID) (heard <-chan struct{}, done func()) {
	ch := make(chan struct{}, 1)
	o.mu.Lock()
	if o.waiting[action] == nil {
		o.waiting[action] = map[chan struct{}]bool{}
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
		o.log.Warn("lost the connection that hears of outcomes; trying again", "error", err, "in", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
	return nil //nolint:nilerr // the end of the context is no fault
}

func (o *Outcomes) listen(ctx context.Context) error {
	config := o.db.pool.Config().ConnConfig.Copy()
	config.RuntimeParams["application_name"] = "holdfast outcomes"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+OutcomeChannel); err != nil {
		return err
	}
	o.tellAll()
	for {
		note, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if id, err := uuid.Parse(note.Payload); err == nil {
			o.tell(id)
		}
	}
}

func (o *Outcomes) tell(id uuid.UUID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for ch := range o.waiting[id] {
		ring(ch)
	}
}

func (o *Outcomes) tellAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, all := range o.waiting {
		for ch := range all {
			ring(ch)
		}
	}
}

func ring(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
