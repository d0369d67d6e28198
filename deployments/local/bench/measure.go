package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"

	"holdfast/deployments/local/stack"
	"holdfast/internal/booking"
)

// kind is one way to live.
type kind struct {
	name string
	live func(ctx context.Context, n int) (begin, end time.Duration, id string, err error)
}

// figures are what one kind took at one concurrency, over all rounds.
type figures struct {
	begins, ends []time.Duration
	took         time.Duration
	lives        int
	server       time.Duration // CPU of this process: Temporal, API, worker, client
	postgres     time.Duration // CPU of Postgres
	history      historySize   // of the last life
}

// historySize is how large the history of a workflow is, and its input, in bytes.
type historySize struct {
	events, bytes, input int64
	graph, unpacked      int64 // the graph as JSON, and the input with it
}

func measure(ctx context.Context, s *stack.Stack, lives, rounds int) (string, error) {
	b, stop, err := startBare(ctx, s.App.Temporal, s.DatabaseURL)
	if err != nil {
		return "", err
	}
	defer stop()
	h, err := newBooked(ctx, s)
	if err != nil {
		return "", err
	}
	kinds := []kind{{"bare workflow", b.live}, {"booking over HTTP", h.live}}
	for _, k := range kinds { // warm up
		if err := k.round(ctx, s, &figures{}, lives/4+1, 8); err != nil {
			return "", err
		}
	}
	if _, err := b.pool.Exec(ctx, `ANALYZE`); err != nil { // Postgres does so by itself within a minute; plans are made anew then
		return "", err
	}
	report := heading(lives, rounds)
	for _, at := range []int{1, 20} {
		results := make([][2]figures, rounds)
		for r := range results {
			for i, k := range kinds {
				n := lives
				if at == 1 {
					n = lives / 3
				}
				if err := k.round(ctx, s, &results[r][i], n, at); err != nil {
					return "", err
				}
			}
		}
		report += table(at, kinds, results)
	}
	return report + rest, nil
}

// round lives n lives, so many at a time.
func (k kind) round(ctx context.Context, s *stack.Stack, f *figures, n, at int) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	var failed error
	var last string
	work := make(chan int)
	serverBefore, postgresBefore, started := selfCPU(), postgresCPU(s.PostgresPID()), time.Now()
	for range at {
		all.Go(func() {
			for i := range work {
				begin, end, id, err := k.live(ctx, i)
				mu.Lock()
				if err != nil {
					failed = err
				} else {
					f.begins, f.ends, last = append(f.begins, begin), append(f.ends, end), id
				}
				mu.Unlock()
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	all.Wait()
	f.took += time.Since(started)
	f.lives += n
	f.server += selfCPU() - serverBefore
	f.postgres += postgresCPU(s.PostgresPID()) - postgresBefore
	if failed != nil {
		return fmt.Errorf("%s: %w", k.name, failed)
	}
	var err error
	f.history, err = history(ctx, s, last)
	return err
}

// history waits for a workflow's end and measures its history.
func history(ctx context.Context, s *stack.Stack, id string) (h historySize, err error) {
	if err := s.App.Temporal.GetWorkflow(ctx, id, "").Get(ctx, nil); err != nil {
		return h, err
	}
	info, err := s.App.Temporal.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return h, err
	}
	h.bytes = info.GetWorkflowExecutionInfo().GetHistorySizeBytes()
	all := s.App.Temporal.GetWorkflowHistory(ctx, id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for all.HasNext() {
		event, err := all.Next()
		if err != nil {
			return h, err
		}
		h.events = event.GetEventId()
		if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			h.measureInput(started.GetInput().GetPayloads())
		}
	}
	return h, nil
}

// measureInput measures the input of a booking's workflow as it is, and as it would be with its graph as JSON. That of another workflow has
// no graph.
func (h *historySize) measureInput(input []*common.Payload) {
	for _, one := range input {
		h.input += int64(len(one.GetData()))
		var in booking.WorkflowInput
		if json.Unmarshal(one.GetData(), &in) != nil || in.UnpackGraph() != nil {
			continue
		}
		in.Packed = nil
		text, err := json.Marshal(in)
		graph, faulty := json.Marshal(in.Graph)
		if err == nil && faulty == nil {
			h.unpacked, h.graph = int64(len(text)), int64(len(graph))
		}
	}
}

func selfCPU() time.Duration {
	var use syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// postgresCPU sums what the server and its children have used, those that have ended included (Linux).
func postgresCPU(pid int) time.Duration {
	var ticks int64
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		own := filepath.Base(filepath.Dir(file)) == strconv.Itoa(pid)
		if len(fields) < 15 || (!own && fields[1] != strconv.Itoa(pid)) {
			continue
		}
		last := 13
		if own {
			last = 15
		}
		for _, field := range fields[11:last] {
			n, _ := strconv.ParseInt(field, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func heading(lives, rounds int) string {
	return fmt.Sprintf(`# Benchmarks

A booking's life over HTTP (POST → 201 confirmed → PUT cancel → 200) against the barest workflow that could carry it
(start, local activity with one INSERT, signal, the same, done; no HTTP, no calendar, no events). Both run on one server in
one run and take turns; only the ratios mean anything on another machine. A ratio is the median of those of the rounds.

    make bench        # %d lives a round, %d rounds

%s, %d cores, %s. Temporal's server, API, worker and client share one process; Postgres is another, with fsync on.
`, lives, rounds, time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.Version())
}

const rest = `
## What eats the rest

Aims: lives/s at least 0.75 of bare, create p50 at most 1.7 times bare. In six runs of this section on 2026-12-01, of 4 to 10 rounds each,
lives/s were 0.61 to 0.73 of bare at 1 at a time and 0.66 to 0.76 at 20; create p50 was 1.90 to 2.17 times bare at 1 at a time, and 1.57
to 1.67 in five runs and 1.82 in one at 20. So creations reach their aim at 20 at a time, and lives come close; one at a time reaches
neither. A creation puts its claim on record before a workflow starts, which the bare workflow has no need of, and both of its
transactions keep all that the API answers from: the booking with an index for each order of the lists, the texts that are searched, the
claim, the action, the transition, the event. Counted:

- Round trips to Postgres for a creation: bare 1, booking 5 (key 1, resource and calendar 1, put on record with its claim 1, commit 2); a
  process that commits for another one's request costs it a sixth, which reads the outcome. For a cancel: bare 1, booking 5. TestRoundTrips
  holds these numbers.
- Events of the workflow: bare 11, booking 14. The three are the timer that completes the booking (started, cancelled) and
  the search attribute of the final state.
- The workflow's input holds the graph, so it is kilobytes where bare has none, and its start indexes four attributes. Without these
  attributes the ratios were the same, within what runs differ by.
- HTTP, JSON and the request's log line.

Where a creation's time goes, one at a time (2026-12-01, p50 of each step over 300 lives, with a probe in the client, before its answer came
without a read): bare 7.8 ms, of which starting the workflow 6.3, the worker's turn 0.5, the insert 1.0. Booking 17.0 ms: key 0.5, resource
and calendar 0.6, claim 2.6, starting the workflow 6.7, the worker's turn 0.5, the commit's look 1.1 and its writes 2.5, reading the outcome
1.2 (no more), HTTP and the answer 0.9. 1.7 times bare are 13.2 ms. What was tried on the rest:

- Fewer and larger statements: nine statements of one batch take 0.04 to 0.08 ms longer than one, so there is little in it.
- A claim that is not flushed to the disk (synchronous_commit off): create p50 stays 2.0 times bare at 1 at a time; lives/s at 20 would be
  0.75, at the price of a 202 whose claim may be lost.
- The first transition made by the API, in the transaction of the claim, and not by the booking's workflow (a prototype that was not kept,
  two runs): create p50 was 1.79 and 1.87 times bare at 1 at a time, 1.77 and 1.49 at 20; lives/s 0.62 and 0.64, 0.74 and 0.78. So one at a
  time reaches neither aim in this way either, and the workflow would not decide any more what becomes of a creation.
- The record alone, with nothing else on the machine and without flushes (BenchmarkLife): create 0.9 ms, commit 1.0 to 1.1, cancel's
  action 0.2, a look at the booking 0.3. Beside Temporal each takes two to three times as long: processors and caches are shared.

Of CPU, a life took 14.4 ms more than a bare one at 8 at a time (2026-12-01); 0.75 would allow 10.8. 7.9 are the server's process: 1.4
collect garbage, 1.0 are the record's client, 0.9 HTTP, 1.1 Temporal's handlers, the rest is scheduling. 6.6 are Postgres: 4.1 execute our
statements (writing the booking with its indexes three times is the largest part), the rest plans, parses messages and flushes.
`

// tableRow is what is said of a kind: lives a second, times at quantiles and CPU in milliseconds, events.
type tableRow [8]float64

func (f *figures) columns() tableRow {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	n := float64(f.lives)
	return tableRow{
		n / f.took.Seconds(), ms(quantile(f.begins, .5)), ms(quantile(f.begins, .99)), ms(quantile(f.ends, .5)),
		ms(quantile(f.ends, .99)), float64(f.history.events), ms(f.server) / n, ms(f.postgres) / n,
	}
}

// add adds what another round took.
func (f *figures) add(o *figures) {
	f.begins, f.ends = append(f.begins, o.begins...), append(f.ends, o.ends...)
	f.took, f.lives, f.server, f.postgres, f.history = f.took+o.took, f.lives+o.lives, f.server+o.server, f.postgres+o.postgres, o.history
}

// table shows each kind over all rounds. The ratios are medians of those of the rounds, whose two halves follow each other: on a shared
// machine a round may be twice as slow as the next.
func table(at int, kinds []kind, rounds [][2]figures) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\n## %d at a time\n\n"+
		"| | lives/s | create p50 ms | create p99 ms | cancel p50 ms | cancel p99 ms | events | CPU ms per life: server | Postgres |\n"+
		"|---|---|---|---|---|---|---|---|---|\n", at)
	var all [2]figures
	var ratios [len(tableRow{})][]float64
	for r := range rounds {
		bare, booked := &rounds[r][0], &rounds[r][1]
		all[0].add(bare)
		all[1].add(booked)
		one, other := bare.columns(), booked.columns()
		for column := range ratios {
			ratios[column] = append(ratios[column], other[column]/one[column])
		}
	}
	for i := range all {
		fmt.Fprintf(&text, "| %s |", kinds[i].name)
		for column, value := range all[i].columns() {
			if column == 5 {
				fmt.Fprintf(&text, " %.0f |", value)
				continue
			}
			fmt.Fprintf(&text, " %.1f |", value)
		}
		text.WriteString("\n")
	}
	text.WriteString("| **ratio** |")
	for _, ratio := range ratios {
		slices.Sort(ratio)
		fmt.Fprintf(&text, " **%.2f** |", ratio[len(ratio)/2])
	}
	text.WriteString("\n")
	return text.String()
}
