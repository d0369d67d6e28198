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

Aims: lives/s at least 0.75 of bare, create p50 at most 1.7 times bare. They are not reached. A creation puts its claim on record before a
workflow starts, which the bare workflow has no need of, and both of its transactions keep all that the API answers from: the booking with
an index for each order of the lists, the texts that are searched, the claim, the action, the transition, the event. Counted:

- Round trips to Postgres for a creation: bare 1, booking 6 (key 1, resource and calendar 1, put on record with its claim 1,
  commit 2, read the outcome 1). For a cancel: bare 1, booking 6. TestRoundTrips holds these numbers.
- Events of the workflow: bare 11, booking 14. The three are the timer that completes the booking (started, cancelled) and
  the search attribute of the final state, which is a second write to the visibility store.
- The workflow's input holds the graph, so it is kilobytes where bare has none, and its start indexes four attributes.
- HTTP, JSON and the request's log line.
- Of Postgres' time for a life, as it counts it itself (2026-11-30, before 00038, 8 at a time, beside other work): 8.3 ms are Temporal's
  statements, as many as for a bare workflow, and 6.8 ms ours: 1.5 to write the booking and its indexes three times, 1.1 to read it five
  times, 0.9 for the two actions, 0.4 each for the texts, the events and the claim.

The aim for lives cannot be reached by less work in Go alone. 20 at a time, both kinds take more than nine tenths of two processors
(2026-11-30): a bare life costs 21.2 ms of CPU, so 0.75 would allow 7.1 ms more. Postgres alone takes 9.2 ms more for a booking.
`

// columns are what is said of a kind: lives a second, times at quantiles and CPU in milliseconds, events.
type columns [8]float64

func (f *figures) columns() columns {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	n := float64(f.lives)
	return columns{
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
	var ratios [len(columns{})][]float64
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
