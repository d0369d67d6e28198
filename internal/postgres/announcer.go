package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/internal/booking"
)

// outcomeChannel carries the ids of decided actions, and of tests of webhooks that have ended, for which somebody waits.
const outcomeChannel = "holdfast_outcomes"

// announceTimeout bounds one NOTIFY.
const announceTimeout = 5 * time.Second

// announcer announces outcomes after their transaction. A waiter of this process is rung directly; for the others there is a
// NOTIFY, which takes all outcomes that have come meanwhile. NOTIFY within the transaction would make all commits of the
// server queue for one lock, and would wait for the listener's connection also where the waiter is in this process.
//
// An announcement can be lost, when the process or Postgres ends between the commit and the NOTIFY. Waiters look at the record
// once a second for that reason.
type announcer struct {
	pool *pgxpool.Pool

	mu      sync.Mutex
	here    []*Outcomes // the listeners of this process
	ids     []string    // to be sent
	sending bool        // a goroutine sends
	idle    sync.WaitGroup
}

// decision is what a commit announces, if it is the one that decides the action.
type decision struct {
	awaited bool             // somebody waits for the action
	moved   *booking.Booking // as the action has moved it; nil where it was refused
}

// listener adds a listener of this process.
func (a *announcer) listener(o *Outcomes) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.here = append(a.here, o)
}

// announce rings the waiters of this process at once. Without any, it sends a NOTIFY in the background. moved is the booking that the
// action has moved, which is not to be changed any more; nil for none.
func (a *announcer) announce(id uuid.UUID, moved *booking.Booking) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rung := false
	for _, o := range a.here {
		rung = o.notify(id, moved) || rung
	}
	if rung {
		return
	}
	a.ids = append(a.ids, id.String())
	if !a.sending {
		a.sending = true
		a.idle.Go(a.send)
	}
}

// send sends what is to be sent until nothing is left.
func (a *announcer) send() {
	const q = `SELECT pg_notify(@channel, id) FROM unnest(@ids::text[]) AS id`
	for ids := a.next(); ids != nil; ids = a.next() {
		ctx, cancel := context.WithTimeout(context.Background(), announceTimeout)
		_, _ = a.pool.Exec(ctx, q, namedArgs{"channel": outcomeChannel, "ids": ids}) // the record has the outcomes
		cancel()
	}
}

func (a *announcer) next() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	ids := a.ids
	a.ids = nil
	a.sending = ids != nil
	return ids
}

// wait returns when nothing is left to be sent.
func (a *announcer) wait() { a.idle.Wait() }
