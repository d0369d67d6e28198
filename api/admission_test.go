package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
	"holdfast/internal/tenant"
)

// absent is a Temporal that takes nothing.
type absent struct{ client.Client }

func (absent) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, errors.New("connection refused")
}

// TestALostAnnouncementIsNoOutcome: the connection that announcements come by is lost, so some may have been missed. A creation that is not
// decided keeps its place among those in flight, and gives it back when it is.
func TestALostAnnouncementIsNoOutcome(t *testing.T) {
	t.Parallel()
	f := setup(t, func(_ *tenant.AppSettings, s *Server) { s.Dispatch = &dispatch.Dispatcher{Client: absent{}} })
	a := f.send(f.server, http.MethodPost, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":%q,"end":%q}`,
		f.resource(`[]`), noon.Format(time.RFC3339), noon.Add(time.Hour).Format(time.RFC3339)), "Prefer", "respond-async")
	if a.Code != http.StatusAccepted {
		t.Fatal(a.what, a.Code, a.Body)
	}
	lose := func() {
		t.Helper()
		rung, done := f.Outcomes.Expect(uuid.New())
		defer done()
		if _, err := f.look.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'holdfast outcomes'`); err != nil {
			t.Fatal(err)
		}
		for { // until it listens again
			select {
			case <-rung:
				return
			case <-time.After(time.Minute):
				t.Fatal("it does not listen again")
			}
		}
	}
	for range 2 { // behind the second one, the first was seen
		lose()
		if running, _ := f.Admission.Load(); running != 1 {
			t.Fatalf("%d creations are in flight, not 1", running)
		}
	}
	var action uuid.UUID
	if err := f.look.QueryRow(t.Context(), `SELECT id FROM actions`).Scan(&action); err != nil {
		t.Fatal(err)
	}
	if err := f.temporal.commit(t.Context(), booking.Signal{ActionID: action, Action: "confirm", Actor: graphs.ActorAPI}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; lose() {
		if running, _ := f.Admission.Load(); running == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a decided creation keeps its place")
		}
	}
}
