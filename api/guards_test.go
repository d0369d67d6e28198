package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/internal/fault"
)

// guarded is a graph whose arrows have guards of every kind that an API call can meet, and one with another state for what is taken.
const guarded = `{"name":"viewing","description":"A visit of a flat.","initial":"asked","start":"create","states":[
	{"name":"asked","holds":"nothing","actions":[{"name":"create","to":"wish","by":["api"]}]},
	{"name":"wish","holds":"nothing","actions":[
		{"name":"plan","to":"planned","by":["api"],"on_conflict":"full"},
		{"name":"ask_again","to":"wish","by":["api"],"when":[{"count_of":{"action":"ask_again","less_than":2}}]},
		{"name":"drop","to":"off","by":["api"],"inputs":[{"step":"drop","field":"word"}],"when":[{"input_equals":{"step":"drop","field":"word","value":"yes"}}]},
		{"name":"upgrade","to":"wish","by":["api"],"when":[{"meta_equals":{"key":"vip","value":true}}]},
		{"name":"pay","to":"wish","by":["api"],"when":[{"has_payment":false}]},
		{"name":"ship","to":"wish","by":["api"],"when":[{"has_payment":true}]},
		{"name":"late","to":"off","by":["api"],"when":[{"after_end":"PT0S"}]},
		{"name":"early","to":"off","by":["api","customer_link"],"when":[{"before_start":"P2D"}]},
		{"name":"too_late","to":"off","by":["api","customer_link"],"when":[{"before_start":"P60D"}]}]},
	{"name":"planned","holds":"slot","actions":[{"name":"done","to":"off","by":["api"]}]},
	{"name":"full","holds":"nothing","actions":[{"name":"done","to":"off","by":["api"]}]},
	{"name":"off","holds":"nothing","final":true},{"name":"error","holds":"nothing","final":true}]}`

// wish makes a booking of the guarded graph.
func (f *fixture) wish(resource, more string) string {
	f.t.Helper()
	return f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"viewing",%s%s}`, slot(resource, 0, 1), more)).id(f.t)
}

// play plays an action.
func (f *fixture) play(id, action, body string) answer {
	f.t.Helper()
	return f.put(f.server, "/v2/bookings/"+id+"/"+action, body)
}

// actions are those that an answer offers.
func (f *fixture) actions(id string) []string {
	f.t.Helper()
	a := f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"?include=available_actions", "").want(f.t, http.StatusOK)
	var shown struct {
		Data struct {
			Actions []string `json:"available_actions"`
		} `json:"data"`
	}
	check(f.t, json.Unmarshal(a.Body.Bytes(), &shown))
	return shown.Data.Actions
}

// TestGuards: what a guard forbids is refused with the reason, not offered, and changes nothing.
func TestGuards(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(guarded)
	room := f.room()
	id := f.wish(room, "")
	f.wantActions(id, "plan", "ask_again", "drop", "pay", "early")
	f.play(id, "late", "{}").refused(t, fault.TooEarly, "")
	f.play(id, "too_late", "{}").refused(t, fault.TooLate, "")
	for _, c := range []struct{ action, body, why string }{
		{"upgrade", `{}`, "possible only if meta vip is true"},
		{"drop", `{}`, "possible only if drop.word is yes"},
		{"drop", `{"drop":{"word":"no"}}`, "possible only if drop.word is yes"},
	} {
		a := f.play(id, c.action, c.body)
		a.refused(t, fault.ActionNotAvailable, "")
		if !strings.Contains(a.Body.String(), c.why) {
			t.Errorf("%s does not say why: %s", c.action, a.Body)
		}
	}
	for range 2 {
		f.play(id, "ask_again", "{}").want(t, http.StatusOK)
	}
	f.play(id, "ask_again", "{}").refused(t, fault.ActionNotAvailable, "")
	f.wantActions(id, "plan", "drop", "pay", "early")
	f.play(id, "ship", "{}").refused(t, fault.ActionNotAvailable, "")
	f.play(id, "pay", "{}").want(t, http.StatusOK)
	f.wantActions(id, "plan", "drop", "ship", "early")
	vip := f.wish(room, `,"meta":{"vip":true}`)
	f.wantActions(vip, "plan", "ask_again", "drop", "upgrade", "pay", "early")
	f.play(vip, "upgrade", "{}").want(t, http.StatusOK)
	f.play(id, "drop", `{"drop":{"word":"yes"}}`).want(t, http.StatusOK)
	if links := f.links(vip); !slices.Equal(links, []string{"early"}) {
		t.Errorf("links %v", links)
	}
}

func (f *fixture) wantActions(id string, want ...string) {
	f.t.Helper()
	if got := f.actions(id); !slices.Equal(got, want) {
		f.t.Errorf("offered %v, want %v", got, want)
	}
}

// links are the customer's action links of a booking, by action.
func (f *fixture) links(id string) (names []string) {
	f.t.Helper()
	a := f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"?include=customer_action_links", "").want(f.t, http.StatusOK)
	var shown struct {
		Data struct {
			Links map[string]string `json:"customer_action_links"`
		} `json:"data"`
	}
	check(f.t, json.Unmarshal(a.Body.Bytes(), &shown))
	for name := range shown.Data.Links {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestGuardsAreJudgedInTheCommit: what became true after the request was accepted counts.
func TestGuardsAreJudgedInTheCommit(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(guarded)
	id := f.wish(f.room(), `,"meta":{"vip":true}`)
	f.temporal.before = func() { f.sql(`UPDATE bookings SET meta = '{"vip":false}' WHERE id = $1`, id) }
	f.play(id, "upgrade", "{}").refused(t, fault.ActionNotAvailable, "")
	f.temporal.before = nil
	if n := value[int](f, `SELECT seq FROM bookings WHERE id = $1`, id); n != 1 {
		t.Errorf("moved %d times", n)
	}
}

// TestDryRuns answer with what would happen, and change nothing.
func TestDryRuns(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(guarded)
	room := f.room()
	id := f.wish(room, "")
	try := func(action, body string) answer {
		t.Helper()
		return f.put(f.server, "/v2/bookings/"+id+"/"+action+"?dry_run=true", body)
	}
	for _, c := range []struct{ action, body, to, more string }{
		{"plan", `{}`, "planned", `"takes":true`}, {"ask_again", `{}`, "wish", `"completed":false`}, {"drop", `{"drop":{"word":"yes"}}`, "off", `"completed":true`},
	} {
		a := try(c.action, c.body).want(t, http.StatusOK)
		if a.text(t, "to") != c.to || !strings.Contains(a.Body.String(), c.more) {
			t.Errorf("%s: %s", c.action, a.Body)
		}
	}
	try("drop", `{"drop":{"word":"no"}}`).refused(t, fault.ActionNotAvailable, "")
	try("upgrade", `{}`).refused(t, fault.ActionNotAvailable, "")
	try("late", `{}`).refused(t, fault.TooEarly, "")
	f.put(f.server, "/v2/bookings/"+id+"/plan?dry_run=maybe", "{}").refused(t, fault.Invalid, "dry_run")
	f.play(f.wish(room, ""), "plan", "{}").want(t, http.StatusOK)
	if a := try("plan", "{}").want(t, http.StatusOK); a.text(t, "to") != "full" || !strings.Contains(a.Body.String(), `"taken":true`) {
		t.Errorf("not the state for what is taken: %s", a.Body)
	}
	if n := value[int](f, `SELECT count(*) FROM actions WHERE booking_id = $1`, id); n != 1 {
		t.Errorf("%d actions on record", n)
	}
}

// TestDryRunsOfBuiltinGraphs: a policy, a begun booking and an undone mark answer as the action itself would.
func TestDryRunsOfBuiltinGraphs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	book := func(graph, more string) string {
		t.Helper()
		return f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":%q,%s%s}`, graph, slot(f.room(), 0, 1), more)).id(t)
	}
	late := book("instant", `,"policy":{"cancel":{"owner":{"until":"P30D"}}}`)
	f.put(f.server, "/v2/bookings/"+late+"/cancel?dry_run=true", "{}").refused(t, fault.TooLate, "")
	f.put(f.server, "/v2/bookings/"+late+"/cancel?dry_run=true", `{"override":["cancel"]}`).want(t, http.StatusOK)
	marked := book("instant@2", "")
	f.sql(`UPDATE bookings SET start_at = start_at - interval '5 days', end_at = end_at - interval '5 days' WHERE id = $1`, marked)
	f.play(marked, "attended", "{}").want(t, http.StatusOK)
	if a := f.put(f.server, "/v2/bookings/"+marked+"/undo?dry_run=true", "{}").want(t, http.StatusOK); a.text(t, "to") != "confirmed" {
		t.Errorf("%s", a.Body)
	}
}

// TestAnotherStateOnAConflict: a booking whose time is taken goes where its graph says, and the answer has that state.
func TestAnotherStateOnAConflict(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(guarded)
	room := f.room()
	first, second := f.wish(room, ""), f.wish(room, "")
	wantText(t, "the first", f.play(first, "plan", "{}").want(t, http.StatusOK).text(t, "state"), "planned")
	wantText(t, "the second", f.play(second, "plan", "{}").want(t, http.StatusOK).text(t, "state"), "full")
	if n := value[int](f, `SELECT count(*) FROM occupancies`); n != 1 {
		t.Errorf("%d hold the time", n)
	}
	if n := value[int](f, `SELECT count(*) FROM events WHERE type = 'booking.full'`); n != 1 {
		t.Errorf("%d events of the other state", n)
	}
	f.play(second, "done", "{}").want(t, http.StatusOK)
	f.play(first, "done", "{}").want(t, http.StatusOK)
	third := f.wish(room, "")
	wantText(t, "the third", f.play(third, "plan", "{}").want(t, http.StatusOK).text(t, "state"), "planned")
}

// TestACrowdWithAnotherState: of many at once one takes the time, and all others go where the graph says. Nobody is refused.
func TestACrowdWithAnotherState(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(guarded)
	room := f.room()
	ids := make([]string, 20)
	for i := range ids {
		ids[i] = f.wish(room, "")
	}
	states := make([]string, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { states[i] = f.play(id, "plan", "{}").text(t, "state") })
	}
	all.Wait()
	slices.Sort(states)
	if states[len(states)-1] != "planned" || states[0] != "full" || states[len(states)-2] != "full" {
		t.Errorf("%v", states)
	}
	if n := value[int](f, `SELECT count(*) FROM occupancies`); n != 1 {
		t.Errorf("%d hold the time", n)
	}
}

// TestAnotherStateOnAFullLimit: a limit that has no room is a conflict, too, and counts nothing for the other state.
func TestAnotherStateOnAFullLimit(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(guarded)
	f.put(f.server, "/v2/app", `{"settings":{"policy":{"limits":[{"per":"resource","unit":"year","max":1,"count":"bookings"}]}}}`).want(t, http.StatusOK)
	room := f.room()
	first, second := f.wish(room, ""), f.post(f.server, "/v2/bookings", `{"graph":"viewing",`+slot(room, 3, 1)+`}`).id(t)
	wantText(t, "the first", f.play(first, "plan", "{}").want(t, http.StatusOK).text(t, "state"), "planned")
	wantText(t, "the second", f.play(second, "plan", "{}").want(t, http.StatusOK).text(t, "state"), "full")
	if n := value[int](f, `SELECT sum(taken) FROM limit_buckets`); n != 1 {
		t.Errorf("%d counted", n)
	}
}

// TestAnotherStateForTheLastSeat: a seat that is sold out is a conflict, too.
func TestAnotherStateForTheLastSeat(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.publish(strings.Replace(guarded, `{"name":"planned","holds":"slot"`, `{"name":"planned","holds":"seat"`, 1))
	session := f.post(f.server, "/v2/bookings", `{"graph":"group_owner","settings":{"max_seats":1},`+slot(f.room(), 0, 1)+`}`).id(t)
	states := []string{}
	for range 2 {
		id := f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"viewing","related":{"owner_booking_id":%q}}`, session)).id(t)
		states = append(states, f.play(id, "plan", "{}").want(t, http.StatusOK).text(t, "state"))
	}
	if !slices.Equal(states, []string{"planned", "full"}) {
		t.Errorf("%v", states)
	}
}
