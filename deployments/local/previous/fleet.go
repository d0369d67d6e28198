package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/deployments/local/stack"
)

const (
	slug    = "upgrade"
	patient = 3 * time.Minute // for whatever has to happen
)

// fleet is the older worker, today's, and the bookings between them.
type fleet struct {
	stack      *stack.Stack
	older      *oldWorker
	desk       *desk
	inbox, crm *inbox
	copies     int
	out        io.Writer
	live, lab  caller
	resource   string
	record     *pgx.Conn

	hours    atomic.Int64
	stayed   atomic.Int64
	refused  atomic.Int64  // requests that had to come again
	upgraded chan struct{} // closed when the older worker is gone

	mu       sync.Mutex
	bookings []string
	results  []result
}

// result is what has become of lives of one kind in one phase.
type result struct {
	phase, life string
	n           int
	took        time.Duration
	err         error
}

// hour returns a time that no booking has.
func (f *fleet) hour() time.Time {
	return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(f.hours.Add(1)) * time.Hour)
}

// note keeps the id of a booking, whose workflow is looked at in the end.
func (f *fleet) note(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bookings = append(f.bookings, id)
}

// upgrade goes through the phases.
func (f *fleet) upgrade(ctx context.Context) (err error) {
	f.inbox, f.crm, f.upgraded = openInbox(), openInbox(), make(chan struct{})
	defer f.inbox.close()
	defer f.crm.close()
	if f.record, err = pgx.Connect(ctx, f.stack.DatabaseURL); err != nil {
		return err
	}
	defer func() { _ = f.record.Close(context.WithoutCancel(ctx)) }()
	if err := f.setUp(ctx); err != nil {
		return err
	}
	dir := filepath.Join(filepath.Dir(f.older.log), "data")
	if err := f.older.start(f.stack, dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.older.stop()) }()
	var all sync.WaitGroup
	f.begin(ctx, &all, "the older worker alone")
	clock, err := f.clock(ctx)
	if err != nil {
		return err
	}
	if err := f.age(ctx); err != nil {
		return err
	}
	f.stack.StartWorker()
	f.begin(ctx, &all, "both workers")
	if err := f.await(ctx, "lives that stay", func() bool { return f.stayed.Load() == f.staying() }); err != nil {
		return err
	}
	if err := f.older.stop(); err != nil {
		return err
	}
	close(f.upgraded)
	all.Wait()
	return f.verify(ctx, clock)
}

// staying is how many lives wait for the end of the upgrade.
func (f *fleet) staying() (n int64) {
	for i := range lives {
		if lives[i].stays {
			n += 2 * int64(f.copies)
		}
	}
	return n
}

// begin begins so many lives of each kind.
func (f *fleet) begin(ctx context.Context, all *sync.WaitGroup, phase string) {
	for i := range lives {
		l := &lives[i]
		var mine sync.WaitGroup
		faults := make([]error, f.copies)
		began := time.Now()
		for k := range f.copies {
			mine.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, patient)
				defer cancel()
				faults[k] = f.liveOne(ctx, l)
			})
		}
		all.Go(func() {
			mine.Wait()
			f.mu.Lock()
			defer f.mu.Unlock()
			f.results = append(f.results, result{phase, l.name, f.copies, time.Since(began), errors.Join(faults...)})
		})
	}
}

// age waits until the older worker has done what it can, and makes the rest so old that its sweep hands it out, too.
func (f *fleet) age(ctx context.Context) error {
	const left = `
		SELECT count(*) FROM actions a JOIN bookings b ON b.id = a.booking_id
		WHERE a.status = 'pending' AND b.graph IN ('instant', 'confirm_decline', 'instant_payment', 'request')`
	err := f.await(ctx, "bookings of the first graphs", func() bool {
		var n int
		return f.record.QueryRow(ctx, left).Scan(&n) == nil && n == 0
	})
	if err != nil {
		return err
	}
	const overdue = `
		WITH aged AS (UPDATE actions SET signalled_at = now() - interval '5 minutes' WHERE status = 'pending' RETURNING booking_id)
		SELECT count(*) FROM aged`
	var n int
	if err := f.record.QueryRow(ctx, overdue).Scan(&n); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(f.out, "%d actions wait for a worker that reads their graphs\n", n)
	const handed = `SELECT count(*) FROM actions WHERE status = 'pending' AND signalled_at < now() - interval '1 minute'`
	return f.await(ctx, "a sweep of the older worker", func() bool {
		return f.record.QueryRow(ctx, handed).Scan(&n) == nil && n == 0
	})
}

// await waits for a condition.
func (f *fleet) await(ctx context.Context, what string, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w\n%s", what, ctx.Err(), f.older.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// clock books in a test app and has its clock advanced while only the older worker runs. It returns the booking, which expires by it.
func (f *fleet) clock(ctx context.Context) (id string, err error) {
	if f.lab, err = f.app(ctx, "laboratory", true); err != nil {
		return "", err
	}
	a, err := f.lab.ask(ctx, http.MethodPost, "/v2/resources", `{"name":"Chair","timezone":"Europe/Berlin"}`)
	if err != nil {
		return "", err
	}
	if a, err = f.lab.ask(ctx, http.MethodPost, "/v2/bookings", f.request(a.Data.ID, "request", ""), "Prefer", "wait=25"); err != nil {
		return "", err
	}
	f.note(a.Data.ID)
	if err := f.lab.until(ctx, a.Data.ID, "tentative", func(a answer) bool { return a.Data.State == "tentative" }); err != nil {
		return "", err
	}
	_, err = f.lab.ask(ctx, http.MethodPut, "/v2/test_clock", `{"advance":"P3D"}`, "Prefer", "respond-async")
	return a.Data.ID, err
}
