package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/deployments/local/stack"
)

//go:embed lists.sql
var fillLists string

// listsAsked is how often each list is asked for, and listsAim what its 95th percentile should be below.
const (
	listsAsked = 20
	listsAim   = 30 * time.Millisecond
)

// lists asks for lists over HTTP, over a full record.
type lists struct {
	*booked
	conn *pgx.Conn
	n    int // bookings
}

// listed is one list that is asked for.
type listed struct{ what, path string }

// listAnswer is what matters of a page.
type listAnswer struct {
	Data  []json.RawMessage `json:"data"`
	Total int               `json:"total"`
	Exact bool              `json:"total_is_exact"`
	Next  string            `json:"next_cursor"`
}

// fill seeds the record and returns how long that took.
func (l *lists) fill(ctx context.Context) (time.Duration, error) {
	var app string
	if err := l.conn.QueryRow(ctx, `SELECT app_id FROM resources WHERE id = $1`, l.resource).Scan(&app); err != nil {
		return 0, err
	}
	began := time.Now()
	text := strings.NewReplacer("@app", "'"+app+"'", "@n", strconv.Itoa(l.n)).Replace(fillLists)
	for _, q := range append(statements(text), "VACUUM ANALYZE") {
		if _, err := l.conn.Exec(ctx, q); err != nil {
			return 0, fmt.Errorf("%.60s: %w", q, err)
		}
	}
	return time.Since(began), nil
}

// checkFilled returns an error unless the record that was kept has the last of n bookings.
func (l *lists) checkFilled(ctx context.Context) error {
	const q = `
		SELECT EXISTS (SELECT FROM bookings
			WHERE id = ('0190' || lpad(to_hex($1::int), 8, '0') || '70008' || substr(md5($1::int::text), 1, 15))::uuid)`
	var filled bool
	if err := l.conn.QueryRow(ctx, q, l.n).Scan(&filled); err != nil || filled {
		return err
	}
	return fmt.Errorf("the folder keeps another record than that of %d bookings", l.n)
}

// statements are the statements of a text: DO commits, and so each must be sent alone.
func statements(text string) (all []string) {
	for part := range strings.SplitSeq(text, ";\n") {
		if n := len(all); n > 0 && strings.Count(all[n-1], "$$")%2 == 1 {
			all[n-1] += ";\n" + part
		} else if strings.TrimSpace(part) != "" {
			all = append(all, part)
		}
	}
	return all
}

// ask asks for one list and returns its page.
func (l *lists) ask(ctx context.Context, path string) (took time.Duration, page listAnswer, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.stack.APIURL+path, http.NoBody)
	if err != nil {
		return 0, page, err
	}
	req.SetBasicAuth("", l.key)
	started := time.Now()
	resp, err := l.http.Do(req)
	if err != nil {
		return 0, page, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	took = time.Since(started)
	if err == nil && resp.StatusCode != http.StatusOK {
		return took, page, &refusedList{path, resp.StatusCode, string(text)}
	}
	return took, page, errors.Join(err, json.Unmarshal(text, &page))
}

// refusedList is the error of a list that was answered by another status than 200.
type refusedList struct {
	path   string
	status int
	text   string
}

func (r *refusedList) Error() string { return fmt.Sprintf("%s: %d %s", r.path, r.status, r.text) }

// row measures one list and returns its row of the table.
func (l *lists) row(ctx context.Context, one listed) (row string, slow bool, err error) {
	var all []time.Duration
	var page listAnswer
	for i := range listsAsked + 1 {
		took, answer, err := l.ask(ctx, one.path)
		if status := (*refusedList)(nil); errors.As(err, &status) {
			return fmt.Sprintf("| %s | answer %d | - | - | - |\n", one.what, status.status), true, nil
		}
		if err != nil {
			return "", false, err
		}
		if page = answer; i > 0 { // the first one makes the statements ready, and reads what is not in memory
			all = append(all, took)
		}
	}
	total := strconv.Itoa(page.Total)
	switch {
	case page.Next != "":
		total = "-"
	case !page.Exact:
		total += "+"
	}
	p50, p95 := quantile(all, .5), quantile(all, .95)
	row = fmt.Sprintf("| %s | %d | %s | %.1f | %.1f |\n", one.what, len(page.Data), total, milliseconds(p50), milliseconds(p95))
	return row, p95 >= listsAim, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

const listsHeading = `
## Lists of %[2]d bookings

GET over HTTP, one at a time, each list %[1]d times after a first one; %[2]d bookings of one app, and a fiftieth as many resources,
calendars, projects, services, locations, credentials and calendar events, seeded by SQL%[3]s. A page has 50 rows where nothing
else is said. A total with + is a lower bound. Aim: p95 below %[4]d ms. %[5]d of %[6]d lists are above it.

| list | rows | total | p50 ms | p95 ms |
|---|---|---|---|---|
`

// measureLists seeds n bookings and measures every order, filter and search that the API offers.
func measureLists(ctx context.Context, s *stack.Stack, n int) (string, error) {
	key, made, err := newApp(ctx, s, "Lists") // no list has what the other sections have booked
	if err != nil {
		return "", err
	}
	b, err := newBookedBy(ctx, s, key)
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, s.DatabaseURL)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	l := &lists{booked: b, conn: conn, n: n}
	filled := " before"
	if made {
		took, err := l.fill(ctx)
		if err != nil {
			return "", err
		}
		filled = fmt.Sprintf(" in %.0f s", took.Seconds())
	} else if err := l.checkFilled(ctx); err != nil {
		return "", err
	}
	all, err := l.all(ctx)
	if err != nil {
		return "", err
	}
	table, above := "", 0
	for _, one := range all {
		row, slow, err := l.row(ctx, one)
		if err != nil {
			return "", err
		}
		if table += row; slow {
			above++
		}
	}
	return fmt.Sprintf(listsHeading, listsAsked, n, filled, listsAim.Milliseconds(), above, len(all)) + table, nil
}

// at is the path of a list with a query.
func at(path string, query ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return path + "?" + values.Encode()
}
