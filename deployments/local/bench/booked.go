package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"holdfast/deployments/local/stack"
	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
	"holdfast/workflows"
)

// booked lives bookings over HTTP, as a backend would: POST, wait for 201, cancel, wait for 200.
type booked struct {
	stack    *stack.Stack
	http     *http.Client
	key      string // of the app
	resource string
	graph    string
	hours    atomic.Int64
}

func newBooked(ctx context.Context, s *stack.Stack) (*booked, error) {
	return newBookedBy(ctx, s, s.Demo.APIKey)
}

// newBookedBy is the same by the key of an app.
func newBookedBy(ctx context.Context, s *stack.Stack, key string) (*booked, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: time.Minute}
	b := &booked{stack: s, key: key, graph: "instant", http: client}
	id, err := b.call(ctx, http.MethodPost, "/v2/resources", `{"name":"Chair","timezone":"Europe/Berlin"}`, http.StatusCreated)
	b.resource = id
	return b, err
}

func (b *booked) live(ctx context.Context, _ int) (begin, end time.Duration, id string, err error) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(b.hours.Add(1)) * time.Hour)
	body := fmt.Sprintf(`{"resource_id":%q,"graph":%q,"start":%q,"end":%q,"what":"Haircut",`+
		`"customer":{"name":"Marty McFly","email":"marty@example.com"}}`,
		b.resource, b.graph, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))
	started := time.Now()
	id, err = b.call(ctx, http.MethodPost, "/v2/bookings", body, http.StatusCreated)
	if err != nil {
		return 0, 0, id, err
	}
	begin = time.Since(started)
	started = time.Now()
	_, err = b.call(ctx, http.MethodPut, "/v2/bookings/"+id+"/cancel", "{}", http.StatusOK)
	return begin, time.Since(started), workflows.BookingID(uuid.MustParse(id)), err
}

func (b *booked) call(ctx context.Context, method, path, body string, want int) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, b.stack.APIURL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth("", b.key)
	req.Header.Set("Prefer", "wait=25")
	resp, err := b.http.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != want {
		return "", fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	var answer struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	err = json.Unmarshal(text, &answer)
	return answer.Data.ID, err
}

// newApp makes another app on a server, unless it is there, and returns a server key of it.
func newApp(ctx context.Context, s *stack.Stack, name string) (key string, made bool, err error) {
	admin := &booked{stack: s, http: http.DefaultClient, key: string(s.AdminKey())}
	slug := strings.ToLower(name)
	body := fmt.Sprintf(`{"name":%q,"slug":%q}`, name, slug)
	a := s.App
	app, err := a.DB.Access.AppBySlug(ctx, slug)
	if fault.CodeOf(err) == fault.NotFound {
		if _, err := admin.call(ctx, http.MethodPost, "/v2/apps", body, http.StatusCreated); err != nil {
			return "", false, err
		}
		app, err = a.DB.Access.AppBySlug(ctx, slug)
		made = true
	}
	if err != nil {
		return "", false, err
	}
	_, key, err = apps.AddKey(ctx, a.DB.Access, a.Vault, app, tenant.ServerKey, "bench", uuid.Must(uuid.NewV7()))
	return key, made, err
}
