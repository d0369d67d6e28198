package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"holdfast/internal/fault"
)

// TestWhatCallersKeepIsBounded sends each field that holds JSON of callers just as much as it may hold, and more, by its text and by
// what the record prints of its numbers.
func TestWhatCallersKeepIsBounded(t *testing.T) {
	t.Parallel()
	f := setup(t, withoutProjects)
	resource := f.resource(`[]`)
	made := f.post(f.server, "/v2/bookings", `{"graph":"instant",`+slot(resource, 0, 1)+`}`).id(t)
	project := f.project(resource, "")
	hour := 0
	text := func(n int) string { return `{"a":"` + strings.Repeat("x", n) + `"}` }
	numbers := func(n int) string { return `{"a":[1e300` + strings.Repeat(",1e300", n) + `]}` }
	const most = 63_000 // some fields may have 64,000 characters, some 65,536 bytes, and the body around it
	for _, raw := range []struct{ name, method, path, body string }{
		{"W meta", http.MethodPost, "/v2/bookings", `{"graph":"instant",SLOT,"meta":RAW}`},
		{"W customer", http.MethodPost, "/v2/bookings", `{"graph":"instant",SLOT,"customer":{"name":"x","own":RAW}}`},
		{"W meta", http.MethodPost, "/v2/bookings/reserve", `{SLOT,"meta":RAW}`},
		{"meta", http.MethodPut, "/v2/bookings/" + made, `{"meta":RAW}`},
		{"settings", http.MethodPost, "/v2/bookings", `{"graph":"instant",SLOT,"settings":RAW}`},
		{"event_notifications", http.MethodPost, "/v2/bookings", `{"graph":"instant",SLOT,"event_notifications":[REMINDER]}`},
		{"reminders", http.MethodPost, "/v2/bookings", `{"graph":"instant",SLOT,"reminders":[REMINDER]}`},
		{"meta", http.MethodPost, "/v2/resources", `{"name":"x","timezone":"UTC","meta":RAW}`},
		{"meta", http.MethodPut, "/v2/resources/" + resource, `{"meta":RAW}`},
		{"meta", http.MethodPost, "/v2/projects", `{"name":"x","meta":RAW}`},
		{"booking", http.MethodPut, "/v2/projects/" + project, `{"booking":RAW}`},
		{"ui", http.MethodPut, "/v2/projects/" + project, `{"ui":RAW}`},
		{"availability", http.MethodPut, "/v2/projects/" + project, `{"availability":RAW}`},
		{"customer_fields", http.MethodPut, "/v2/projects/" + project, `{"customer_fields":{"x":RAW}}`},
		{"reminders", http.MethodPut, "/v2/projects/" + project, `{"reminders":[REMINDER]}`},
		{"meta", http.MethodPut, "/v2/projects/" + project, `{"meta":RAW}`},
		{"meta", http.MethodPost, "/v2/locations", `{"name":"x","meta":RAW}`},
		{"meta", http.MethodPost, "/v2/location/services", `{"name":"x","meta":RAW}`},
		{"settings", http.MethodPost, "/v2/events", `{SLOT,"what":"x","settings":RAW}`},
	} {
		field, visitors := strings.CutPrefix(raw.name, "W ")
		keys := []string{f.server}
		if visitors {
			keys = append(keys, f.widget)
		}
		send := func(key, json string) answer {
			hour += 2
			body := strings.Replace(raw.body, "SLOT", slot(resource, float64(hour), 1), 1)
			body = strings.Replace(body, "REMINDER", strings.TrimSuffix(strings.Trim(reminderTo("x"), "[]"), "}")+`,"own":RAW}`, 1)
			return f.send(key, raw.method, raw.path, strings.Replace(body, "RAW", json, 1))
		}
		for _, key := range keys {
			for _, json := range []string{text(most), numbers(most/310 - 1)} {
				if a := send(key, json); a.Code >= http.StatusMultipleChoices {
					t.Errorf("%s: what it may hold: %d %.300s", a.what[:60], a.Code, a.Body)
				}
			}
			for _, json := range []string{text(1 << 16), numbers(1<<16/300 + 1)} {
				a := send(key, json)
				a.what = fmt.Sprintf("%s %s with %d bytes of %s", raw.method, raw.path, len(json), field)
				a.refused(t, fault.Invalid, field)
			}
		}
	}
}

// TestRulesAreBounded: a list of rules may be as long as other JSON of callers, whatever is in it.
func TestRulesAreBounded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	resource := f.resource(`[]`)
	project := f.project(resource, "")
	rules := func(n int) string {
		return `{"availability_constraints":[{"allow_hours":{"start":9,"end":17}}` + strings.Repeat(" ", n) + `]}`
	}
	for path, status := range map[string]int{"/v2/resources/" + resource: http.StatusOK, "/v2/projects/" + project: http.StatusNoContent} {
		f.put(f.server, path, rules(63_000)).want(t, status)
		f.put(f.server, path, rules(64_000)).refused(t, fault.Invalid, "availability_constraints")
	}
}
