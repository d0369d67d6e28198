package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/deployments/local/stack"
)

// free asks for availability over HTTP, over a record full of busy time.
type free struct {
	*booked
	resources []string
}

const (
	freeResources   = 50
	freeOccupancies = 100_000
	freeAsked       = 200 // questions per row of the table
)

// busy fills the calendars: half an hour of every four and some, for a year from a month ago on.
const busy = `
	WITH slots AS (
		SELECT gen_random_uuid() AS id, r.id AS resource, r.app_id AS app,
			(SELECT c.id FROM calendars c WHERE c.resource_id = r.id LIMIT 1) AS calendar,
			date_trunc('day', now()) - interval '30 days' + n * interval '262 minutes' AS start_at
		FROM resources r, generate_series(1, $2::int) n WHERE r.id = ANY($1::uuid[])),
	events AS (
		INSERT INTO calendar_events (id, app_id, resource_id, calendar_id, start_at, end_at)
		SELECT id, app, resource, calendar, start_at, start_at + interval '30 minutes' FROM slots RETURNING id)
	INSERT INTO occupancies (id, app_id, resource_id, event_id, during)
	SELECT gen_random_uuid(), app, resource, id, tstzrange(start_at, start_at + interval '30 minutes') FROM slots`

func newFree(ctx context.Context, s *stack.Stack) (*free, error) {
	b, err := newBooked(ctx, s)
	if err != nil {
		return nil, err
	}
	f := &free{booked: b}
	for i := range freeResources {
		body := fmt.Sprintf(`{"name":"Chair %d","timezone":"Europe/Berlin"}`, i)
		id, err := b.call(ctx, http.MethodPost, "/v2/resources", body, http.StatusCreated)
		if err != nil {
			return nil, err
		}
		f.resources = append(f.resources, id)
	}
	conn, err := pgx.Connect(ctx, s.DatabaseURL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, busy, f.resources, freeOccupancies/freeResources); err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, "ANALYZE occupancies")
	return f, err
}

// ask asks once and returns how long it took and how many slots there were.
func (f *free) ask(ctx context.Context, resources, days int) (took time.Duration, slots int, err error) {
	body := fmt.Sprintf(`{"resources":["%s"],"mode":"roundrobin_prioritized","length":"30 minutes","timeslot_increments":"30 minutes",
		"from":"tomorrow","to":"%d days","output_timezone":"Europe/Berlin",
		"constraints":[{"block_weekends":{}},{"allow_hours":{"start":9,"end":17}}]}`,
		strings.Join(f.resources[:resources], `","`), days+1)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.stack.APIURL+"/v2/availability", strings.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	req.SetBasicAuth("", f.stack.Demo.APIKey)
	started := time.Now()
	resp, err := f.http.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("availability: %d %s", resp.StatusCode, text)
	}
	return time.Since(started), bytes.Count(text, []byte(`"start"`)), err
}

const freeHeading = `
## Free time

POST /v2/availability over HTTP, one at a time, over %d occupancies of %d resources (each busy for 30 of every 262 minutes, from 30 days
ago on); half-hour slots from nine to five on weekdays, one resource named for each. Aim: 50 resources and 60 days in 30 ms at p95.

| resources | days | busy ranges of these days | slots | p50 ms | p95 ms | ratio of p50 to the first row |
|---|---|---|---|---|---|---|
`

func measureFree(ctx context.Context, s *stack.Stack) (string, error) {
	f, err := newFree(ctx, s)
	if err != nil {
		return "", err
	}
	report := fmt.Sprintf(freeHeading, freeOccupancies, freeResources)
	var first time.Duration
	for _, c := range []struct{ resources, days int }{{10, 15}, {10, 60}, {25, 60}, {50, 15}, {50, 30}, {50, 60}} {
		var all []time.Duration
		var slots int
		for range freeAsked {
			took, n, err := f.ask(ctx, c.resources, c.days)
			if err != nil {
				return "", err
			}
			all, slots = append(all, took), n
		}
		p50, p95 := quantile(all, .5), quantile(all, .95)
		if first == 0 {
			first = p50
		}
		report += fmt.Sprintf("| %d | %d | %d | %d | %.1f | %.1f | %.1f |\n", c.resources, c.days, c.resources*c.days*24*60/262, slots,
			float64(p50.Microseconds())/1000, float64(p95.Microseconds())/1000, float64(p50)/float64(first))
	}
	return report, nil
}
