package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"holdfast/deployments/local/stack"
)

const webhookHeading = `
## Webhooks

To a receiver on the same two cores that answers at once, every attempt on record. Made-up deliveries of one change, each of a booking
of its own. CPU is that of all processes, the receiver's among them.

| waiting | endpoints | requests at a time each | deliveries/s | CPU s per 1,000 |
|---|---|---|---|---|
`

const soonHeading = `
From a booking's commit (its beginning, so the commit itself is counted) to the first attempt, and from the booking's answer to it (less
than nothing: the attempt began before the answer); bookings one at a time, so that the endpoint sleeps and has to be woken each time.

| beside it | commit p50 ms | commit p99 ms | answer p50 ms | answer p99 ms |
|---|---|---|---|---|
`

func measureTold(ctx context.Context, s *stack.Stack) (report string, err error) {
	t, err := newWebhookBench(ctx, s)
	if err != nil {
		return "", err
	}
	defer t.close(ctx)
	for _, part := range []func(context.Context) (string, error){t.throughput, t.latency, t.waiting} {
		text, err := part(ctx)
		if err != nil {
			return "", err
		}
		report += text
	}
	return report, nil
}

func (t *webhookBench) throughput(ctx context.Context) (string, error) {
	report := webhookHeading
	for _, c := range []struct{ endpoints, inFlight int }{{1, 4}, {1, 16}, {10, 4}} {
		ids, err := t.endpoints(ctx, c.endpoints, t.alive.URL, "cancelled", c.inFlight)
		if err != nil {
			return "", err
		}
		if err := t.fill(ctx, ids, webhookBacklog, 0); err != nil {
			return "", err
		}
		before := t.cpu()
		if err := t.wake(ctx, ids); err != nil {
			return "", err
		}
		took, err := t.drained(ctx, ids)
		if err != nil {
			return "", err
		}
		cpu := (t.cpu() - before).Seconds() * 1000 / webhookBacklog
		report += fmt.Sprintf("| %d | %d | %d | %.0f | %.2f |\n", webhookBacklog, c.endpoints, c.inFlight, webhookBacklog/took.Seconds(), cpu)
	}
	return report, nil
}

// cpu is what this process and Postgres have used.
func (t *webhookBench) cpu() time.Duration { return selfCPU() + postgresCPU(t.stack.PostgresPID()) }

func (t *webhookBench) endpoints(ctx context.Context, n int, url, state string, inFlight int) (ids []string, err error) {
	for range n {
		id, err := t.endpoint(ctx, url, state, inFlight)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// latency is measured alone, and beside endpoints that never answer.
func (t *webhookBench) latency(ctx context.Context) (string, error) {
	id, err := t.endpoint(ctx, t.alive.URL, "", 4)
	if err != nil {
		return "", err
	}
	alone, err := t.soon(ctx, id)
	if err != nil {
		return "", err
	}
	other, err := t.neighbour(ctx)
	if err != nil {
		return "", err
	}
	dead, err := other.endpoints(ctx, webhookSilent, "http://"+t.silent.Addr().String(), "cancelled", 4)
	if err != nil {
		return "", err
	}
	if err := other.fill(ctx, dead, webhookDead, 0); err != nil {
		return "", err
	}
	if err := other.wake(ctx, dead); err != nil {
		return "", err
	}
	beside, err := t.soon(ctx, id)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString(soonHeading)
	row := "| %s | %.1f | %.1f | %.1f | %.1f |\n"
	fmt.Fprintf(&text, row, "nothing", alone.commit50, alone.commit99, alone.answer50, alone.answer99)
	silent := fmt.Sprintf("%d deliveries of another app to %d endpoints that never answer", webhookDead, webhookSilent)
	fmt.Fprintf(&text, row, silent, beside.commit50, beside.commit99, beside.answer50, beside.answer99)
	return text.String(), nil
}

// waiting measures what retries cost that are not due for a long time.
func (t *webhookBench) waiting(ctx context.Context) (string, error) {
	ids, err := t.endpoints(ctx, webhookIdle, t.alive.URL, "cancelled", 4)
	if err != nil {
		return "", err
	}
	if err := t.wake(ctx, ids); err != nil {
		return "", err
	}
	time.Sleep(5 * time.Second)
	heapBefore, allBefore := memory()
	if err := t.fill(ctx, ids, webhookWaiting, 12*time.Hour); err != nil {
		return "", err
	}
	started := time.Now()
	if err := t.wake(ctx, ids); err != nil {
		return "", err
	}
	time.Sleep(5 * time.Second)
	heap, all := memory()
	var disk float64
	const q = `SELECT pg_total_relation_size('webhook_deliveries')::float8 / (1 << 20)`
	if err := t.conn.QueryRow(ctx, q).Scan(&disk); err != nil {
		return "", err
	}
	return fmt.Sprintf(`
%d retries that wait for their time, over %d endpoints, change the process (Temporal's server included) from %.0f to %.0f MiB
of heap and from %.0f to %.0f MiB of memory; they wait in Postgres, in a table of %.0f MiB with its indexes. To look at all
those endpoints once took %.1f s.
`, webhookWaiting, webhookIdle, heapBefore, heap, allBefore, all, disk, time.Since(started).Seconds()-5), nil
}
