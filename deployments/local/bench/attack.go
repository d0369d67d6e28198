package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/deployments/local/stack"
)

// attack sends requests that are cheap to write and would be dear to answer.
type attack struct {
	*booked
	resources []string
}

// assault is one such request, sent once and then by many callers at once.
type assault struct {
	name, method, path, key, body string
	many                          int
}

// endured is what an assault came to.
type endured struct {
	statuses map[int]int
	failed   int // requests without an answer, among them those that took longer than attackPatience
	bytes    int64
	longest  time.Duration
	peak     float64 // MiB
}

const (
	attackMany      = 16
	attackResources = 7
	attackNumbers   = 2500
	attackPatience  = 30 * time.Second
)

// assaults are the questions for free time by each key, then the bookings, and last what reads those that were let in.
func (a *attack) assaults() (all []assault) {
	question := func(resources int, mode, step string, days int) string {
		return fmt.Sprintf(`{"resources":["%s"],"mode":%q,"length":%[3]q,"timeslot_increments":%[3]q,"from":"tomorrow","to":"%d days"}`,
			strings.Join(a.resources[:resources], `","`), mode, step, days+1)
	}
	numbers := make([]string, attackNumbers)
	for i := range numbers {
		numbers[i] = fmt.Sprintf(`"%d":1e131071`, i)
	}
	body := strings.TrimSuffix(wish(a.resource, 200, 0), "}") + `,"meta":{` + strings.Join(numbers, ",") + "}}"
	for _, by := range []struct {
		name, key string
		computed  int // days of minutes of all resources that are just not too many to look at
		answered  int // days of quarters of hours that are just not too many to list
	}{{"widget", a.stack.Demo.WidgetKey, 24, 7}, {"server", a.stack.Demo.APIKey, 188, 29}} {
		for _, q := range []struct{ name, path, body string }{
			{"minutes of 188 days", "/v2/availability", question(1, "roundrobin_random", "1 minute", 188)},
			{"the same, 7 resources, exclusive", "/v2/availability", question(attackResources, "exclusive", "1 minute", 188)},
			{"the most that is computed", "/v2/availability", question(attackResources, "exclusive", "1 minute", by.computed)},
			{"the same, what is taken", "/v2/unavailable/slots", question(attackResources, "exclusive", "1 minute", by.computed)},
			{"the most that is answered", "/v2/availability", question(attackResources, "exclusive", "15 minutes", by.answered)},
			{"a booking with 2500 × 1e131071", "/v2/bookings", body},
		} {
			all = append(all, assault{q.name + ", " + by.name + " key", http.MethodPost, q.path, by.key, q.body, attackMany})
		}
	}
	return append(all, assault{"the list of bookings behind them, server key", http.MethodGet, "/v2/bookings", a.key, "", 1})
}

// endure sends an assault so many times at once.
func (a *attack) endure(ctx context.Context, what assault, many int) endured {
	ctx, cancel := context.WithTimeout(ctx, attackPatience)
	defer cancel()
	e := endured{statuses: map[int]int{}}
	resetPeak()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			started := time.Now()
			status, size, err := a.send(ctx, what)
			mu.Lock()
			defer mu.Unlock()
			if e.bytes, e.longest = max(e.bytes, size), max(e.longest, time.Since(started)); err != nil {
				e.failed++
				return
			}
			e.statuses[status]++
		})
	}
	all.Wait()
	e.peak = processMiB("VmHWM:")
	return e
}

// send drops an answer as it comes, so that the memory measured is not the caller's.
func (a *attack) send(ctx context.Context, what assault) (status int, size int64, err error) {
	req, err := http.NewRequestWithContext(ctx, what.method, a.stack.APIURL+what.path, strings.NewReader(what.body))
	if err != nil {
		return 0, 0, err
	}
	req.SetBasicAuth("", what.key)
	resp, err := a.http.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	size, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, size, err
}

const attackHeading = `
## An attack

Questions that list a million slots, and bookings whose meta Postgres would print as 330 MB, each alone and %d at once. Aims: 200, 422 or
503, none without an answer after %.0f s, and a process of less than 512 MiB.

| request | at once | answers by status | no answer | largest answer KiB | longest ms | peak of the process MiB |
|---|---|---|---|---|---|---|
`

const attackSummary = `
The process was at %.0f MiB before (Temporal's server, worker, API and callers share it) and at %.0f MiB at most: a rise of %.0f MiB.
`

func measureAttack(ctx context.Context, s *stack.Stack) (string, error) {
	b, err := newBooked(ctx, s)
	if err != nil {
		return "", err
	}
	a := &attack{booked: b, resources: []string{b.resource}}
	for len(a.resources) < attackResources {
		id, err := b.call(ctx, http.MethodPost, "/v2/resources", `{"name":"Chair","timezone":"Europe/Berlin"}`, http.StatusCreated)
		if err != nil {
			return "", err
		}
		a.resources = append(a.resources, id)
	}
	// The widest there is: an app whose widgets need no project.
	if _, err := b.call(ctx, http.MethodPut, "/v2/app", `{"settings":{"widget_requires_project":false}}`, http.StatusOK); err != nil {
		return "", err
	}
	debug.FreeOSMemory()
	before, peak := processMiB("VmRSS:"), 0.0
	report := fmt.Sprintf(attackHeading, attackMany, attackPatience.Seconds())
	for _, what := range a.assaults() {
		for _, many := range slices.Compact([]int{1, what.many}) {
			e := a.endure(ctx, what, many)
			peak = max(peak, e.peak)
			report += fmt.Sprintf("| %s | %d | %s | %d | %d | %.0f | %.0f |\n", what.name, many, odd(e.statuses), e.failed,
				e.bytes>>10, float64(e.longest.Microseconds())/1000, e.peak)
		}
	}
	return report + fmt.Sprintf(attackSummary, before, peak, peak-before), ctx.Err()
}

// resetPeak lets VmHWM begin at the memory that the process has now. Where it may not, VmHWM stays that of the process's whole life.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }
