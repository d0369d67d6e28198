package portal

import (
	"context"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestActionsAreForThePageAsShown: an action names the version of the booking that the page showed, and what the API says
// against it stands on the page.
func TestActionsAreForThePageAsShown(t *testing.T) {
	t.Parallel()
	h := build(t)
	booked := "/portal/bookings/" + h.book("Ada").ID.String()
	b := h.member()
	page := b.get(booked).want(t, http.StatusOK)
	version := regexp.MustCompile(`name="version" value="&#34;(\d+)&#34;"`).FindStringSubmatch(page.text)
	if version == nil {
		t.Fatalf("the page does not know its version: %s", page.text)
	}
	inner, asked := h.portal.API, ""
	h.portal.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut { // Temporal is away here
			inner.ServeHTTP(w, r)
			return
		}
		if asked == "" {
			asked = r.URL.Path + " " + r.Header.Get("If-Match")
			r.Header.Set("If-Match", `"99"`)
		}
		inner.ServeHTTP(w, r)
	})
	b.send(booked+"/actions/create", "version", `"`+version[1]+`"`).want(t, http.StatusPreconditionFailed).
		says(t, "Nothing was changed", "has changed since", "Ada")
	if !strings.HasSuffix(asked, `/create "`+version[1]+`"`) {
		t.Errorf("asked for %s", asked)
	}
	b.send(booked+"/actions/confirm").want(t, http.StatusUnprocessableEntity).says(t, "Nothing was changed")
}

// TestBookingsSayWhereTheyAre: the link names the very workflow, whatever the namespace is called.
func TestBookingsSayWhereTheyAre(t *testing.T) {
	t.Parallel()
	h := build(t)
	id := h.book("Ada").ID.String()
	b := h.member()
	b.get("/portal/bookings/"+id).says(t, `href="https://temporal.example.com/namespaces/prod%2Fns/workflows/booking-`+id+`"`)
	h.portal.TemporalUI = ""
	if page := b.get("/portal/bookings/" + id); strings.Contains(page.text, "Temporal") {
		t.Error("it links to nowhere")
	}
	drawing := b.get("/portal/bookings/"+id+"/drawing.svg").want(t, http.StatusOK)
	if drawing.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(drawing.text, "<svg") ||
		!strings.Contains(drawing.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline'") {
		t.Errorf("%v", drawing.Header)
	}
	b.get("/portal/graphs").says(t, "confirm_decline", "version 1")
	b.get("/portal/graphs/instant/drawing.svg").says(t, "Booking graph instant, version 1")
	b.get("/portal/bookings?q=ada&graph=confirm_decline").says(t, "Haircut of Ada", "1 to 1 of 1")
	b.get("/portal/bookings?q=nobody").says(t, "No booking fits")
	b.get("/portal/bookings?q=nonsense%3Ax").want(t, http.StatusOK).says(t, "not a key bookings can be searched by")
}

// TestBookingsShowTheirDeadlines: until when the customer can change it, in the zone of the resource.
func TestBookingsShowTheirDeadlines(t *testing.T) {
	t.Parallel()
	h := build(t)
	id := h.book("Ada").ID.String()
	b := h.member()
	if page := b.get("/portal/bookings/" + id); strings.Contains(page.text, "Customer can") || strings.Contains(page.text, "Reschedules left") {
		t.Error("a booking without a policy has deadlines")
	}
	h.sql(`UPDATE bookings SET moves = 2, policy = '{"version":1,"hash":"","resolved":{"cancel":{"customer":{"until":"P1D"}},
		"reschedule":{"customer":{"until":"PT2H","max":2}}}}' WHERE id = $1`, id)
	b.get("/portal/bookings/"+id).want(t, http.StatusOK).says(t, "Customer can cancel", "2 Jun 2030, 11:00:00", "Customer can reschedule",
		"3 Jun 2030, 09:00:00", "Reschedules left</dt><dd>0<")
}

// TestBookingsAreShownByTheirClocks: the resource's zone first, with its name, and UTC behind.
func TestBookingsAreShownByTheirClocks(t *testing.T) {
	t.Parallel()
	h := build(t)
	id := h.book("Ada").ID.String()
	b := h.member()
	for _, path := range []string{"/portal/bookings", "/portal/bookings/" + id} {
		b.get(path).want(t, http.StatusOK).says(t, "Mon 3 Jun 2030, 11:00\u00a0–\u2060\u00a012:00</time> Europe/Berlin", "Mon 3 Jun 2030, 09:00\u00a0–\u2060\u00a010:00 UTC")
	}
	b.get("/portal/bookings").says(t, "From (Europe/Berlin)", ">Chair</option>")
	for _, found := range []string{
		"q=HÁIRCUT", "q=chair+ada", "q=c%40example", "q=" + id, "from=2030-06-03&to=2030-06-03", "when=upcoming", "order=start", "resource=" + h.resource(id),
	} {
		b.get("/portal/bookings?"+found).want(t, http.StatusOK).says(t, "Haircut of Ada")
	}
	for _, missing := range []string{"q=ada+bob", "to=2030-06-02", "from=2030-06-04", "when=past"} {
		b.get("/portal/bookings?"+missing).want(t, http.StatusOK).says(t, "No booking fits")
	}
}

// resource is the id of a booking's resource.
func (h *house) resource(id string) (resource string) {
	h.t.Helper()
	conn, err := pgx.Connect(context.Background(), h.url)
	check(h.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	check(h.t, conn.QueryRow(context.Background(), `SELECT resource_id::text FROM bookings WHERE id = $1`, id).Scan(&resource))
	return resource
}

// TestReschedulingAsksFirst: the booking's page offers to move it, never to throw its time away; the picker and the question
// change nothing, and a booking that cannot be moved says why.
func TestReschedulingAsksFirst(t *testing.T) {
	t.Parallel()
	h := build(t)
	id := h.book("Ada").ID.String()
	b := h.member()
	page := "/portal/bookings/" + id
	b.get(page+"/reschedule").want(t, http.StatusOK).says(t, "A booking that is initialized cannot be moved")
	if strings.Contains(b.get(page).text, "Reschedule") {
		t.Error("the page offers what cannot be")
	}
	h.sql(`UPDATE bookings SET state = 'confirmed', seq = 2 WHERE id = $1`, id)
	shown := b.get(page).want(t, http.StatusOK).says(t, `href="`+page+`/reschedule"`)
	if strings.Contains(shown.text, "reschedule_by_customer") || strings.Contains(shown.text, "Reschedule by customer") {
		t.Error("the page offers to end the booking instead of moving it")
	}
	picker := b.get(page+"/reschedule?from=2030-06-03").want(t, http.StatusOK).
		says(t, "Choose another time", "Free times, Europe/Berlin", "Monday, 3 June", "A time by hand", "Later")
	link := regexp.MustCompile(`<ul class="times"[^>]*><li><a href="([^"]*)"`).FindStringSubmatch(picker.text)
	if link == nil {
		t.Fatalf("there are no times: %s", picker.text)
	}
	b.get(html.UnescapeString(link[1])).want(t, http.StatusOK).says(t, "Move it to this time?", "Until now", `name="version" value="&#34;`, "The new time is a request again.", "The old time is given up at once")
	b.get(page+"/reschedule?by=2030-06-05T23:30").want(t, http.StatusOK).says(t, "Wed 5 Jun 2030, 23:30\u00a0–\u2060\u00a0Thu 6 Jun 2030, 00:30", `value="2030-06-05T21:30:00Z"`)
	b.get(page+"/reschedule?by=soon").want(t, http.StatusOK).says(t, "Please give a date and a time of day.")
	b.send(page+"/reschedule", "start", "2030-06-05T21:30:00Z", "end", "2030-06-05T20:30:00Z", "resource_id", h.resource(id)).
		want(t, http.StatusUnprocessableEntity).says(t, "Nothing was changed", "must be after start")
	to := b.send(page+"/reschedule", "start", "2030-06-05T21:30:00Z", "end", "2030-06-05T22:30:00Z", "resource_id", h.resource(id), "version", `"99"`).
		want(t, http.StatusSeeOther).Header.Get("Location")
	b.get(to).says(t, "The booking has moved on. Nothing was changed.")
}

// TestTheSameTimeIsNoMove: a form that asks for the resource, start and end that the booking has reaches no call that could change it, in
// whichever zone its times are written. A form with one of the three changed reaches the API.
func TestTheSameTimeIsNoMove(t *testing.T) {
	t.Parallel()
	h := build(t)
	ada, other := h.book("Ada"), h.book("Bob").Resource.ID.String()
	h.sql(`UPDATE bookings SET state = 'confirmed', seq = 2 WHERE id = $1`, ada.ID)
	inner, moves := h.portal.API, 0
	h.portal.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/reschedule") {
			moves++
			r.Header.Set("If-Match", `"99"`)
		}
		inner.ServeHTTP(w, r)
	})
	b, page, own := h.member(), "/portal/bookings/"+ada.ID.String(), ada.Resource.ID.String()
	for _, c := range []struct {
		start, end, resource, says string
		moves                      int
	}{
		{"2030-06-03T09:00:00Z", "2030-06-03T10:00:00Z", own, "has that time already. Nothing was changed", 0},
		{"2030-06-03T11:00:00+02:00", "2030-06-03T12:00:00+02:00", own, "has that time already. Nothing was changed", 0},
		{"2030-06-03T09:00:00Z", "2030-06-03T10:00:00Z", other, "has moved on", 1},
		{"2030-06-03T09:00:00Z", "2030-06-03T11:00:00Z", own, "has moved on", 1},
		{"2030-06-03T08:00:00Z", "2030-06-03T10:00:00Z", own, "has moved on", 1},
	} {
		moves = 0
		to := b.send(page+"/reschedule", "start", c.start, "end", c.end, "resource_id", c.resource, "version", `"1"`).
			want(t, http.StatusSeeOther).Header.Get("Location")
		b.get(to).says(t, c.says)
		if moves != c.moves {
			t.Errorf("%v: the API is asked to move it %d times", c, moves)
		}
	}
	b.send("/portal/bookings/"+other+"/reschedule", "start", "2030-06-03T09:00:00Z").want(t, http.StatusNotFound)
}

// TestOneCallFindsTheDeliveries of a booking, however many webhooks there are.
func TestOneCallFindsTheDeliveries(t *testing.T) {
	t.Parallel()
	h := build(t)
	id := h.book("Ada").ID.String()
	b := h.member()
	for range 5 {
		b.hook()
	}
	inner, calls := h.portal.API, 0
	h.portal.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		inner.ServeHTTP(w, r)
	})
	b.get("/portal/bookings/"+id).want(t, http.StatusOK)
	if calls > 4 {
		t.Errorf("the page makes %d calls of the API", calls)
	}
}

// TestOwnersLiftRules: where a rule refuses what its owner asks for, the page has the rule with its moment, and a box to tick for it;
// the form goes again with what was typed, and with the rules that were lifted.
func TestOwnersLiftRules(t *testing.T) {
	t.Parallel()
	h := build(t)
	booked := h.book("Ada")
	page := "/portal/bookings/" + booked.ID.String()
	h.sql(`UPDATE bookings SET state = 'confirmed', seq = 2, policy = '{"version":1,"hash":"","resolved":{"cancel":{"owner":{"until":"P1D"}},
		"limits":[{"per":"resource","unit":"day","max":1,"scope":""}]}}' WHERE id = $1`, booked.ID)
	inner, asked := h.portal.API, ""
	answer := ""
	h.portal.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // Temporal is away here
		if !strings.HasSuffix(r.URL.Path, "/cancel") && !strings.HasSuffix(r.URL.Path, "/reschedule") {
			inner.ServeHTTP(w, r)
			return
		}
		asked = string(must(io.ReadAll(r.Body)))
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"status":422,"detail":"Too late for <that>.",`+answer+`}`)
	})
	b := h.member()
	cancel := func(more ...string) shown {
		t.Helper()
		return b.send(page+"/actions/cancel", append([]string{"version", `"3"`, "input.cancel.message", `Down with "flu"`}, more...)...).want(t, http.StatusUnprocessableEntity)
	}
	answer = `"code":"too_late","rule":{"name":"cancel","limit":"P1D","ends_at":"2030-06-02T09:00:00Z"}`
	first := cancel().says(t, "Too late for &lt;that&gt;.", "Cancel, all the same?", `name="override" value="cancel" required`, "deadline for cancelling has passed",
		"The rule is P1D; it was possible until", "2 Jun 2030, 11:00:00</time> Europe/Berlin", `name="input.cancel.message" value="Down with &#34;flu&#34;"`)
	if strings.Contains(asked, "override") || strings.Contains(first.text, `value="cancel" checked`) {
		t.Errorf("a rule is lifted that nobody has lifted: %s", asked)
	}
	answer = `"code":"limit_reached","rule":{"name":"limits","limit":"1 booking a day for each resource","ends_at":"2030-06-03T22:00:00Z"}`
	cancel("override", "cancel").says(t, `value="cancel" checked required`, `value="limits" required`, "a limit is reached", "the next period begins")
	if !strings.Contains(asked, `"override":["cancel"]`) || !strings.Contains(asked, `"message":"Down with \"flu\""`) {
		t.Errorf("the API is asked %s", asked)
	}
	for _, none := range []string{`"code":"too_late","rule":{"name":"begun","limit":"PT0S"}`, `"code":"too_late","rule":{"name":"action_window","limit":"/"}`, `"code":"stale"`} {
		answer = none
		if got := cancel(); strings.Contains(got.text, "all the same") {
			t.Errorf("%s can be lifted", none)
		}
	}
	answer = `"code":"limit_reached","rule":{"name":"limits","limit":"1 booking a day for each resource","ends_at":"2030-06-05T22:00:00Z"}`
	b.send(page+"/reschedule", "start", "2030-06-05T09:00:00Z", "end", "2030-06-05T10:00:00Z", "resource_id", h.resource(booked.ID.String()), "message", "<b>", "override", "notice").
		want(t, http.StatusUnprocessableEntity).says(t, `value="limits" required`, `value="notice" checked`, `value="&lt;b&gt;"`, "6 Jun 2030, 00:00:00", `value="2030-06-05T09:00:00Z"`)
	if !strings.Contains(asked, `"override":["notice"]`) {
		t.Errorf("the API is asked %s", asked)
	}
}

// TestBookingsShowAllTheirResources: one of several resources shows each, with its role and, beside the first, its time.
func TestBookingsShowAllTheirResources(t *testing.T) {
	t.Parallel()
	h := build(t)
	one, other := h.book("Ada"), h.book("Bob")
	h.sql(`UPDATE resources SET name = 'Blue room' WHERE id = $1`, other.Resource.ID)
	h.sql(`UPDATE bookings SET requires = '{"all_of": []}' WHERE id = $1`, one.ID)
	h.sql(`INSERT INTO booking_resources (booking_id, nth, resource_id, calendar_id, role, start_at, end_at)
		SELECT $1, n, CASE n WHEN 0 THEN $2::uuid ELSE $3 END, NULL, CASE n WHEN 0 THEN 'doctor' ELSE 'room' END,
			start_at - n * interval '15 min', end_at FROM bookings, generate_series(0, 1) n WHERE id = $1`, one.ID, one.Resource.ID, other.Resource.ID)
	b := h.member()
	b.get("/portal/bookings/"+one.ID.String()).want(t, http.StatusOK).says(t, "Chair", "doctor", "Blue room", "room", "10:45")
	if page := b.get("/portal/bookings/" + other.ID.String()); strings.Contains(page.text, "doctor") {
		t.Error("a booking of one resource has roles")
	}
}
