package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// hold reserves an hour and returns the hold's id.
func (b *bundle) hold(t testing.TB, resource string, hour, seconds int, more ...string) string {
	t.Helper()
	length := fmt.Sprintf(`,"reservation_time":%d%s`, seconds, strings.Join(more, ""))
	return b.post(t, "/v2/bookings/reserve", request(resource, "instant", hour, length)).want(t, http.StatusCreated).str("data.reservation_id")
}

// shows reports whether an hour of the first of December 2030 is offered. more is added to the question.
func (b *bundle) shows(t testing.TB, resource string, hour int, more ...string) bool {
	t.Helper()
	start := time.Date(2030, 12, 1, hour, 0, 0, 0, time.UTC)
	body := fmt.Sprintf(`{"resources":[%q],"length":"1 hour","from":%q,"to":%q,"output_timezone":"UTC"%s}`,
		resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), strings.Join(more, ""))
	slots := b.post(t, "/v2/availability", body).want(t, http.StatusOK)
	return slots.str("data.0.start") == start.Format(time.RFC3339)
}

const fromHold = `{"graph":"instant","reservation_id":%q,"customer":{"name":"Marty McFly","email":"marty@example.com"}%s}`

// TestAHoldKeepsOthersAway: it has the hour until it becomes the booking; its holder still sees the hour as free.
func TestAHoldKeepsOthersAway(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"widget_requires_project":false}`)
	resource, visitor := b.resource(t), b.widget(t)
	hold := visitor.hold(t, resource, 9, 600)
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	visitor.post(t, "/v2/bookings/reserve", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	if visitor.shows(t, resource, 9) {
		t.Error("others are offered an hour that is held")
	}
	mine := fmt.Sprintf(`,"reservation_id":%q`, hold)
	if !visitor.shows(t, resource, 9, mine) {
		t.Error("the holder is not offered the hour they hold")
	}
	made := visitor.post(t, "/v2/bookings?include=event,logs", fmt.Sprintf(fromHold, hold, "")).want(t, http.StatusCreated)
	if made.str("data.event.start") != "2030-12-01T10:00:00+01:00" || made.str("data.related.reservation_id") != hold || made.str("data.logs.0.seq") != "1" {
		t.Error(made.body)
	}
	if got := b.state(t, hold); got != "booked" {
		t.Errorf("the hold is %s, want booked", got)
	}
	visitor.post(t, "/v2/bookings", fmt.Sprintf(fromHold, hold, "")).refused(t, http.StatusConflict, "hold_expired")
	if visitor.shows(t, resource, 9, mine) {
		t.Error("who held the hour is offered it again, although it is booked")
	}
}

// TestAHoldBecomesABookingInOneStep: there is no moment in which somebody else could get in between.
func TestAHoldBecomesABookingInOneStep(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	hold := b.hold(t, resource, 9, 600)
	const crowd = 51
	answers := b.crowd(t, crowd, func(i int) (string, string, string) {
		switch {
		case i == crowd/2:
			return http.MethodPost, "/v2/bookings", fmt.Sprintf(fromHold, hold, "")
		case i%2 == 0:
			return http.MethodPost, "/v2/bookings/reserve", request(resource, "instant", 9)
		}
		return http.MethodPost, "/v2/bookings", request(resource, "instant", 9)
	})
	for i, a := range answers {
		if i == crowd/2 {
			a.want(t, http.StatusCreated)
			continue
		}
		a.refused(t, http.StatusConflict, "slot_taken")
	}
}

// TestManyUseOneHold: a hold becomes one booking.
func TestManyUseOneHold(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	hold := b.hold(t, resource, 9, 600)
	count := map[string]int{}
	for _, a := range b.crowd(t, 20, func(int) (string, string, string) {
		return http.MethodPost, "/v2/bookings", fmt.Sprintf(fromHold, hold, "")
	}) {
		count[fmt.Sprint(a.status)+a.str("code")]++
	}
	if count["201"] != 1 || count["201"]+count["409hold_expired"]+count["409slot_taken"] != 20 {
		t.Errorf("answers %v, want one 201", count)
	}
	if total := b.get(t, "/v2/bookings?search=graph:instant").str("total"); total != "1" {
		t.Errorf("%s bookings came of one hold", total)
	}
}

// TestAHoldRunsOut: its timer frees the hour, and says so.
func TestAHoldRunsOut(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	hears := newReceiver(t, ok)
	b.webhook(t, hears.URL, "")
	resource := b.resource(t)
	before := time.Now()
	made := b.post(t, "/v2/bookings/reserve", request(resource, "instant", 9, `,"reservation_time":"2"`)).want(t, http.StatusCreated)
	hold := made.str("data.reservation_id")
	until, err := time.Parse(time.RFC3339, made.str("data.expires_at"))
	if err != nil || until.Before(before.Add(time.Second)) || until.After(time.Now().Add(2*time.Second)) {
		t.Errorf("expires_at %s, %v: want two seconds from now", made.str("data.expires_at"), err)
	}
	eventually(t, "the hold runs out", func() bool { return b.state(t, hold) == "expired" })
	if !b.shows(t, resource, 9) {
		t.Error("the hour is not offered again")
	}
	b.post(t, "/v2/bookings", fmt.Sprintf(fromHold, hold, "")).refused(t, http.StatusConflict, "hold_expired")
	b.put(t, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q}`, hold)).refused(t, http.StatusConflict, "hold_expired")
	b.book(t, resource, "instant", 9)
	if states := fmt.Sprint(b.told(t, hears, hold)[hold]); states != "[reserved expired]" {
		t.Errorf("told of %s", states)
	}
}

// TestAHoldIsExtendedAndReleased: extending starts its time anew; releasing frees the hour at once.
func TestAHoldIsExtendedAndReleased(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource, visitor := b.resource(t), b.widget(t)
	short, hold := b.hold(t, resource, 20, 3), b.hold(t, resource, 9, 3)
	extended := visitor.put(t, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q,"reservation_time":600}`, hold)).want(t, http.StatusOK)
	until, err := time.Parse(time.RFC3339, extended.str("data.expires_at"))
	if err != nil || time.Until(until) < 9*time.Minute || extended.str("data.reservation_id") != hold {
		t.Errorf("%v %s", err, extended.body)
	}
	eventually(t, "the other one runs out", func() bool { return b.state(t, short) == "expired" })
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	again := b.put(t, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q}`, hold)).want(t, http.StatusOK) // as long as the last time
	if until, err = time.Parse(time.RFC3339, again.str("data.expires_at")); err != nil || time.Until(until) < 9*time.Minute {
		t.Errorf("%v %s", err, again.body)
	}
	b.put(t, "/v2/bookings/"+hold+"/release", "").want(t, http.StatusOK)
	if got := b.state(t, hold); got != "released" {
		t.Errorf("state %s, want released", got)
	}
	b.book(t, resource, "instant", 9)
	for _, seconds := range []string{"0", "-1", "3601", `"soon"`, "1.5", "{}"} {
		body := request(resource, "instant", 10, `,"reservation_time":`+seconds)
		if a := b.post(t, "/v2/bookings/reserve", body).refused(t, http.StatusUnprocessableEntity, "invalid"); !strings.Contains(a.body, "reservation_time") {
			t.Errorf("%s: %s", seconds, a.body)
		}
	}
}

// TestHoldsOfOthers: another app's hold, a booking, and nothing at all are no holds.
func TestHoldsOfOthers(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	foreign, booked := other.hold(t, other.resource(t), 9, 600), b.book(t, b.resource(t), "instant", 9)
	for name, id := range map[string]string{"another app's": foreign, "a booking": booked, "none": "01a1fc0b-5545-746e-98da-000000000000", "no id": "17"} {
		body := fmt.Sprintf(fromHold, id, fmt.Sprintf(`,"resource_id":%q,"start":"2030-12-05T10:00:00Z","end":"2030-12-05T11:00:00Z"`, b.resource(t)))
		a := b.post(t, "/v2/bookings", body).refused(t, http.StatusUnprocessableEntity, "invalid")
		if a.at("errors.reservation_id") == nil {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	b.put(t, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q}`, foreign)).refused(t, http.StatusNotFound, "not_found")
	b.put(t, "/v2/bookings/reserve/extend", fmt.Sprintf(`{"reservation_id":%q}`, booked)).refused(t, http.StatusNotFound, "not_found")
	b.put(t, "/v2/bookings/"+foreign+"/release", "").refused(t, http.StatusNotFound, "not_found")
	if got := other.state(t, foreign); got != "reserved" {
		t.Errorf("the other app's hold is %s", got)
	}
}

// TestAHoldElsewhereIsNoLicence: a hold gives its own hour, and no other one that is taken.
func TestAHoldElsewhereIsNoLicence(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	hold := b.hold(t, resource, 9, 600)
	b.book(t, resource, "instant", 20)
	moved := func(hour int) answer {
		start := time.Date(2030, 12, 1, hour, 0, 0, 0, time.UTC)
		return b.post(t, "/v2/bookings?include=event", fmt.Sprintf(fromHold, hold, fmt.Sprintf(`,"start":%q,"end":%q`,
			start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))))
	}
	moved(20).refused(t, http.StatusConflict, "slot_taken")
	if got := b.state(t, hold); got != "reserved" {
		t.Fatalf("a try that failed has made the hold %s", got)
	}
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken")
	moved(21).want(t, http.StatusCreated).same(t, "data.event.start", "2030-12-01T22:00:00+01:00")
	b.book(t, resource, "instant", 9) // given up for the other hour
}

// TestKillNineDuringHolds: time goes on while the service is away.
func TestKillNineDuringHolds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := spawn(t, dir)
	resource := p.resource(t)
	short, long := p.hold(t, resource, 9, 3), p.hold(t, resource, 10, 3600)
	p.kill(t)
	p = spawn(t, dir)
	eventually(t, "the hold runs out", func() bool { return p.state(t, short) == "expired" })
	p.book(t, resource, "instant", 9)
	p.post(t, "/v2/bookings", request(resource, "instant", 10)).refused(t, http.StatusConflict, "slot_taken")
	p.post(t, "/v2/bookings", fmt.Sprintf(fromHold, long, "")).want(t, http.StatusCreated)
}
