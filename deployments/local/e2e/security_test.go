package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// raws are the fields that hold JSON of callers, each with a route that takes it and a body around it. W is what a widget key may
// send.
func (b *bundle) raws(t testing.TB) []struct{ name, method, path, body string } {
	t.Helper()
	resource := b.resource(t)
	booking := b.book(t, resource, "instant", 9)
	project := b.project(t, "Raw", "", resource).str("data.id")
	slot := fmt.Sprintf(`"resource_id":%q,"graph":"instant","start":"2031-01-02T10:00:00Z","end":"2031-01-02T11:00:00Z"`, resource)
	return []struct{ name, method, path, body string }{
		{"W booking meta", http.MethodPost, "/v2/bookings", `{` + slot + `,"meta":RAW}`},
		{"W booking customer", http.MethodPost, "/v2/bookings", `{` + slot + `,"customer":{"name":"x","own":RAW}}`},
		{"W booking unknown", http.MethodPost, "/v2/bookings", `{` + slot + `,"unheard_of":RAW}`},
		{"W hold meta", http.MethodPost, "/v2/bookings/reserve", `{` + slot + `,"meta":RAW}`},
		{"booking settings", http.MethodPost, "/v2/bookings", `{` + slot + `,"settings":RAW}`},
		{"bulk meta", http.MethodPost, "/v2/bookings/bulk", `{"bookings":[{` + slot + `,"meta":RAW}]}`},
		{"booking's meta", http.MethodPut, "/v2/bookings/" + booking, `{"meta":RAW}`},
		{"action", http.MethodPut, "/v2/bookings/" + booking + "/cancel", `{"cancel":RAW}`},
		{"resource meta", http.MethodPost, "/v2/resources", `{"name":"x","timezone":"UTC","meta":RAW}`},
		{"resource's meta", http.MethodPut, "/v2/resources/" + resource, `{"meta":RAW}`},
		{"project meta", http.MethodPost, "/v2/projects", `{"name":"x","meta":RAW}`},
		{"project booking", http.MethodPut, "/v2/projects/" + project, `{"booking":RAW}`},
		{"project ui", http.MethodPut, "/v2/projects/" + project, `{"ui":RAW}`},
		{"project availability", http.MethodPut, "/v2/projects/" + project, `{"availability":RAW}`},
		{"project form", http.MethodPut, "/v2/projects/" + project, `{"customer_fields":{"x":RAW}}`},
		{"project reminders", http.MethodPut, "/v2/projects/" + project, `{"reminders":[RAW]}`},
		{"location meta", http.MethodPost, "/v2/locations", `{"name":"x","meta":RAW}`},
		{"service meta", http.MethodPost, "/v2/location/services", `{"name":"x","meta":RAW}`},
		{"event settings", http.MethodPost, "/v2/events", `{` + slot + `,"settings":RAW}`},
		{"availability", http.MethodPost, "/v2/availability", `{"constraints":[RAW]}`},
		{"scheduling request", http.MethodPost, "/v1/scheduling_requests", `{"unheard_of":RAW}`},
	}
}

// TestNothingIsKeptThatCannotBeRead sends numbers that are small in JSON and huge in a database, texts that no database keeps, and
// names that stand twice, in every field that holds JSON of callers, with a server key and, where it may, with a widget key.
func TestNothingIsKeptThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	widget := b.widget(t)
	many := make([]string, 700)
	for i := range many {
		many[i] = fmt.Sprintf(`"%d":1e131071`, i)
	}
	attacks := map[string]int{
		`{"a":1e131071}`: http.StatusUnprocessableEntity, `{"a":[{"b":-1E+131071}]}`: http.StatusUnprocessableEntity,
		`{"a":1e309}`: http.StatusUnprocessableEntity, `{"a":1e-16383}`: http.StatusUnprocessableEntity, `{"a":0e-16383}`: http.StatusUnprocessableEntity,
		`{"a":` + strings.Repeat("9", 41) + `}`: http.StatusUnprocessableEntity, `{` + strings.Join(many, ",") + `}`: http.StatusUnprocessableEntity,
		`{"a":1,"a":2}`: http.StatusUnprocessableEntity, `{"a":{"b":1,"\u0062":2}}`: http.StatusUnprocessableEntity,
		"{\"a\":\"\xff\"}": http.StatusBadRequest, "{\"\xc3\":1}": http.StatusBadRequest, `{"a":"\u0000"}`: http.StatusBadRequest,
		`{"a":"\ud800"}`: http.StatusBadRequest, `{"a":"\udc00\ud800"}`: http.StatusBadRequest,
		strings.Repeat(`{"a":`, 70) + `1` + strings.Repeat(`}`, 70): http.StatusBadRequest,
	}
	for _, raw := range b.raws(t) {
		for attack, want := range attacks {
			callers := []*bundle{b}
			if strings.HasPrefix(raw.name, "W ") {
				callers = append(callers, widget)
			}
			for _, caller := range callers {
				a := caller.call(t, raw.method, raw.path, strings.Replace(raw.body, "RAW", attack, 1))
				bulk := strings.HasSuffix(raw.path, "/bulk") && a.status == http.StatusMultiStatus
				if a.status != want && !bulk || a.at("errors") == nil && a.status == http.StatusUnprocessableEntity {
					t.Errorf("%s with %.40s: %d %.300s", raw.name, attack, a.status, a.body)
				}
			}
		}
	}
	b.get(t, "/v2/bookings").want(t, http.StatusOK)
}

// TestAddressesThatCannotBeKept: what no database can look for is refused at every address.
func TestAddressesThatCannotBeKept(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for _, path := range []string{
		"/v2/bookings?search=customer.name:%ff", "/v2/bookings?%ff=x", "/v2/resources?search=name:%00", "/v2/projects?search=name:%c3",
		"/v2/locations?latitude=%ff&longitude=1", "/v2/events?start=%ff", "/v2/resources/timezone/%ff", "/v2/projects/hosted/%00", "/v2/graphs/%ff",
		"/v2/apps/%ff", "/pls/x?utm_source=%00", "/rts/x?tz=%ff", "/healthz?x=%ff",
	} {
		b.get(t, path, "Accept", "application/json").refused(t, http.StatusBadRequest, "malformed")
	}
	b.get(t, "/v2/bookings?search=customer.name:%E2%82%AC").want(t, http.StatusOK)
}

// TestAWidgetKeySaysOnlyWhatItMay: by any spelling, on each way to book, what only a server key may say does nothing or is refused.
func TestAWidgetKeySaysOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	widget := b.widget(t)
	resource := b.resource(t)
	project := b.project(t, "Open", `,"availability":{"length":"1 hour"}`, resource).str("data.id")
	held := b.hold(t, resource, 20, 600)
	fields := map[string]string{
		"event_notifications": `[{"type":"webhook","settings":{"url":"http://127.0.0.1:9/x","method":"post"},"when":{"type":"before","unit":"secs","time":57}}]`,
		"reminders":           `[{"type":"webhook","settings":{"url":"http://127.0.0.1:9/x","method":"post"},"when":{"type":"before","unit":"secs","time":57}}]`,
		"settings":            `{"buffer_seconds":600,"timers":{}}`, "buffer": `"3 hours"`,
		"auto_complete_one_hour_after_booking_ends": `{"enabled":false}`,
	}
	hour := 0
	for _, route := range []string{"/v2/bookings", "/v2/bookings/reserve"} {
		for name, value := range fields {
			for _, spelling := range []string{name, strings.ToUpper(name[:1]) + name[1:], strings.ToUpper(name)} {
				hour++
				start := time.Date(2031, 3, 1, hour%20, 0, 0, 0, time.UTC).AddDate(0, 0, hour/20)
				body := fmt.Sprintf(`{"project_id":%q,"resource_id":%q,"start":%q,"end":%q,"customer":{"name":"x"},%q:%s}`,
					project, resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), spelling, value)
				a := widget.post(t, route, body)
				if spelling != name {
					a.refused(t, http.StatusUnprocessableEntity, "invalid")
					continue
				}
				a.want(t, http.StatusCreated)
			}
		}
	}
	n := b.rows(t, `SELECT count(*) FROM bookings WHERE resource_id = $1 AND (settings ? 'buffer_seconds' OR settings->'timers' ? 'complete')`, resource)
	if n += b.rows(t, `SELECT count(*) FROM reminders r JOIN bookings b ON b.id = r.booking_id WHERE b.resource_id = $1`, resource); n != 0 {
		t.Errorf("%d things of a widget key's were kept", n)
	}
	for _, name := range []string{"Reservation_ID", "RESERVATION_ID"} {
		body := fmt.Sprintf(`{"project_id":%q,"resource_id":%q,"start":"2031-06-01T10:00:00Z","end":"2031-06-01T11:00:00Z",%q:%q}`, project, resource, name, held)
		widget.post(t, "/v2/bookings/reserve", body).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
}

// TestSignInsAreCountedBeforeTheyAreChecked sends many addresses of e-mail at once, from one place.
func TestSignInsAreCountedBeforeTheyAreChecked(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_BAD_KEY_LIMIT=5", "HOLDFAST_TRUSTED_PROXIES=127.0.0.0/8")
	m := b.member(t)
	count := func(n int, body func(int) string, from func(int) string) (looked int) {
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				a, err := b.anonymous().try(context.WithoutCancel(t.Context()), http.MethodPost, "/v2/auth", body(i), "X-Forwarded-For", from(i))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Error(err)
				case a.status == http.StatusUnauthorized:
					looked++
				case (a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable) && a.header.Get("Retry-After") != "":
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		all.Wait()
		return looked
	}
	many := count(40, func(i int) string {
		return fmt.Sprintf(`{"email":"n%d@example.com","password":"guess number %d"}`, i, i)
	},
		func(int) string { return "203.0.113.1" })
	if many < 1 || many > 7 { // one more every twelve seconds
		t.Errorf("%d guesses from one address were looked at, not 5", many)
	}
	// Meanwhile a server key sets passwords: whoever guesses keeps no known caller waiting.
	var known sync.WaitGroup
	defer known.Wait()
	other := b.member(t)
	for range 3 {
		known.Go(func() {
			set := func() (answer, error) {
				return b.try(context.WithoutCancel(t.Context()), http.MethodPut, "/v2/resources/"+other.id, `{"password":"another horse"}`)
			}
			a, err := set()
			for range 10 { // on a slow machine a turn among the server keys may not come in time, and says when to come again
				if err != nil || a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
					break
				}
				a, err = set()
			}
			if err != nil || a.status != http.StatusOK {
				t.Errorf("a server key could not set a password: %d %s %v", a.status, a.body, err)
			}
		})
	}
	one := count(60, func(i int) string { return fmt.Sprintf(`{"email":%q,"password":"guess number %d"}`, m.email, i) },
		func(i int) string { return fmt.Sprintf("203.0.113.%d", i+10) })
	if one < 1 || one > 24 {
		t.Errorf("%d guesses at one account from 60 addresses were looked at, not 20", one)
	}
	give := fmt.Sprintf(`{"email":%q,"password":%q}`, m.email, password)
	b.anonymous().post(t, "/v2/auth", give, "X-Forwarded-For", "203.0.113.1").want(t, http.StatusOK) // it was good a minute ago
}

// TestTokensEndWithThePassword: what a token has brought about ends with the password, and a token alone cannot change that.
func TestTokensEndWithThePassword(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	m := b.member(t)
	path := "/v2/resources/" + m.id
	integration := b.post(t, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"server-token","name":"sync"}`, m.id)).want(t, http.StatusCreated).str("data.token")
	further := m.do(t, http.MethodPost, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"client-token","name":"more"}`, m.id)).
		want(t, http.StatusCreated).str("data.token")
	for range 55 {
		m.do(t, http.MethodPost, "/v2/credentials", fmt.Sprintf(`{"resource_id":%q,"type":"client-token","name":"more"}`, m.id))
	}
	if n := b.rows(t, `SELECT count(*) FROM resource_credentials WHERE resource_id = $1 AND own`, m.id); n > 50 {
		t.Errorf("a token has made %d", n)
	}
	in := b.anonymous().post(t, "/v2/auth", fmt.Sprintf(`{"email":%q,"password":%q}`, m.email, password)).want(t, http.StatusOK)
	m.token = in.str("data.api_token")
	m.do(t, http.MethodPut, path, `{"password":"another horse"}`).blames(t, "current_password")
	m.do(t, http.MethodPut, path, `{"password":"another horse","current_password":"wrong horse"}`).blames(t, "current_password")
	m.do(t, http.MethodPut, path, fmt.Sprintf(`{"password":"another horse","current_password":%q}`, password)).want(t, http.StatusOK)
	for _, token := range []string{m.token, further} {
		b.anonymous().get(t, path, basic(m.email, token)...).refused(t, http.StatusUnauthorized, "unauthorized")
	}
	b.anonymous().get(t, path, basic(m.email, integration)...).want(t, http.StatusOK) // a server key made it
	b.anonymous().call(t, http.MethodPut, path, `{"password":"a third horse"}`, basic(m.email, integration)...).blames(t, "current_password")
	b.put(t, path, `{"password":"a fourth horse"}`).want(t, http.StatusOK)
}

// TestTheAdminKeyIsNotGuessed at routes that take another key too.
func TestTheAdminKeyIsNotGuessed(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_BAD_KEY_LIMIT=3", "HOLDFAST_TRUSTED_PROXIES=127.0.0.0/8")
	statuses := map[int]int{}
	for i := range 10 {
		a := b.anonymous().get(t, "/v2/apps/some-app", "Authorization", fmt.Sprintf("Bearer guess%d", i), "X-Forwarded-For", "203.0.113.9")
		statuses[a.status]++
	}
	if statuses[http.StatusTooManyRequests] < 6 {
		t.Errorf("%v", statuses)
	}
}

// TestWhatAnswersHaveCanBeSentBack: on surfaces that refuse unknown fields, and where misspellings are looked for.
func TestWhatAnswersHaveCanBeSentBack(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	project := b.project(t, "Round", "", resource).str("data.id")
	for path, body := range map[string]string{
		"/v2/webhooks": `{"url":"https://hooks.example.com/x"}`, "/v2/public_links": fmt.Sprintf(`{"project_id":%q,"title":"x"}`, project),
	} {
		id := b.post(t, path, body).want(t, http.StatusCreated).str("data.id")
		var view struct{ Data json.RawMessage }
		if err := json.Unmarshal([]byte(b.get(t, path+"/"+id).body), &view); err != nil {
			t.Fatal(err)
		}
		b.put(t, path+"/"+id, string(view.Data)).want(t, http.StatusOK)
		b.put(t, path+"/"+id, `{"titel":"x"}`).blames(t, "titel")
	}
	var view struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(b.get(t, "/v2/projects/"+project).body), &view); err != nil {
		t.Fatal(err)
	}
	b.put(t, "/v2/projects/"+project, string(view.Data)).want(t, http.StatusNoContent)
	b.put(t, "/v2/projects/"+project, `{"constraints":[]}`).blames(t, "constraints")
}

// TestFormsHoldOnlyText sends every form of every page with what no text can hold: 400, and nothing happens.
func TestFormsHoldOnlyText(t *testing.T) {
	t.Parallel()
	s := newLinkShop(t, mornings, "")
	id := s.book(t, s.resource, "instant", 9)
	moved, err := url.Parse(s.customerLink(t, s.book(t, s.resource, "instant", 11), "reschedule_by_customer"))
	if err != nil {
		t.Fatal(err)
	}
	standing := len(s.standing(t))
	arrived := s.visitor.get(t, s.arrive(t, s.claimed(t, nil)).first(t).href).want(t, http.StatusOK).form(marty)
	booked := s.booked(t)
	for name, form := range map[string]struct {
		path   string
		fields url.Values
	}{
		"a link's button": {linkPath(id, "cancel", byHand(payload(id, "cancel", ""), s.key)), url.Values{"page": {"true"}}},
		"a link's body":   {linkPath(id, "cancel", byHand(payload(id, "cancel", ""), s.key)), url.Values{}},
		"a link's times":  {moved.RequestURI(), url.Values{"start": {"2030-12-02T09:00:00Z"}, "page": {"true"}}},
		"a public link":   {s.path, arrived},
		"a request":       {booked, url.Values{"action": {"decline"}}},
	} {
		for _, bad := range []string{"&x=%ff", "&%ff=x", "&x=a%00b", "&x=%zz", "&message=%c3%28", "&x=\xff"} {
			a := s.visitor.post(t, form.path, form.fields.Encode()+bad, "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
			if a.status != http.StatusBadRequest || !strings.Contains(a.body, "<h1>") {
				t.Errorf("%s with %s: %d %.200s", name, bad, a.status, a.words())
			}
			s.visitor.post(t, form.path, form.fields.Encode()+bad, "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json").
				refused(t, http.StatusBadRequest, "malformed")
		}
	}
	if got := len(s.standing(t)); got != standing+1 {
		t.Errorf("%d bookings stand, want %d", got, standing+1)
	}
}

// TestTheOwnersMetaStaysHidden: of places and services a widget key reads the meta that the widget shows, on every address and in
// every part of an answer, and of resources none.
func TestTheOwnersMetaStaysHidden(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	widget := b.widget(t)
	meta := `,"meta":{"t_store_city":"Berlin","T_secret":"hidden-1","rent":"hidden-2","":"hidden-3","xt_":{"t_x":"hidden-4"}}`
	location := b.post(t, "/v2/locations", `{"name":"Mitte"`+meta+`}`).want(t, http.StatusCreated).str("data.id")
	service := b.post(t, "/v2/location/services", `{"name":"Cut"`+meta+`}`).want(t, http.StatusCreated).str("data.id")
	b.post(t, "/v2/resources", `{"name":"Ada","timezone":"UTC"`+meta+`}`).want(t, http.StatusCreated)
	include := "?include=services,locations,location,service,projects,resources,meta"
	for _, path := range []string{"/v2/locations", "/v2/locations/" + location, "/v2/location/services", "/v2/location/services/" + service} {
		for _, address := range []string{path, path + include} {
			if a := widget.get(t, address).want(t, http.StatusOK); strings.Contains(a.body, "hidden") || !strings.Contains(a.body, "Berlin") {
				t.Errorf("%s: %s", address, a.body)
			}
		}
		if a := b.get(t, path).want(t, http.StatusOK); !strings.Contains(a.body, "hidden-4") {
			t.Errorf("the owner misses it: %s: %s", path, a.body)
		}
	}
	if a := widget.get(t, "/v2/locations?search=meta.rent:hidden-2"); len(a.list("data")) != 0 {
		t.Errorf("a search finds what is hidden: %s", a.body)
	}
}

// TestAWebhookTellsNothingOfTheNetwork: a name that DNS does not know and an address that is refused look the same to a tenant;
// the record tells them apart.
func TestAWebhookTellsNothingOfTheNetwork(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	codes := map[string]string{"http://nothing.invalid/": "dns_error", "http://169.254.169.254/": "blocked_target"}
	for target, code := range codes {
		hook := b.post(t, "/v2/webhooks", `{"url":"https://hooks.example.com/x"}`).want(t, http.StatusCreated).str("data.id")
		b.sql(t, `UPDATE webhook_endpoints SET url = $2 WHERE id = $1`, hook, target) // a name is not resolved before it is used
		sent := b.post(t, "/v2/webhooks/"+hook+"/test", `{}`)
		id := sent.str("data.id")
		eventually(t, "an attempt", func() bool {
			sent = b.get(t, "/v2/deliveries/"+id)
			return sent.str("data.status") == "exhausted"
		})
		list := b.get(t, "/v2/webhooks/"+hook+"/deliveries").want(t, http.StatusOK)
		for _, shown := range []string{sent.str("data.attempts.0.error"), sent.str("data.last_error"), list.str("data.0.last_error")} {
			if shown != "unreachable_target" {
				t.Errorf("%s is shown as %q: %s", code, shown, sent.body)
			}
		}
		for _, text := range []string{sent.body, list.body} {
			if strings.Contains(text, "dns_error") || strings.Contains(text, "blocked_target") {
				t.Errorf("%s: %s", code, text)
			}
		}
		if n := b.rows(t, `SELECT count(*) FROM webhook_attempts WHERE delivery_id = $1 AND error_code = $2`, id, code); n != 1 {
			t.Errorf("the record has no %s", code)
		}
	}
}
