package postgres_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// TestMatchesAgree compares the filters of endpoints in Go with those in SQL, over all combinations of filters and of events.
func TestMatchesAgree(t *testing.T) {
	t.Parallel()
	b := setup(t)
	project, other := b.newProject("here").ID, b.newProject("elsewhere").ID
	service, unused := newID(), newID()
	for _, id := range []uuid.UUID{service, unused} {
		b.exec(`INSERT INTO services (id, app_id, name) VALUES ($1, $2, 'a service')`, id, b.app.ID)
	}
	b.exec(`INSERT INTO project_services (project_id, service_id) VALUES ($1, $2)`, project, service)

	endpoints, subjects := filtered(project, service, unused), subjectsOf(project, other, service)
	var wanted [][2]int
	var w, e []map[string]any
	for i, endpoint := range endpoints {
		w = append(w, map[string]any{
			"expected_status": i, "event_types": textArray(endpoint.EventTypes), "graph": "", "graphs": textArray(endpoint.Graphs), "state": "",
			"states": textArray(endpoint.States), "projects": idArray(endpoint.Projects), "services": idArray(endpoint.Services), "format": endpoint.Format,
		})
		for j, subject := range subjects {
			if endpoint.Matches(subject) {
				wanted = append(wanted, [2]int{i, j})
			}
		}
	}
	for j, s := range subjects {
		row := map[string]any{"seq": j, "topics": s.Topics, "graph": s.Graph, "state": s.State, "project_id": s.Project}
		if s.Booking {
			row["booking_id"] = newID()
		}
		if s.Request {
			row["request_id"] = newID()
		}
		e = append(e, row)
	}
	got := column[[]int](b, `SELECT ARRAY[w.expected_status, e.seq] FROM jsonb_populate_recordset(NULL::webhook_endpoints, $1) w,
		jsonb_populate_recordset(NULL::events, $2) e WHERE `+postgres.Wants+` ORDER BY 1`, asText(w), asText(e))
	if len(wanted) < 1000 || len(wanted) > len(w)*len(e)/2 {
		t.Errorf("%d of %d pairs: the combinations say little", len(wanted), len(w)*len(e))
	}
	for i := range max(len(got), len(wanted)) {
		if i >= len(got) || i >= len(wanted) || [2]int(got[i]) != wanted[i] {
			t.Fatalf("%d pairs in SQL, %d in Go; they differ from number %d on", len(got), len(wanted), i)
		}
	}
}

// filtered are endpoints with each combination of filters: none, one that fits an event, and one that fits none.
func filtered(project, service, unused uuid.UUID) (all []outbox.Endpoint) {
	for _, types := range [][]string{nil, {"booking.confirmed"}, {"endpoint.*"}, {"bookings.create", "endpoint.paused"}, {"nothing.*"}} {
		for _, graphs := range [][]string{nil, {"instant"}, {"other", "none"}} {
			for _, states := range [][]string{nil, {"confirmed", "cancelled"}, {"none"}} {
				for _, projects := range [][]uuid.UUID{nil, {project}, {newID()}} {
					for _, services := range [][]uuid.UUID{nil, {unused, service}, {unused}} {
						for _, format := range []outbox.Format{outbox.FormatHoldfast, outbox.FormatCronofy} {
							all = append(all, outbox.Endpoint{
								EventTypes: types, Graphs: graphs, States: states, Projects: projects, Services: services, Format: format,
							})
						}
					}
				}
			}
		}
	}
	return all
}

func subjectsOf(project, other, service uuid.UUID) (all []outbox.Subject) {
	for _, request := range []bool{false, true} {
		all = append(all, outbox.Subject{Topics: outbox.Topics(outbox.EndpointPausedEvent, ""), Request: request})
		for _, state := range []string{"confirmed", "declined"} {
			for _, kind := range []string{"", outbox.BookingsCreate, outbox.BookingsDelete} {
				for _, graph := range []string{"instant", "confirm_decline"} {
					s := outbox.Subject{Topics: outbox.Topics(outbox.EventType(state), kind), Booking: true, Graph: graph, State: state, Request: request}
					all = append(all, s)
					s.Project = &other
					all = append(all, s)
					s.Project, s.Services = &project, []uuid.UUID{service}
					all = append(all, s)
				}
			}
		}
	}
	return all
}

func asText(value any) string { return string(must(json.Marshal(value))) }

func textArray(all []string) []string { return append([]string{}, all...) }

func idArray(all []uuid.UUID) []uuid.UUID { return append([]uuid.UUID{}, all...) }
