package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
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
	f.wantActions(id, "plan", "ask_again", "drop", "early")
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
	f.wantActions(id, "plan", "drop", "early")
	vip := f.wish(room, `,"meta":{"vip":true}`)
	f.wantActions(vip, "plan", "ask_again", "drop", "upgrade", "early")
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
