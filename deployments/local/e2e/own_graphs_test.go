package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"holdfast/workflows"
)

// viewing is a graph of an app's own: a visit of a flat, which is over when nobody has called it off in time.
const viewing = `{"name":"viewing","description":"A visit of a flat.","initial":"asked","start":"create","states":[
	{"name":"asked","holds":"nothing","actions":[{"name":"create","to":"planned","by":["api"],"on_conflict":"refuse"}]},
	{"name":"planned","holds":"slot",
		"actions":[{"name":"call_off","to":"off","by":["api","customer_link"]},{"name":"lapse","to":"lapsed","by":["timer"]}],
		"timers":[{"action":"lapse","after":"P2D","from":"entered","min":"PT1S","max":"P60D"}]},
	{"name":"off","holds":"nothing","final":true},{"name":"lapsed","holds":"nothing","final":true},{"name":"error","holds":"nothing","final":true}]}`

// TestAnOwnGraphWalks: a workflow walks a graph that is no part of the program, by actions, by its timer, and after its end from the record.
func TestAnOwnGraphWalks(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	r := newReceiver(t, ok)
	b.post(t, "/v2/graphs", viewing).want(t, http.StatusCreated)
	b.post(t, "/v2/graphs/viewing/publish", "").want(t, http.StatusCreated)
	b.webhook(t, r.URL, `,"format":"holdfast","graph":"viewing"`)
	resource := b.resource(t)
	id := b.book(t, resource, "viewing", 9)
	b.post(t, "/v2/bookings", request(resource, "viewing", 9)).refused(t, http.StatusConflict, "slot_taken")
	b.put(t, "/v2/bookings/"+id+"/call_off", "").want(t, http.StatusOK).same(t, "data.state", "off")
	for i, want := range []string{"booking.planned", "booking.off"} {
		if got := r.waitFor(t, 2)[i]; got.at("type") != want || got.at("data.booking.id") != id || got.at("data.booking.graph") != "viewing" {
			t.Errorf("not %s: %s", want, got.body)
		}
	}
	lapses := b.post(t, "/v2/bookings", request(resource, "viewing", 9, `,"settings":{"timers":{"lapse":"PT1S"}}`)).want(t, http.StatusCreated).str("data.id")
	b.eventuallyState(t, lapses, "lapsed")
	b.put(t, "/v2/bookings/"+lapses+"/call_off", "").refused(t, http.StatusUnprocessableEntity, "action_not_available")
	replay(t, b.stack.App.Temporal, "own-graph-called-off", workflows.BookingID(mustUUID(t, id)))
	replay(t, b.stack.App.Temporal, "own-graph-lapsed", workflows.BookingID(mustUUID(t, lapses)))
	info, err := b.stack.App.Temporal.DescribeWorkflowExecution(t.Context(), workflows.BookingID(mustUUID(t, id)), "")
	if err != nil || info.GetExecutionConfig().GetTaskQueue().GetName() != workflows.BookingQueue(b.stack.App.Config.TaskQueue, 1) {
		t.Errorf("on the queue of workers of older releases: %v, %v", info.GetExecutionConfig(), err)
	}
}

// ownGraphs asks for everything there is about an app's own graphs.
func (r tour) ownGraphs(t *testing.T, resource string) {
	t.Helper()
	r.do(t, http.MethodGet, "/v2/graphs/schema.json", "", http.StatusOK)
	r.do(t, http.MethodPost, "/v2/graphs", `{"name":"instant"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, "/v2/graphs", `{"name":"viewing"}`, http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/graphs/viewing/publish", "", http.StatusUnprocessableEntity)
	r.do(t, http.MethodPost, "/v2/graphs/viewing/validate", "", http.StatusOK)
	r.do(t, http.MethodPost, "/v2/graphs", viewing, http.StatusCreated)
	r.do(t, http.MethodGet, "/v2/graphs/viewing/draft", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/graph_drafts", "", http.StatusOK)
	r.do(t, http.MethodPost, "/v2/graphs/viewing/validate", "", http.StatusOK)
	r.do(t, http.MethodGet, "/v2/graphs/viewing/versions", "", http.StatusNotFound)
	r.do(t, http.MethodPost, "/v2/graphs/viewing/publish", "", http.StatusCreated)
	r.do(t, http.MethodGet, "/v2/graphs/viewing/versions", "", http.StatusOK)
	r.do(t, http.MethodPut, "/v2/graphs/viewing/alias", `{"weights":{"1":1}}`, http.StatusOK)
	r.do(t, http.MethodPost, "/v2/graphs", strings.Replace(viewing, "P2D", "P3D", 1), http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/graphs/viewing/publish", "", http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/bookings/migrate", `{"from":"viewing@1","to":"viewing@2","dry_run":true}`, http.StatusOK)
	r.do(t, http.MethodPost, "/v2/bookings/migrate", `{"from":"viewing@1","to":"viewing@2"}`, http.StatusAccepted)
	r.do(t, http.MethodPost, "/v2/bookings/migrate", `{"from":"viewing@1"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPut, "/v2/graphs/viewing/alias", `{"version":9}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodPut, "/v2/graphs/seeing/alias", `{"version":2}`, http.StatusNotFound)
	r.do(t, http.MethodDelete, "/v2/graphs/viewing/draft", "", http.StatusNoContent)
	r.do(t, http.MethodGet, "/v2/graphs/viewing/draft", "", http.StatusNotFound)
	r.do(t, http.MethodGet, "/v2/graphs/viewing", "", http.StatusOK)
	r.do(t, http.MethodPost, "/v2/bookings"+everything, request(resource, "viewing@1", 340), http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/bookings", request(resource, "viewing@9", 341), http.StatusUnprocessableEntity)
	r.force(t, r.book(t, resource, "instant", 342))
}
