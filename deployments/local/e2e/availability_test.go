package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// slot is one entry of an answer to a question for free time.
type slot struct {
	Start, End string
	Resources  []struct{ ID, Name, Timezone string }
}

func (s slot) of() []string {
	var ids []string
	for _, r := range s.Resources {
		ids = append(ids, r.ID)
	}
	return ids
}

func (s slot) at(t testing.TB) time.Time {
	t.Helper()
	start, err := time.Parse(time.RFC3339, s.Start)
	if err != nil {
		t.Fatal(err)
	}
	return start
}

// slots asks for free time, or for what is taken, by the path.
func (b *bundle) slots(t testing.TB, path, question string) []slot {
	t.Helper()
	var told struct{ Data []slot }
	a := b.post(t, path, question).want(t, http.StatusOK)
	if err := json.Unmarshal([]byte(a.body), &told); err != nil {
		t.Fatal(err)
	}
	return told.Data
}

// verdicts are what explain says of a moment: of the whole, and by resource the reasons against it.
func (b *bundle) verdicts(t testing.TB, question string, start time.Time) (offered bool, reasons map[string][]string) {
	t.Helper()
	var told struct {
		Data struct {
			Offered   bool
			Resources []struct {
				ID      string
				Offered bool
				Reasons []struct {
					Reason, Text string
					Busy         *struct{ Kind, ID string }
				}
			}
		}
	}
	question = strings.TrimSuffix(question, "}") + fmt.Sprintf(`,"at":%q}`, start.Format(time.RFC3339))
	a := b.post(t, "/v2/availability/explain", question).want(t, http.StatusOK)
	if err := json.Unmarshal([]byte(a.body), &told); err != nil {
		t.Fatal(err)
	}
	reasons = map[string][]string{}
	for _, r := range told.Data.Resources {
		reasons[r.ID] = []string{}
		for _, why := range r.Reasons {
			text := why.Reason
			if why.Busy != nil {
				text += " " + why.Busy.Kind + " " + why.Busy.ID
			}
			reasons[r.ID] = append(reasons[r.ID], text)
		}
		if r.Offered != (len(r.Reasons) == 0) {
			t.Errorf("offered is %t, but there are %d reasons against it: %s", r.Offered, len(r.Reasons), a.body)
		}
	}
	return told.Data.Offered, reasons
}

// TestOffsetsAreThoseOfTheAskedZoneOnThatDay: across a change of clocks the wall stays, and the offset does not.
func TestOffsetsAreThoseOfTheAskedZoneOnThatDay(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t) // in Berlin
	question := fmt.Sprintf(`{"resources":[%q],"length":"1 hour","from":"2031-03-29","to":"2031-04-01","output_timezone":"%%s",
		"constraints":[{"allow_hours":{"start":9,"end":10}}]}`, resource)
	for zone, want := range map[string]string{
		"Europe/Berlin":    "2031-03-29T09:00:00+01:00 2031-03-30T09:00:00+02:00 2031-03-31T09:00:00+02:00",
		"UTC":              "2031-03-29T08:00:00Z 2031-03-30T07:00:00Z 2031-03-31T07:00:00Z",
		"Asia/Kathmandu":   "2031-03-29T13:45:00+05:45 2031-03-30T12:45:00+05:45 2031-03-31T12:45:00+05:45",
		"America/New_York": "2031-03-29T04:00:00-04:00 2031-03-30T03:00:00-04:00 2031-03-31T03:00:00-04:00",
	} {
		var starts []string
		for _, s := range b.slots(t, "/v2/availability", fmt.Sprintf(question, zone)) {
			starts = append(starts, s.Start)
			if s.at(t).Add(time.Hour).Format(time.RFC3339) != s.End || s.Resources[0].Timezone != "Europe/Berlin" || s.Resources[0].Name != "Chair one" {
				t.Errorf("%s: %+v", zone, s)
			}
		}
		if got := strings.Join(starts, " "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", zone, got, want)
		}
	}
	// The night in which an hour comes twice: both are offered, each with its offset.
	twice := fmt.Sprintf(`{"resources":[%q],"length":"1 hour","from":"2030-10-27T01:00","to":"2030-10-27T04:00","output_timezone":"Europe/Berlin"}`, resource)
	var starts []string
	for _, s := range b.slots(t, "/v2/availability", twice) {
		starts = append(starts, s.Start[len("2030-10-27T"):])
	}
	if got := strings.Join(starts, " "); got != "01:00:00+02:00 02:00:00+02:00 02:00:00+01:00 03:00:00+01:00" {
		t.Errorf("the long night has %s", got)
	}
}

// TestExplainNamesWhatIsInTheWay: the booking, the hold, the event, the buffer around one, the rule, the window.
func TestExplainNamesWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	booked := b.book(t, resource, "instant", 9, `,"buffer":"30 minutes"`)
	hold := b.hold(t, resource, 12, 600)
	event := b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,"what":"Dentist","start":"2030-12-01T15:00:00Z","end":"2030-12-01T16:00:00Z"}`, resource)).
		want(t, http.StatusCreated).str("data.id")
	question := fmt.Sprintf(`{"resources":[%q],"length":"1 hour","timeslot_increments":"30 minutes","from":"2030-12-01T06:00:00Z","to":"2030-12-01T20:00:00Z",
		"output_timezone":"UTC","buffer":"10 minutes","constraints":[{"block_hours":{"start":18,"end":19}}]}`, resource)
	for clock, want := range map[string]string{
		"07:00": "",
		"07:30": "",
		"08:00": "buffer booking " + booked,
		"08:30": "booking booking " + booked,
		"09:00": "booking booking " + booked,
		"10:00": "buffer booking " + booked,
		"10:30": "",
		"11:00": "buffer hold " + hold,
		"12:30": "hold hold " + hold,
		"15:00": "event event " + event,
		"16:00": "buffer event " + event,
		"16:30": "rule", // 17:30 in Berlin
		"05:00": "before_window",
		"19:30": "after_window",
		"13:45": "off_grid",
	} {
		start, err := time.Parse(time.RFC3339, "2030-12-01T"+clock+":00Z")
		if err != nil {
			t.Fatal(err)
		}
		offered, reasons := b.verdicts(t, question, start)
		if got := strings.Join(reasons[resource], ", "); got != want || offered != (want == "") {
			t.Errorf("%s: %q, want %q", clock, got, want)
		}
		shown := slices.ContainsFunc(b.slots(t, "/v2/availability", question), func(s slot) bool { return s.at(t).Equal(start) })
		if shown != (want == "") {
			t.Errorf("%s: shown is %t", clock, shown)
		}
	}
}

// TestAQuestionInheritsItsProject: what an owner's body says stands above what the project says; a visitor's narrows it, so that
// what is shown can be booked.
func TestAQuestionInheritsItsProject(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	visitor, one, two, other := b.widget(t), b.resource(t), b.resource(t), b.resource(t)
	project := b.project(t, "Haircut", `,"availability":{"mode":"exclusive","length":"2 hours","from":"2030-12-02","to":"2030-12-03","buffer":"1 hour"},
		"availability_constraints":[{"allow_hours":{"start":9,"end":13}}]`, two, one).str("data.id")
	b.post(t, "/v2/bookings", `{"resource_id":"`+one+`","graph":"instant","what":"x","start":"2030-12-02T12:30:00+01:00","end":"2030-12-02T12:45:00+01:00"}`).want(t, http.StatusCreated)
	ask := func(who *bundle, more string) string {
		t.Helper()
		text := ""
		for _, s := range who.slots(t, "/v2/availability", fmt.Sprintf(`{"project_id":%q,"output_timezone":"Europe/Berlin"%s}`, project, more)) {
			who := strings.NewReplacer(one, "1", two, "2", other, "3").Replace(strings.Join(s.of(), ""))
			text += s.Start[8:16] + "-" + s.End[11:13] + ":" + who + " "
		}
		return strings.TrimSpace(text)
	}
	for more, want := range map[string]string{
		"":                   "02T09:00-11:21 02T11:00-13:2",
		`,"length":"1 hour"`: "02T09:00-10:21 02T10:00-11:21 02T11:00-12:2 02T12:00-13:2",
		`,"length":"1 hour","buffer":"0 minutes"`:        "02T09:00-10:21 02T10:00-11:21 02T11:00-12:21 02T12:00-13:2",
		`,"mode":"mutual"`:                               "02T09:00-11:21",
		`,"mode":"roundrobin_prioritized"`:               "02T09:00-11:2 02T11:00-13:2",
		`,"constraints":[]` + `,"to":"2030-12-02T04:00"`: "02T00:00-02:21 02T02:00-04:21",
		fmt.Sprintf(`,"resources":[%q]`, other):          "02T09:00-11:3 02T11:00-13:3",
		`,"to":"2030-12-02T12:00"`:                       "02T09:00-11:21",
	} {
		if got := ask(b, more); got != want {
			t.Errorf("%s\n got %s\nwant %s", more, got, want)
		}
	}
	const asItIs = "02T09:00-11:21 02T11:00-13:2"
	for more, want := range map[string]string{
		"": asItIs, `,"length":"1 hour","buffer":"0 minutes","mode":"mutual"`: asItIs, `,"constraints":[],"from":"2030-12-01","to":"2030-12-20"`: asItIs,
		fmt.Sprintf(`,"resources":[%q]`, other):                       "",
		fmt.Sprintf(`,"resources":[%q,%q]`, other, two):               "02T09:00-11:2 02T11:00-13:2",
		`,"to":"2030-12-02T12:00"`:                                    "02T09:00-11:21",
		`,"constraints":[{"allow_hours":{"start":"10:30","end":13}}]`: "02T11:00-13:2",
	} {
		if got := ask(visitor, more); got != want {
			t.Errorf("a visitor: %s\n got %s\nwant %s", more, got, want)
		}
	}
}

// TestBadQuestionsHearOfAllTheirFaults at once.
func TestBadQuestionsHearOfAllTheirFaults(t *testing.T) {
	t.Parallel()
	b, foreign := tenant(t, plain), tenant(t, plain)
	bad := `{"length":"a while","mode":"lucky","from":"yesterdayish","to":"never","buffer":"9 months","timeslot_increments":"1 second",
		"output_timezone":"Mars/Olympus","reservation_id":"17","resources":["x"],"constraints":[{"allow_day":{"day":"Caturday"}},{"allow_hours":{"start":9,"end":17}},7]}`
	for _, path := range []string{"/v2/availability", "/v2/availability/dates", "/v2/availability/count", "/v2/unavailable/slots", "/v2/availability/explain"} {
		a := b.post(t, path, bad).refused(t, http.StatusUnprocessableEntity, "invalid")
		var told struct{ Errors map[string][]string }
		if err := json.Unmarshal([]byte(a.body), &told); err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"length", "mode", "from", "to", "buffer", "timeslot_increments", "output_timezone", "reservation_id", "resources"} {
			if len(told.Errors[field]) == 0 {
				t.Errorf("%s: %s is not named: %s", path, field, a.body)
			}
		}
		constraints := 0
		for field := range told.Errors {
			if strings.HasPrefix(field, "constraints.0") || strings.HasPrefix(field, "constraints.2") {
				constraints++
			}
		}
		if constraints < 2 {
			t.Errorf("%s: not both constraints are named: %s", path, a.body)
		}
	}
	for field, question := range map[string]string{
		"project_id": fmt.Sprintf(`{"project_id":%q}`, foreign.project(t, "Theirs", "").str("data.id")),
		"resources":  fmt.Sprintf(`{"resources":[%q,%q]}`, b.resource(t), foreign.resource(t)),
		"to":         `{"from":"2030-01-01","to":"2031-01-01"}`,
	} {
		if a := b.post(t, "/v2/availability", question).refused(t, http.StatusUnprocessableEntity, "invalid"); a.at("errors."+field) == nil {
			t.Errorf("%s is not named: %s", field, a.body)
		}
	}
}

// TestQuestionsHaveALimit: five hundred resources, named or not, and no more.
func TestQuestionsHaveALimit(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	b.resource(t)
	b.sql(t, `INSERT INTO resources (id, app_id, name, timezone) SELECT gen_random_uuid(), $1, 'Locker', 'Europe/Berlin' FROM generate_series(1, 499)`,
		b.get(t, "/v2/app").str("data.id"))
	question := `{"length":"1 hour","from":"2030-12-02","to":"2030-12-03","mode":"exclusive"%s}`
	all := b.slots(t, "/v2/availability", fmt.Sprintf(question, ""))
	if len(all) != 24 || len(all[0].Resources) != 500 {
		t.Errorf("%d slots, want 24 with 500 resources each", len(all))
	}
	names, _ := json.Marshal(append(all[0].of(), b.resource(t)))
	named := b.post(t, "/v2/availability", fmt.Sprintf(question, `,"resources":`+string(names))).refused(t, http.StatusUnprocessableEntity, "invalid")
	unnamed := b.post(t, "/v2/availability", fmt.Sprintf(question, "")).refused(t, http.StatusUnprocessableEntity, "invalid")
	for _, a := range []answer{named, unnamed} {
		if a.at("errors.resources") == nil {
			t.Error(a.body)
		}
	}
	names, _ = json.Marshal(all[0].of())
	fine := fmt.Sprintf(`{"length":"1 hour","timeslot_increments":"1 minute","from":"2030-01-01","to":"2030-06-01","resources":%s}`, names)
	if a := b.post(t, "/v2/availability", fine).refused(t, http.StatusUnprocessableEntity, "invalid"); a.at("errors.timeslot_increments") == nil {
		t.Error(a.body)
	}
}
