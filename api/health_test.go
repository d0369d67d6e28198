package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"holdfast/internal/fault"
)

// ill is a Temporal that cannot be reached.
type ill struct {
	client.Client

	hangs bool // instead of saying so
}

func (i ill) CheckHealth(ctx context.Context, _ *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	if i.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, errors.New("connection refused")
}

// TestReadiness depends on Postgres alone. Temporal's state is shown, and a Temporal that hangs is not waited for.
func TestReadiness(t *testing.T) {
	t.Parallel()
	f := setup(t)
	ready := func(status int, temporal string) {
		t.Helper()
		answers := make(chan answer, 1)
		go func() { answers <- f.send("", http.MethodGet, "/readyz", "") }()
		var a answer
		select {
		case a = <-answers:
		case <-time.After(time.Minute): // far above what it may take
			t.Fatal("the answer waits for Temporal")
		}
		var body struct{ Temporal string }
		if err := json.Unmarshal(a.Body.Bytes(), &body); err != nil || a.Code != status || body.Temporal != temporal {
			t.Errorf("%d with Temporal %q, want %d, %q: %s", a.Code, body.Temporal, status, temporal, a.Body)
		}
		if status != http.StatusOK {
			a.refused(t, fault.Unavailable, "")
		}
	}
	ready(http.StatusOK, "ok")
	for _, one := range []ill{{}, {hangs: true}} {
		f.Dispatch.Client = one
		ready(http.StatusOK, "unreachable")
	}
	f.Dispatch.Client = f.temporal
	f.DB.Close()
	ready(http.StatusServiceUnavailable, "")
	f.send("", http.MethodGet, "/healthz", "").want(t, http.StatusOK)
}
