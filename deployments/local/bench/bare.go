package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// bare is the least a durable booking could cost: a workflow that inserts one row, waits for a signal, inserts another
// and ends. It has no calendar, no graph, no webhook and no HTTP.
type bare struct {
	client client.Client
	pool   *pgxpool.Pool
	mu     sync.Mutex
	done   map[string]chan struct{}
}

const bareQueue = "bare"

func startBare(ctx context.Context, c client.Client, url string) (*bare, func(), error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	const q = `CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, workflow text, step int)`
	if _, err := pool.Exec(ctx, q); err != nil {
		return nil, nil, err
	}
	b := &bare{client: c, pool: pool, done: map[string]chan struct{}{}}
	polling := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	w := worker.New(c, bareQueue, worker.Options{WorkflowTaskPollerBehavior: polling, ActivityTaskPollerBehavior: polling})
	w.RegisterWorkflow(bareWorkflow)
	w.RegisterActivity(b.Insert)
	if err := w.Start(); err != nil {
		return nil, nil, err
	}
	return b, func() { w.Stop(); pool.Close() }, nil
}

func bareWorkflow(ctx workflow.Context) error {
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 5 * time.Second})
	if err := workflow.ExecuteLocalActivity(local, "Insert", id, 1).Get(ctx, nil); err != nil {
		return err
	}
	workflow.GetSignalChannel(ctx, "go").Receive(ctx, nil)
	return workflow.ExecuteLocalActivity(local, "Insert", id, 2).Get(ctx, nil)
}

// Insert writes one row and rings its waiter.
func (b *bare) Insert(ctx context.Context, id string, step int) error {
	if _, err := b.pool.Exec(ctx, `INSERT INTO bare (workflow, step) VALUES ($1, $2)`, id, step); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if ch, ok := b.done[id]; ok {
		ch <- struct{}{}
	}
	return nil
}

// live runs one life and returns how long each half took.
func (b *bare) live(ctx context.Context, n int) (begin, end time.Duration, id string, err error) {
	id = fmt.Sprintf("bare-%d-%d", time.Now().UnixNano(), n)
	rung := make(chan struct{}, 4)
	b.mu.Lock()
	b.done[id] = rung
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.done, id)
		b.mu.Unlock()
	}()
	started := time.Now()
	options := client.StartWorkflowOptions{ID: id, TaskQueue: bareQueue, EnableEagerStart: true}
	if _, err = b.client.ExecuteWorkflow(ctx, options, bareWorkflow); err != nil {
		return 0, 0, id, err
	}
	if err = waitFor(ctx, rung); err != nil {
		return 0, 0, id, err
	}
	begin = time.Since(started)
	started = time.Now()
	if err = b.client.SignalWorkflow(ctx, id, "", "go", nil); err != nil {
		return 0, 0, id, err
	}
	err = waitFor(ctx, rung)
	return begin, time.Since(started), id, err
}

func waitFor(ctx context.Context, rung <-chan struct{}) error {
	select {
	case <-rung:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
