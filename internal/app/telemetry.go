package app

import (
	"context"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/internal/metrics"
)

// backlogEvery is how often the record is asked for what waits in it.
const backlogEvery = time.Minute

// observe shows the metrics on their own address, if there is one, and keeps those of the record up to date, until the
// context ends. API and worker in one process share one observer.
func (a *App) observe(ctx context.Context, group *errgroup.Group) error {
	if !a.observing.CompareAndSwap(false, true) {
		return nil
	}
	group.Go(func() error {
		defer a.observing.Store(false)
		a.watchBacklog(ctx)
		return nil
	})
	if a.Config.MetricsAddr == "" {
		return nil
	}
	listener, err := net.Listen("tcp", a.Config.MetricsAddr)
	if err != nil {
		return fmt.Errorf("HOLDFAST_METRICS_ADDR: %w", err)
	}
	group.Go(func() error { return a.serve(ctx, listener, a.metrics.Handler()) })
	return nil
}

func (a *App) watchBacklog(ctx context.Context) {
	tick := time.NewTicker(backlogEvery)
	defer tick.Stop()
	for {
		found, err := a.cleaner.Backlog(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			a.log.Warn("the backlog could not be read", "error", err)
		}
		a.metrics.SetBacklog(metrics.Backlog(found), err)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *App) pool() metrics.Pool {
	s := a.DB.Stats()
	return metrics.Pool{
		Max: int(s.MaxConns()), Acquired: int(s.AcquiredConns()), Idle: int(s.IdleConns()),
		Acquires: s.AcquireCount(), Waits: s.EmptyAcquireCount(), Waited: s.AcquireDuration(),
	}
}
