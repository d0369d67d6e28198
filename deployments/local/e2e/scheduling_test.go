package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/dispatch"
)

// asked makes a scheduling request as the app's backend does, and returns its name.
func (b *bundle) asked(t testing.TB, resource, more string) string {
	t.Helper()
	body := fmt.Sprintf(`{"host":{"sub":%q},"recipients":[{"email":"eb@example.com","display_name":"Dr Emmet Brown"}],
		"event":{"summary":"Product Manager Interview"},"correlation_id":"foobar"%s}`, resource, more)
	return b.post(t, "/v1/scheduling_requests", body).want(t, http.StatusCreated).str("scheduling_request.scheduling_request_id")
}

// pick makes the booking of a scheduling request as the recipient's page does, and returns its id.
func (b *bundle) pick(t testing.TB, request *booking.SchedulingRequest, resource, graph string, hour int) string {
	t.Helper()
	app := b.get(t, "/v2/app").want(t, http.StatusOK)
	service := b.stack.App
	r, err := service.DB.Resource(t.Context(), mustUUID(t, app.str("data.id")), mustUUID(t, resource))
	if err != nil {
		t.Fatal(err)
	}
	calendar, err := service.DB.Calendar(t.Context(), r.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := graphs.Named(graph, nil)
	start := time.Date(2030, 12, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour) * time.Hour)
	v := &booking.Booking{
		ID: uuid.New(), AppID: r.AppID, EventID: uuid.New(), Graph: g.Name, GraphVersion: g.Version, State: g.Initial, Start: start,
		End: start.Add(time.Hour), What: request.Summary, Resource: *r, Calendar: *calendar, Request: request,
		Customers: []booking.Customer{{
			ID: uuid.New(), Name: request.Recipient.DisplayName, Email: request.Recipient.Email, Phone: "0118999881999119725 3",
			Meta: []byte(`{"notes":"No dietary requirements.","guests":1000000,"vegan":true}`),
		}},
	}
	first := &booking.Action{
		ID: uuid.New(), AppID: v.AppID, BookingID: v.ID, Name: g.Start, Actor: graphs.ActorAPI, Channel: booking.ChannelAPI, Status: booking.Pending,
	}
	if _, err := service.DB.CreateBooking(t.Context(), v, first, graphs.Move{}); err != nil {
		t.Fatal(err)
	}
	d := &dispatch.Dispatcher{Client: service.Temporal, TaskQueue: service.Config.TaskQueue}
	if err := d.Start(t.Context(), v, app.str("data.slug"), booking.Signal{ActionID: first.ID, Action: first.Name, Actor: first.Actor}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the booking is made", func() bool { return b.state(t, v.ID.String()) != g.Initial })
	return v.ID.String()
}

// known is a scheduling request of the app as the record has it.
func (b *bundle) known(t testing.TB, name string) *booking.SchedulingRequest {
	t.Helper()
	app := mustUUID(t, b.get(t, "/v2/app").want(t, http.StatusOK).str("data.id"))
	all, err := b.stack.App.DB.SchedulingRequests(t.Context(), app, []string{name})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d requests %s: %v", len(all), name, err)
	}
	return all[0].Request
}

func (b *bundle) queried(t testing.TB, names ...string) answer {
	t.Helper()
	a := b.post(t, "/v1/scheduling_requests/query", fmt.Sprintf(`{"scheduling_request_ids":["%s"]}`, strings.Join(names, `","`))).want(t, http.StatusOK)
	a.promised(t, http.MethodPost, "/v1/scheduling_requests/query")
	return a
}

func TestSchedulingRequestsByAPI(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	one, two := b.resource(t), b.resource(t)
	rest := `,"recipients":[{"email":"eb@example.com","display_name":"Dr Emmet Brown","slot_selector":true}],"event":{"summary":"Interview"}`
	project := b.project(t, "Talk", "", one).str("data.id")
	group := func(required string) string {
		return fmt.Sprintf(`"host_group":{"name":"Crew","members":[{"sub":%q},{"sub":%q},{"sub":%q}],"required":%s}`, one, two, one, required)
	}
	both := fmt.Sprintf(`"resources": ["%s", "%s"]`, one, two)
	for body, want := range map[string]string{ // what the recipient's page will offer
		fmt.Sprintf(`"host":{"sub":%q}`, one): fmt.Sprintf(`{"to": "14 days", "mode": "roundrobin_prioritized", "resources": ["%s"]}`, one),
		group(`1`):                            `{"to": "14 days", "mode": "roundrobin_prioritized", ` + both + `}`,
		group(`null`) + `,"buffer":{"before":{"minutes":5},"after":{"minutes":10}}`: `{"to": "14 days", "mode": "roundrobin_prioritized", "buffer": "10 minutes", ` + both + `}`,
		fmt.Sprintf(`"project_id":%q`, project):                                     `{}`,
	} {
		made := b.post(t, "/v1/scheduling_requests", `{`+body+rest+`,"duration":{"minutes":45}}`, "Idempotency-Key", uuid.NewString()).want(t, http.StatusCreated)
		made.promised(t, http.MethodPost, "/v1/scheduling_requests")
		name := made.str("scheduling_request.scheduling_request_id")
		page := made.header.Get("Location")
		for field, value := range map[string]string{
			"slot_selection": "pending", "primary_select_url": page, "recipient_operations": "map[view_url:" + page + "]", "summary": "Interview",
			"duration.minutes": "45", "recipients.0.email": "eb@example.com", "recipients.0.select_url": page, "holdfast.state": "pending",
		} {
			made.same(t, "scheduling_request."+field, value)
		}
		if !strings.HasPrefix(name, "srq_") || !strings.HasPrefix(page, b.api+"/rts/") {
			t.Errorf("%s %s", name, page)
		}
		known := b.known(t, name)
		if string(known.Offer) != want || (known.ProjectID != nil) != strings.Contains(body, "project") || !known.Attributed {
			t.Errorf("%s\noffers %s\n  want %s", body, known.Offer, want)
		}
		if other.queried(t, name).body != `{"scheduling_requests":[]}` {
			t.Error("another app can read it")
		}
		other.post(t, "/v1/scheduling_requests/cancel", fmt.Sprintf(`{"scheduling_request_id":%q}`, name)).refused(t, http.StatusNotFound, "not_found")
		other.call(t, http.MethodDelete, "/v1/scheduling_requests/"+name, "").refused(t, http.StatusNotFound, "not_found")
	}
	first, second := b.asked(t, one, ""), b.asked(t, two, "")
	list := b.queried(t, second, "srq_none", first)
	list.same(t, "scheduling_requests.0.scheduling_request.scheduling_request_id", second)
	list.same(t, "scheduling_requests.1.scheduling_request.scheduling_request_id", first)
	list.same(t, "scheduling_requests.2", "<nil>")
	list.same(t, "scheduling_requests.1.scheduling_request.event.metadata.scheduler.correlation_id", "foobar")
}

func TestWhatASchedulingRequestMayNotBe(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	host := fmt.Sprintf(`"host":{"sub":%q},`, b.resource(t))
	foreign, none := other.resource(t), "01a1fc0b-5545-746e-98da-000000000000"
	const fine = `"recipients":[{"email":"eb@example.com"}],"event":{"summary":"Interview"}`
	b.post(t, "/v1/scheduling_requests", `{}`).blames(t, "recipients", "event.summary", "host")
	for body, field := range map[string]string{
		host + `"recipients":[],"event":{"summary":"x"}`:                                                    "recipients",
		host + `"recipients":[{"email":"a@b.c"},{"email":"d@e.f"}],"event":{"summary":"x"}`:                 "recipients",
		host + `"recipients":[{"email":"Eb <eb@example.com>"}],"event":{"summary":"x"}`:                     "recipients.0.email",
		host + fine + `,"duration":{"minutes":-1}`:                                                          "duration.minutes",
		host + fine + `,"duration":{"minutes":1441}`:                                                        "duration.minutes",
		host + fine + `,"buffer":{"after":{"minutes":-5}}`:                                                  "buffer.after.minutes",
		host + fine + fmt.Sprintf(`,"correlation_id":%q`, strings.Repeat("ü", 129)):                         "correlation_id",
		host + fine + `,"collaborator_groups":[{"name":"x","members":[]}]`:                                  "collaborator_groups",
		host + `"recipients":[{"email":"eb@example.com"}]`:                                                  "event.summary",
		fine + fmt.Sprintf(`,"host":{"sub":%q}`, foreign):                                                   "host.sub",
		fine + `,"host":{"sub":"acc_567236000909002"}`:                                                      "host.sub",
		fine + `,"host_group":{"sub":"sel_x"}`:                                                              "host_group.sub",
		fine + fmt.Sprintf(`,"host_group":{"members":[{"sub":%q}],"required":"all"}`, none):                 "host_group.members.0.sub",
		host + fine + fmt.Sprintf(`,"host_group":{"members":[{"sub":%q}]}`, foreign):                        "host_group.members.0.sub",
		host + fine + `,"host_group":{"members":[],"required":3}`:                                           "host_group.required",
		host + fine + fmt.Sprintf(`,"host_group":{"members":[{"sub":%q}],"required":"all"}`, b.resource(t)): "host_group.required",
		host + fine + fmt.Sprintf(`,"host_group":{"members":[{"sub":%q}],"required":2}`, b.resource(t)):     "host_group.required",
		fine + fmt.Sprintf(`,"project_id":%q`, none):                                                        "project_id",
		fine + `,"project_id":"mine"`:                                                                       "project_id",
		fine + fmt.Sprintf(`,"project_id":%q`, other.project(t, "Theirs", "").str("data.id")):               "project_id",
	} {
		b.post(t, "/v1/scheduling_requests", `{`+body+`}`).blames(t, field)
	}
	b.post(t, "/v1/scheduling_requests", `{`+host+fine+fmt.Sprintf(`,"correlation_id":%q}`, strings.Repeat("ü", 128))).want(t, http.StatusCreated)
	b.post(t, "/v1/scheduling_requests/query", `{}`).blames(t, "scheduling_request_ids")
	b.post(t, "/v1/scheduling_requests/query", `{"scheduling_request_ids":[`+strings.TrimSuffix(strings.Repeat(`"x",`, 101), ",")+`]}`).blames(t, "scheduling_request_ids")
	b.post(t, "/v1/scheduling_requests/cancel", `{"scheduling_request_id":"srq_none"}`).refused(t, http.StatusNotFound, "not_found")
}

// TestSchedulingRequestsAreCancelled before a time is picked, while one is still to be confirmed, and after.
func TestSchedulingRequestsAreCancelled(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	r := newReceiver(t, ok)
	b.put(t, "/v2/embed_callback", fmt.Sprintf(`{"callback_url":%q}`, r.URL)).want(t, http.StatusOK)
	resource := b.resource(t)
	cancel := func(name string, headers ...string) {
		t.Helper()
		a := b.post(t, "/v1/scheduling_requests/cancel", fmt.Sprintf(`{"scheduling_request_id":%q}`, name), headers...).want(t, http.StatusAccepted)
		a.promised(t, http.MethodPost, "/v1/scheduling_requests/cancel")
		if a.body != "" {
			t.Errorf("202 with a body: %s", a.body)
		}
	}
	pending := b.asked(t, resource, "")
	cancel(pending, "Idempotency-Key", "cancel")
	cancel(pending, "Idempotency-Key", "cancel")
	cancel(pending)
	b.queried(t, pending).same(t, "scheduling_requests.0.scheduling_request.holdfast.state", "cancelled")

	for i, graph := range []string{"instant", "confirm_decline"} {
		name := b.asked(t, resource, "")
		id := b.pick(t, b.known(t, name), resource, graph, 9+i)
		b.queried(t, name).same(t, "scheduling_requests.0.scheduling_request.slot_selection", "complete")
		cancel(name)
		cancel(name)
		eventually(t, "its booking ends", func() bool { return slices.Contains([]string{"cancelled", "declined"}, b.state(t, id)) })
		cancel(name)
		over := b.queried(t, name)
		over.same(t, "scheduling_requests.0.scheduling_request.recipient_operations", "map[view_url:"+over.str("scheduling_requests.0.scheduling_request.primary_select_url")+"]")
		got := r.waitFor(t, 2+2*i)
		if last := got[len(got)-1]; last.at("notification.type") != "scheduling_request_cancelled" || last.at("scheduling_request.scheduling_request_id") != name {
			t.Errorf("%s", last.body)
		}
	}
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).want(t, http.StatusCreated) // their times are free again
	b.post(t, "/v2/bookings", request(resource, "instant", 10)).want(t, http.StatusCreated)
}
