package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflowservice/v1"

	"holdfast/deployments/local/stack"
)

// crowd sends many requests for a booking at the same moment.
type crowd struct {
	*booked
	record *pgx.Conn
}

const (
	crowdSize   = 300
	crowdRounds = 20
	crowdSlots  = 30 // that overlap
)

// reply is one answer to a crowd.
type reply struct {
	status int
	after  time.Duration // to come again
	took   time.Duration
}

// rush lets a crowd ask at once. It returns every answer, and how long it took until the last one.
func (c *crowd) rush(ctx context.Context, bodies []string) ([]reply, time.Duration, error) {
	answers := make([]reply, len(bodies))
	faults := make([]error, len(bodies))
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i, body := range bodies {
		all.Go(func() {
			<-begin
			answers[i], faults[i] = c.want(ctx, body)
		})
	}
	started := time.Now()
	close(begin)
	all.Wait()
	took := time.Since(started)
	for _, err := range faults {
		if err != nil {
			return nil, 0, err
		}
	}
	return answers, took, nil
}

func (c *crowd) want(ctx context.Context, body string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.stack.APIURL+"/v2/bookings", strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.SetBasicAuth("", c.key)
	started := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return reply{resp.StatusCode, time.Duration(seconds) * time.Second, time.Since(started)}, err
}

// wish is the body of a booking of an hour, so many minutes into a day that nothing else is booked on.
func wish(resource string, day, minutes int) string {
	start := time.Date(2040, 1, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, day).Add(time.Duration(minutes) * time.Minute)
	return fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":%q,"end":%q,"what":"Haircut",`+
		`"customer":{"name":"Marty McFly","email":"marty@example.com"}}`,
		resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))
}

// contested is what rounds on contested time came to.
type contested struct {
	statuses map[int]int
	took     []time.Duration
	lasted   time.Duration
	odd      int // rounds on one slot without exactly one winner
}

// contest plays rounds back to back, on one slot and on slots that overlap in turn.
func (c *crowd) contest(ctx context.Context, resource string) (*contested, error) {
	all := &contested{statuses: map[int]int{}}
	for round := range crowdRounds {
		bodies := bodiesOf(crowdSize, func(i int) string { return wish(resource, round, (round%2)*(i%crowdSlots)*10) })
		answers, took, err := c.rush(ctx, bodies)
		if err != nil {
			return nil, err
		}
		winners := 0
		for _, a := range answers {
			all.statuses[a.status]++
			all.took = append(all.took, a.took)
			if a.status == http.StatusCreated {
				winners++
			}
		}
		if all.lasted += took; round%2 == 0 && winners != 1 {
			all.odd++
		}
	}
	return all, nil
}

// served is what a crowd came to each for a resource of its own.
type served struct {
	statuses map[int]int // of the first answers
	odd      map[int]int // answers that are neither 201 nor 503 with Retry-After, first or later, by status
	last     time.Duration
	asked    int
}

// serve lets each of a crowd send its request, as often as the answer says to come again, until all have a booking.
func (c *crowd) serve(ctx context.Context, resources []string) (*served, error) {
	all := &served{statuses: map[int]int{}, odd: map[int]int{}}
	var mu sync.Mutex
	var failed error
	var waiting sync.WaitGroup
	started := time.Now()
	for _, resource := range resources {
		waiting.Go(func() {
			for first := true; ; first = false {
				a, err := c.want(ctx, wish(resource, 100, 0))
				mu.Lock()
				all.asked++
				if first {
					all.statuses[a.status]++
				}
				if err != nil {
					failed = err
				}
				again := a.status == http.StatusServiceUnavailable && a.after > 0 && time.Since(started) < time.Minute
				if !again && a.status != http.StatusCreated {
					all.odd[a.status]++
				}
				all.last = time.Since(started)
				mu.Unlock()
				if !again {
					return
				}
				time.Sleep(a.after)
			}
		})
	}
	waiting.Wait()
	return all, failed
}

const crowdHeading = `
## A crowd

%d rounds back to back of %d simultaneous POST /v2/bookings, in turn on one slot and over %d overlapping slots of one resource.
Aims: nobody gets 202 or 5xx, one winner per round on one slot, a workflow per winner and none for a loser, at least 1000 answers/s
(better 2000), p99 below 1 s, nothing pending 2 s later.

| 201 | 409 | other | rounds on one slot without exactly one winner | workflows | answers/s | p50 ms | p99 ms | pending 2 s later |
|---|---|---|---|---|---|---|---|---|
`

func measureCrowd(ctx context.Context, s *stack.Stack) (string, error) {
	b, err := newBooked(ctx, s)
	if err != nil {
		return "", err
	}
	c := &crowd{booked: b}
	if c.record, err = pgx.Connect(ctx, s.DatabaseURL); err != nil {
		return "", err
	}
	defer func() { _ = c.record.Close(context.WithoutCancel(ctx)) }()
	if _, _, err := c.rush(ctx, bodiesOf(crowdSize, func(int) string { return "{}" })); err != nil { // connections
		return "", err
	}
	before, err := c.workflows(ctx)
	if err != nil {
		return "", err
	}
	all, err := c.contest(ctx, b.resource)
	if err != nil {
		return "", err
	}
	time.Sleep(2 * time.Second)
	var pending int
	if err := c.record.QueryRow(ctx, `SELECT count(*) FROM actions WHERE status = 'pending'`).Scan(&pending); err != nil {
		return "", err
	}
	after, err := c.workflows(ctx)
	if err != nil {
		return "", err
	}
	ms := func(q float64) float64 { return float64(quantile(all.took, q).Microseconds()) / 1000 }
	won, lost := all.statuses[http.StatusCreated], all.statuses[http.StatusConflict]
	report := fmt.Sprintf(crowdHeading, crowdRounds, crowdSize, crowdSlots) + fmt.Sprintf(
		"| %d | %d | %d | %d | %d | %.0f | %.0f | %.0f | %d |\n", won, lost, crowdRounds*crowdSize-won-lost, all.odd, after-before,
		crowdRounds*crowdSize/all.lasted.Seconds(), ms(.5), ms(.99), pending)
	more, err := c.measureFreeTime(ctx)
	return report + more, err
}

const servedHeading = `
%d at once on as many resources. Aims: everybody gets 201 or 503 with Retry-After, and who comes again then has a booking within 30 s.

| 201 at once | 503 at once | other answers | requests | the last has a booking after s |
|---|---|---|---|---|
`

func (c *crowd) measureFreeTime(ctx context.Context) (string, error) {
	resources := make([]string, crowdSize)
	for i := range resources {
		id, err := c.call(ctx, http.MethodPost, "/v2/resources", `{"name":"Chair","timezone":"Europe/Berlin"}`, http.StatusCreated)
		if err != nil {
			return "", err
		}
		resources[i] = id
	}
	all, err := c.serve(ctx, resources)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(servedHeading, crowdSize) + fmt.Sprintf("| %d | %d | %v | %d | %.1f |\n", all.statuses[http.StatusCreated],
		all.statuses[http.StatusServiceUnavailable], odd(all.odd), all.asked, all.last.Seconds()), nil
}

func odd(statuses map[int]int) string {
	if len(statuses) == 0 {
		return "none"
	}
	return strings.TrimPrefix(fmt.Sprint(statuses), "map")
}

// workflows counts the bookings' workflows there ever were.
func (c *crowd) workflows(ctx context.Context) (int64, error) {
	n, err := c.stack.App.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: "WorkflowType = 'Booking'"})
	return n.GetCount(), err
}

func bodiesOf(n int, one func(int) string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = one(i)
	}
	return all
}
