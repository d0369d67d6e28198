package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

// ruled fails the test unless an answer is refused by a rule of a policy.
func (a answer) ruled(t *testing.T, code fault.Code, rule policy.Rule) *edge.RuleView {
	t.Helper()
	var p edge.Problem
	if err := json.Unmarshal(a.Body.Bytes(), &p); err != nil || p.Code != code || p.Rule == nil || p.Rule.Name != string(rule) {
		t.Errorf("%s: %d, want %s by %s: %s", a.what, a.Code, code, rule, a.Body)
		return &edge.RuleView{}
	}
	return p.Rule
}

// policed is an app with a resource and a project that has a policy.
func policed(t *testing.T, text string) (f *fixture, resource, project string) {
	t.Helper()
	f = setup(t)
	resource = f.resource(`[]`)
	return f, resource, f.project(resource, `,"availability":{"length":"1 hour"},"policy":`+text)
}

func (f *fixture) bookThrough(key, project, resource string, hour float64, more string) answer {
	f.t.Helper()
	return f.post(key, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","project_id":%q,"customer":{"name":"Ann","email":"ann@example.com"},%s%s}`,
		project, slot(resource, hour, 1), more))
}

// TestEveryDoorIsRuled: notice and horizon hold for server keys, widgets, holds and bulk creations alike, and a server key can lift
// them by name, on record.
func TestEveryDoorIsRuled(t *testing.T) {
	t.Parallel()
	f, resource, project := policed(t, `{"book":{"notice":"P5D","horizon":"P30D"}}`)
	for name, key := range map[string]string{"server": f.server, "widget": f.widget} {
		rule := f.bookThrough(key, project, resource, 0, "").ruled(t, fault.TooLate, policy.Notice)
		if rule.Limit != "P5D" || rule.EndsAt != noon.AddDate(0, 0, -5).Format(time.RFC3339) {
			t.Errorf("%s: the rule says %+v", name, rule)
		}
		f.bookThrough(key, project, resource, 40*24, "").ruled(t, fault.TooEarly, policy.Horizon)
		f.post(key, "/v2/bookings/reserve", fmt.Sprintf(`{"project_id":%q,%s}`, project, slot(resource, 0, 1))).ruled(t, fault.TooLate, policy.Notice)
	}
	f.bookThrough(f.widget, project, resource, 0, `,"override":["notice"]`).refused(t, fault.Forbidden, "")
	f.bookThrough(f.server, project, resource, 0, `,"override":["patience"]`).refused(t, fault.Invalid, "override")
	f.bookThrough(f.server, project, resource, 0, `,"override":["horizon"]`).ruled(t, fault.TooLate, policy.Notice)
	id := f.bookThrough(f.server, project, resource, 0, `,"override":["notice"]`).id(t)
	logs := f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"?include=logs", "").want(t, http.StatusOK)
	if !strings.Contains(logs.Body.String(), `"override":["notice"]`) {
		t.Errorf("the history does not say what was lifted: %s", logs.Body)
	}
	event := value[string](f, `SELECT id::text FROM events WHERE booking_id = $1`, id)
	feed := f.send(f.server, http.MethodGet, "/v2/events/evt_"+event, "").want(t, http.StatusOK)
	if !strings.Contains(feed.Body.String(), `"lifted":["notice"]`) {
		t.Errorf("the event does not say what was lifted: %s", feed.Body)
	}
	bulk := f.post(f.server, "/v2/bookings/bulk", fmt.Sprintf(`{"bookings":[{"graph":"instant","project_id":%q,%s}]}`, project, slot(resource, 3, 1)))
	if !strings.Contains(bulk.Body.String(), string(fault.TooLate)) {
		t.Errorf("bulk: %d %s", bulk.Code, bulk.Body)
	}
}

// TestThePolicyIsCopied: a booking keeps the policy that it was made with; the next one has the new one.
func TestThePolicyIsCopied(t *testing.T) {
	t.Parallel()
	f, resource, project := policed(t, `{"cancel":{"customer":{"until":"P1D"}},"limits":[]}`)
	f.put(f.server, "/v2/app", `{"settings":{"policy":{"cancel":{"customer":{"until":"P9D"}},"limits":[{"per":"app","unit":"year","max":1}]}}}`).
		want(t, http.StatusOK)
	old := f.bookThrough(f.server, project, resource, 0, "").id(t)
	f.put(f.server, "/v2/projects/"+project, `{"policy":{"cancel":{"customer":{"until":"P7D"}},"limits":[]}}`).want(t, http.StatusNoContent)
	fresh := f.bookThrough(f.server, project, resource, 2, "").id(t)
	own := f.bookThrough(f.server, project, resource, 4, `,"policy":{"cancel":{"customer":{"until":"none"}}}`).id(t)
	f.put(f.server, "/v2/bookings/"+fresh+"/cancel_by_customer", "").ruled(t, fault.TooLate, policy.CancelDeadline)
	f.put(f.server, "/v2/bookings/"+fresh+"/cancel_by_customer", `{"override":["cancel"]}`).want(t, http.StatusOK)
	f.put(f.server, "/v2/bookings/"+old+"/cancel_by_customer", "").want(t, http.StatusOK)
	f.put(f.server, "/v2/bookings/"+own+"/cancel_by_customer", "").want(t, http.StatusOK)
	shown := f.send(f.server, http.MethodGet, "/v2/bookings/"+old+"?include=policy", "").want(t, http.StatusOK).Body.String()
	for _, part := range []string{`"hash":"`, `"cancel":{"customer":{"until":"P1D"}}`, `"cancel_until":"` + noon.AddDate(0, 0, -1).Format("2006-01-02T15:04:05")} {
		if !strings.Contains(shown, part) {
			t.Errorf("the booking lacks %s: %s", part, shown)
		}
	}
}

// TestMovesAreRuled: the old policy judges leaving, the new one arriving; owners are free of both; the number of moves and the first
// start stay with the booking.
func TestMovesAreRuled(t *testing.T) {
	t.Parallel()
	f, resource, project := policed(t, `{"reschedule":{"customer":{"max":1,"until":"P2D"}},"book":{"horizon":"P10D"}}`)
	move := func(id string, hour float64, more string) answer {
		t.Helper()
		return f.post(f.server, "/v2/bookings/"+id+"/reschedule", fmt.Sprintf(`{%s%s}`, slot(resource, hour, 1), more))
	}
	id := f.bookThrough(f.server, project, resource, 0, "").id(t)
	move(id, 20*24, `,"by":"customer"`).ruled(t, fault.TooEarly, policy.Horizon)
	move(id, 2, `,"by":"nobody"`).refused(t, fault.Invalid, "by")
	id = move(id, 2, `,"by":"customer"`).id(t)
	move(id, 4, `,"by":"customer"`).ruled(t, fault.LimitReached, policy.MoveCount)
	id = move(id, 4, `,"by":"customer","override":["reschedule_max"]`).id(t)
	id = move(id, 20*24, "").id(t) // by the owner
	if n := value[int](f, `SELECT moves FROM bookings WHERE id = $1`, id); n != 2 {
		t.Errorf("a customer has moved it %d times, not 2", n)
	}
	if first := value[time.Time](f, `SELECT first_start FROM bookings WHERE id = $1`, id); !first.Equal(noon) {
		t.Errorf("its first start is %s", first)
	}
	f.put(f.server, "/v2/projects/"+project, `{"policy":{"reschedule":{"customer":{"max":0}}}}`).want(t, http.StatusNoContent)
	never := f.bookThrough(f.server, project, resource, 8, "").id(t)
	token := f.token(never, "reschedule_by_customer")
	f.post(f.widget, "/v2/bookings/"+token+"/reschedule", fmt.Sprintf(`{%s}`, slot(resource, 10, 1))).ruled(t, fault.LimitReached, policy.MoveCount)
	f.post(f.widget, "/v2/bookings/"+token+"/reschedule", fmt.Sprintf(`{%s,"by":"owner"}`, slot(resource, 10, 1))).refused(t, fault.Forbidden, "")
}

// TestWhatIsRuledOutIsNotOffered: closed starts and full periods are missing from availability, and the explanation names the rule.
func TestWhatIsRuledOutIsNotOffered(t *testing.T) {
	t.Parallel()
	f, resource, project := policed(t, `{"book":{"notice":"PT72H"},"limits":[{"per":"resource","unit":"day","max":2}],
		"buffer":{"before":"PT30M","after":"PT0S"}}`)
	midnight := noon.Add(-12 * time.Hour)
	ask := func(path, more string) answer {
		t.Helper()
		return f.post(f.server, path, fmt.Sprintf(`{"project_id":%q,"from":%q,"to":%q%s}`, project, midnight.AddDate(0, 0, -1).Format(time.RFC3339),
			midnight.AddDate(0, 0, 4).Format(time.RFC3339), more)).want(t, http.StatusOK)
	}
	starts := func() (all []string) {
		t.Helper()
		var body struct{ Data []struct{ Start time.Time } }
		check(t, json.Unmarshal(ask("/v2/availability", "").Body.Bytes(), &body))
		for _, s := range body.Data {
			all = append(all, s.Start.UTC().Format("02 15"))
		}
		return all
	}
	day := func(list []string, n int) (of int) {
		for _, s := range list {
			if strings.HasPrefix(s, midnight.AddDate(0, 0, n).Format("02 ")) {
				of++
			}
		}
		return of
	}
	before := starts()
	if got, want := day(before, 1), 24; day(before, -1) != 0 || got != want {
		t.Errorf("a free day has %d starts, the day before yesterday %d", got, day(before, -1))
	}
	if earliest := time.Now().Add(72 * time.Hour).UTC(); slices.Contains(before, earliest.Add(-time.Hour).Format("02 15")) {
		t.Errorf("%s is offered, sooner than the notice", earliest)
	}
	f.bookThrough(f.server, project, resource, 24+2, "").id(t)
	if got := day(starts(), 1); got != 24-3 { // its hour, the one before it for its buffer, and the one after it for that one's own
		t.Errorf("%d starts are left beside one booking", got)
	}
	f.bookThrough(f.server, project, resource, 24+6, "").id(t)
	f.bookThrough(f.server, project, resource, 24+9, "").ruled(t, fault.LimitReached, policy.LimitOf)
	after := starts()
	if day(after, 1) != 0 || day(after, 2) != 24 {
		t.Errorf("a full day has %d starts, the next one %d", day(after, 1), day(after, 2))
	}
	full := ask("/v2/availability/explain", `,"at":"`+noon.AddDate(0, 0, 1).Add(9*time.Hour).Format(time.RFC3339)+`"`).Body.String()
	soon := ask("/v2/availability/explain", `,"at":"`+midnight.Format(time.RFC3339)+`"`).Body.String()
	if !strings.Contains(full, `"name":"limits"`) || !strings.Contains(full, `"reason":"policy"`) || !strings.Contains(soon, `"limit":"PT72H"`) {
		t.Errorf("explained by\n%s\nand\n%s", full, soon)
	}
}

// TestPreview says what would hold, without taking anything.
func TestPreview(t *testing.T) {
	t.Parallel()
	f, resource, project := policed(t, `{"book":{"notice":"P1D"},"cancel":{"customer":{"until":{"day_before":"21:00"}}},
		"reschedule":{"customer":{"max":2}},"limits":[{"per":"customer","unit":"week","max":1}]}`)
	preview := func(more string) map[string]any {
		t.Helper()
		var body struct{ Data map[string]any }
		a := f.post(f.server, "/v2/policies/preview", fmt.Sprintf(`{"project_id":%q,"email":"Ann@example.com",%s%s}`, project, slot(resource, 0, 1), more))
		check(t, json.Unmarshal(a.want(t, http.StatusOK).Body.Bytes(), &body))
		return body.Data
	}
	got := preview("")
	wantUntil := noon.Truncate(24 * time.Hour).Add(-3 * time.Hour).Format("2006-01-02T15:04")
	if got["bookable"] != true || !strings.HasPrefix(got["cancel_until"].(string), wantUntil) || got["reschedules_left"] != 2.0 {
		t.Errorf("preview: %v", got)
	}
	f.bookThrough(f.server, project, resource, 2, "").id(t)
	got = preview("")
	if got["bookable"] != false || got["refusal"].(map[string]any)["code"] != string(fault.LimitReached) {
		t.Errorf("with a full week: %v", got)
	}
	if got = preview(`,"policy":{"limits":[],"book":{"notice":"P9D"}}`); got["refusal"].(map[string]any)["code"] != string(fault.TooLate) {
		t.Errorf("with a policy of its own: %v", got)
	}
	if got = preview(`,"project_policy":{"reschedule":{"customer":{"max":"none"}}}`); got["bookable"] != true || got["reschedules_left"] != nil {
		t.Errorf("with another policy of the project: %v", got)
	}
	if got = preview(`,"app_policy":{"book":{"to":"2020-01-01","horizon":"P9D"}}`); got["refusal"].(map[string]any)["code"] != string(fault.OutsideWindow) {
		t.Errorf("with another policy of the app: %v", got)
	}
	if got = preview(`,"app_policy":{"book":{"to":"2020-01-01"}},"project_policy":{"book":{"to":"none"}}`); got["bookable"] != true {
		t.Errorf("with a bound that the project lifts: %v", got)
	}
	ask := func(more string) answer {
		t.Helper()
		return f.post(f.server, "/v2/policies/preview", fmt.Sprintf(`{%s%s}`, slot(resource, 0, 1), more))
	}
	ask(`,"project_policy":{}`).refused(t, fault.Invalid, "project_id")
	ask(`,"app_policy":{"limits":[{"per":"app","unit":"day","max":-1}]}`).refused(t, fault.Invalid, "app_policy.limits.0.max")
	ask(`,"app_policy":{"reschedule":{"customer":{"max":-1}}}`).refused(t, fault.Invalid, "app_policy.reschedule.customer.max")
	ask(`,"project_id":"`+project+`","project_policy":{"book":{"notice":"P9D","horizon":"P1D"}}`).refused(t, fault.Invalid, "project_policy.book.horizon")
	f.post(f.server, "/v2/policies/preview", fmt.Sprintf(`{"resource_id":%q}`, resource)).refused(t, fault.Invalid, "start")
	f.post(f.server, "/v2/policies/preview", `{"resource_id":"x","start":"2030-01-01T10:00:00Z"}`).refused(t, fault.Invalid, "resource_id")
	if n := value[int](f, `SELECT count(*) FROM bookings`); n != 1 {
		t.Errorf("%d bookings", n)
	}
}

// TestBadPoliciesAreRefused at every place where one can be set, by the field.
func TestBadPoliciesAreRefused(t *testing.T) {
	t.Parallel()
	f, resource, project := policed(t, `{}`)
	for bad, field := range map[string]string{
		`{"book":{"notice":"soon"}}`: "book.notice", `{"book":{"from":"tomorrow"}}`: "book.from", `{"limits":[{"per":"app","unit":"hour","max":1}]}`: "limits.0.unit",
		`{"buffer":{"before":"30 seconds"}}`: "buffer.before", `{"cancel":{"customer":{"anchor":"x"}}}`: "cancel.customer.anchor",
	} {
		f.put(f.server, "/v2/projects/"+project, `{"policy":`+bad+`}`).refused(t, fault.Invalid, "policy."+field)
		f.post(f.server, "/v2/location/services", `{"name":"Cut","policy":`+bad+`}`).refused(t, fault.Invalid, "policy."+field)
		f.put(f.server, "/v2/app", `{"settings":{"policy":`+bad+`}}`).refused(t, fault.Invalid, "settings.policy."+field)
		if !strings.HasPrefix(field, "limits") {
			f.bookThrough(f.server, project, resource, 0, `,"policy":`+bad).refused(t, fault.Invalid, "policy."+field)
		}
	}
	f.bookThrough(f.server, project, resource, 0, `,"policy":{"limits":[{"per":"app","unit":"day","max":1}]}`).refused(t, fault.Invalid, "policy.limits")
	// A service's policy holds for the project that has it.
	service := f.post(f.server, "/v2/location/services", `{"name":"Cut","policy":{"book":{"notice":"P9D"}}}`).id(t)
	f.put(f.server, "/v2/projects/"+project, fmt.Sprintf(`{"services":[%q]}`, service)).want(t, http.StatusNoContent)
	f.bookThrough(f.server, project, resource, 0, "").ruled(t, fault.TooLate, policy.Notice)
	f.bookThrough(f.widget, project, resource, 0, `,"policy":{"book":{"notice":"none"}}`).ruled(t, fault.TooLate, policy.Notice)
}

// TestALinkThatIsTooLateExplains: the page, and the button of a page that was open for too long.
func TestALinkThatIsTooLateExplains(t *testing.T) {
	t.Parallel()
	f, resource, project := policed(t, `{"cancel":{"customer":{"until":"P1D"}}}`)
	id := f.bookThrough(f.server, project, resource, 0, "").id(t)
	link := "/v2/bookings/" + id + "/external_action/cancel_by_customer?signature=" + f.token(id, "cancel_by_customer")
	open := f.send("", http.MethodGet, link, "", "Accept", "text/html").want(t, http.StatusOK)
	if !strings.Contains(open.Body.String(), "It can be cancelled until 12:00") {
		t.Errorf("the page does not say until when: %s", open.Body)
	}
	f.sql(`UPDATE bookings SET start_at = now() + interval '1 hour', end_at = now() + interval '2 hours' WHERE id = $1`, id)
	f.post("", link, "").ruled(t, fault.TooLate, policy.CancelDeadline)
	late := f.send("", http.MethodGet, link, "", "Accept", "text/html").want(t, http.StatusUnprocessableEntity)
	if !strings.Contains(late.Body.String(), "Too late") || !strings.Contains(late.Body.String(), "That was possible until") {
		t.Errorf("the page does not explain: %s", late.Body)
	}
	if state := value[string](f, `SELECT state FROM bookings WHERE id = $1`, id); state != "confirmed" {
		t.Errorf("the booking is %s", state)
	}
}

// TestDocumentHasTheRules: a rule has one name in the code and in the document, wherever a caller meets it.
func TestDocumentHasTheRules(t *testing.T) {
	t.Parallel()
	doc := readDocument(t)
	var rules []string
	for _, rule := range policy.Rules {
		rules = append(rules, string(rule))
	}
	named, _ := json.Marshal(doc.Components.Schemas["PolicyRule"].Properties["name"])
	var name schema
	check(t, json.Unmarshal(named, &name))
	if !slices.Equal(name.Enum, append(slices.Clone(rules), fault.ActionWindow, fault.Begun)) || !slices.Equal(doc.Components.Schemas["Override"].Items.Enum, rules) {
		t.Errorf("the document names %v and %v, the code %v", name.Enum, doc.Components.Schemas["Override"].Items.Enum, rules)
	}
}

// TestOwnBuffersAreNearer: what a booking says of its buffer, in any of its fields, counts before project and app. None is a buffer, too.
func TestOwnBuffersAreNearer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	project := f.project(resource, `,"availability":{"length":"1 hour","buffer":"10 minutes"}`)
	f.put(f.server, "/v2/app", `{"settings":{"policy":{"buffer":{"before":"PT40M","after":"PT40M"}}}}`).want(t, http.StatusOK)
	for i, c := range []struct {
		through bool
		more    string
		minutes int // around it
	}{
		{true, ``, 10}, {true, `,"buffer":"0 minutes"`, 0}, {true, `,"buffer":"20 minutes"`, 20}, {true, `,"policy":{"buffer":{"before":"PT5M","after":"PT5M"}}`, 5},
		{false, ``, 40}, {false, `,"buffer":"0 minutes"`, 0}, {false, `,"settings":{"buffer_seconds":900}`, 15},
	} {
		name := ""
		if c.through {
			name = fmt.Sprintf(`"project_id":%q,`, project)
		}
		id := f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s%s%s}`, name, slot(resource, float64(10*i), 1), c.more)).id(t)
		got := value[int](f, `SELECT (EXTRACT(epoch FROM max(upper(during)) - min(lower(during))) / 60)::int FROM occupancies WHERE booking_id = $1`, id)
		if got != 60+2*c.minutes {
			t.Errorf("%s, through the project %t: %d minutes are taken, want %d around an hour", c.more, c.through, got, c.minutes)
		}
	}
}

// TestAQuestionsOwnBufferIsNearer than that of the app's policy, as a booking's own is. A visitor's is not.
func TestAQuestionsOwnBufferIsNearer(t *testing.T) {
	t.Parallel()
	f := setup(t, withoutProjects)
	resource := f.resource(`[]`)
	f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s}`, slot(resource, 3, 1))).id(t)
	f.put(f.server, "/v2/app", `{"settings":{"policy":{"buffer":{"before":"PT60M","after":"PT60M"}}}}`).want(t, http.StatusOK)
	for _, c := range []struct {
		key, more string
		want      float64 // of six full hours with one booking
	}{{f.server, ``, 3}, {f.server, `,"buffer":"0 minutes"`, 5}, {f.widget, `,"buffer":"0 minutes"`, 3}} {
		a := f.post(c.key, "/v2/availability/count", fmt.Sprintf(`{"resources":[%q],"length":"1 hour","from":%q,"to":%q%s}`, resource,
			noon.Format(time.RFC3339), noon.Add(6*time.Hour).Format(time.RFC3339), c.more)).want(t, http.StatusOK)
		var body struct{ Data struct{ Total float64 } }
		check(t, json.Unmarshal(a.Body.Bytes(), &body))
		if body.Data.Total != c.want {
			t.Errorf("%s: %v times, want %v", c.more, body.Data.Total, c.want)
		}
	}
}

// TestFieldsOfSessionsAreRules: Timekit's fields of a session are its policy and that of its seats: what they rule is shown, refused with
// its rule and moment, to the minute, and lifted by its name. What a seat says itself is nearer.
func TestFieldsOfSessionsAreRules(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	f.put(f.server, "/v2/app", `{"settings":{"policy":{"book":{"notice":"P60D"},"cancel":{"customer":{"until":"P60D"}}}}}`).want(t, http.StatusOK)
	hour := 0.0
	session := func(settings string) string {
		t.Helper()
		hour += 2
		return f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"group_owner","what":"Yoga","settings":{"max_seats":3%s},%s}`, settings, slot(resource, hour, 1))).id(t)
	}
	seat := func(of, more string) answer {
		t.Helper()
		return f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"group_customer","customer":{"name":"Ann","email":"ann@example.com"},"related":{"owner_booking_id":%q}%s}`, of, more))
	}
	start := func() time.Time { return noon.Add(time.Duration(hour) * time.Hour) }
	seat(session(""), "").ruled(t, fault.TooLate, policy.Notice) // the app's

	of := session(`,"min_booking_time":"9 days"`)
	if rule := seat(of, "").ruled(t, fault.TooLate, policy.Notice); rule.Limit != "P9D" || rule.EndsAt != start().AddDate(0, 0, -9).Format(time.RFC3339) {
		t.Errorf("the notice says %+v", rule)
	}
	seat(of, `,"override":["notice"]`).id(t)
	seat(of, `,"policy":{"book":{"notice":"none"}}`).id(t)

	of = session(`,"min_booking_time":"1 hour","max_booking_time":"2 days"`) // opens tomorrow, at the time of day of its start
	if rule := seat(of, "").ruled(t, fault.TooEarly, policy.Horizon); rule.Limit != "exact P2D" || rule.EndsAt != start().AddDate(0, 0, -2).Format(time.RFC3339) {
		t.Errorf("the horizon says %+v", rule)
	}
	seat(of, `,"override":["notice"]`).ruled(t, fault.TooEarly, policy.Horizon)
	seat(of, `,"override":["horizon"]`).id(t)

	of = session(`,"min_booking_time":"1 hour","min_cancel_time":"9 days"`)
	id := seat(of, "").id(t)
	shown := f.send(f.server, http.MethodGet, "/v2/bookings/"+id+"?include=policy", "").want(t, http.StatusOK).Body.String()
	if until := start().AddDate(0, 0, -9).Format("2006-01-02T15:04:05"); !strings.Contains(shown, `"cancel_until":"`+until) || !strings.Contains(shown, `"notice":"PT1H"`) {
		t.Errorf("the seat shows %s, want %s", shown, until)
	}
	f.put(f.server, "/v2/bookings/"+id+"/cancel_by_customer", "").ruled(t, fault.TooLate, policy.CancelDeadline)
	f.put(f.server, "/v2/bookings/"+id+"/cancel_by_customer", `{"override":["cancel"]}`).want(t, http.StatusOK)

	// A seat that was made before its session's bounds were read into policies is held to them by the record.
	old := seat(session(`,"min_booking_time":"1 hour","min_cancel_time":"9 days"`), "").id(t)
	value[string](f, `UPDATE bookings SET policy = NULL WHERE id = $1 RETURNING id::text`, old)
	f.put(f.server, "/v2/bookings/"+old+"/cancel_by_customer", "").ruled(t, fault.TooLate, policy.CancelDeadline)
}
