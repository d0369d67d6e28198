package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// resourceIn makes a resource that lives in a zone.
func (b *bundle) resourceIn(t testing.TB, zone string) string {
	t.Helper()
	return b.post(t, "/v2/resources", fmt.Sprintf(`{"name":"Chair","timezone":%q}`, zone)).want(t, http.StatusCreated).str("data.id")
}

// spans shows slots in short, such as "28T00:00+01:00/29T00:00+02:00".
func spans(slots []slot) string {
	var all []string
	short := func(text string) string { return text[8:16] + text[19:] }
	for _, s := range slots {
		all = append(all, short(s.Start)+"/"+short(s.End))
	}
	return strings.Join(all, " ")
}

// TestADayIsADayWhereTheClocksChange: on the shortest and the longest day of a year, a slot of a day is offered, taken,
// explained and booked from midnight to midnight, and leaves the next one free.
func TestADayIsADayWhereTheClocksChange(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for _, c := range []struct{ zone, from, to, want string }{
		{"Europe/Berlin", "2027-03-27", "2027-03-30", "27T00:00+01:00/28T00:00+01:00 28T00:00+01:00/29T00:00+02:00 29T00:00+02:00/30T00:00+02:00"},
		{"Europe/Berlin", "2027-10-30", "2027-11-02", "30T00:00+02:00/31T00:00+02:00 31T00:00+02:00/01T00:00+01:00 01T00:00+01:00/02T00:00+01:00"},
		{"America/New_York", "2027-03-13", "2027-03-16", "13T00:00-05:00/14T00:00-05:00 14T00:00-05:00/15T00:00-04:00 15T00:00-04:00/16T00:00-04:00"},
		{"America/New_York", "2027-11-06", "2027-11-09", "06T00:00-04:00/07T00:00-04:00 07T00:00-04:00/08T00:00-05:00 08T00:00-05:00/09T00:00-05:00"},
	} {
		resource := b.resourceIn(t, c.zone)
		question := fmt.Sprintf(`{"resources":[%q],"length":"1 day","from":%q,"to":%q,"output_timezone":%q}`, resource, c.from, c.to, c.zone)
		offered := b.slots(t, "/v2/availability", question)
		if got := spans(offered); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.zone, got, c.want)
			continue
		}
		b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"instant","what":"A day","start":%q,"end":%q}`,
			resource, offered[1].Start, offered[1].End)).want(t, http.StatusCreated)
		days := strings.Fields(c.want)
		if got := spans(b.slots(t, "/v2/availability", question)); got != days[0]+" "+days[2] {
			t.Errorf("%s: once the day is booked, %s are free", c.zone, got)
		}
		if got := spans(b.slots(t, "/v2/unavailable/slots", question)); got != days[1] {
			t.Errorf("%s: taken is %s", c.zone, got)
		}
		explained := b.post(t, "/v2/availability/explain", strings.TrimSuffix(question, "}")+fmt.Sprintf(`,"at":%q}`, offered[1].Start)).want(t, http.StatusOK)
		if explained.str("data.end") != offered[1].End || explained.str("data.resources.0.end") != offered[1].End {
			t.Errorf("%s: %s", c.zone, explained.body)
		}
	}
}

// TestFractionsOfASecondAreCutOff on the way in, by every way in.
func TestFractionsOfASecondAreCutOff(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	body := func(start, end string) string {
		return fmt.Sprintf(`{"resource_id":%q,"graph":"instant","what":"x","start":%q,"end":%q}`, resource, start, end)
	}
	ways := []string{"/v2/bookings", "/v2/events", "/v2/bookings/reserve"}
	for _, way := range ways {
		for start, end := range map[string]string{
			"2031-08-05T10:00:00.000000001Z": "2031-08-05T10:00:00.000000002Z",
			"2031-08-05T10:00:00.100Z":       "2031-08-05T10:00:00.900Z",
			"2031-08-05T10:00:00Z":           "2031-08-05T10:00:00.999999Z",
		} {
			if a := b.post(t, way, body(start, end)).refused(t, http.StatusUnprocessableEntity, "invalid"); a.at("errors.end") == nil {
				t.Errorf("%s: %s", way, a.body)
			}
		}
	}
	for i, way := range ways {
		hour := 2 * i
		at := func(hour int, rest string) string { return fmt.Sprintf("2031-08-05T%02d:%s", 8+hour, rest) }
		b.post(t, way, body(at(hour, "00:00.500Z"), at(hour+1, "00:00.500Z"))).want(t, http.StatusCreated)
		b.post(t, "/v2/bookings", body(at(hour+1, "00:00Z"), at(hour+2, "00:00Z"))).want(t, http.StatusCreated)
	}
	id := b.post(t, "/v2/bookings", body("2031-08-06T10:00:00.7Z", "2031-08-06T11:00:00.7Z")).want(t, http.StatusCreated).str("data.id")
	moved := b.post(t, "/v2/bookings/"+id+"/reschedule?include=event", `{"start":"2031-08-06T12:00:00.7Z","end":"2031-08-06T13:00:00.7Z"}`).want(t, http.StatusCreated)
	if moved.str("data.event.end") != "2031-08-06T15:00:00+02:00" {
		t.Error(moved.body)
	}
	b.post(t, "/v2/bookings", body("2031-08-06T13:00:00Z", "2031-08-06T14:00:00Z")).want(t, http.StatusCreated)
	same := fmt.Sprintf(`{"start":%q,"end":%q}`, "2031-08-07T13:00:00.1Z", "2031-08-07T13:00:00.9Z")
	b.post(t, "/v2/bookings/"+moved.str("data.id")+"/reschedule", same).refused(t, http.StatusUnprocessableEntity, "invalid")
}

// TestZonesAreThoseOfTheDatabase, wherever a zone can be told.
func TestZonesAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	for _, zone := range []string{"localtime", "posixrules", "right/Europe/Berlin", "posix/Europe/Berlin", "Local", "Factory", "europe/berlin", "+01:00"} {
		invalid := func(a answer, field string) {
			t.Helper()
			if a.refused(t, http.StatusUnprocessableEntity, "invalid"); !strings.Contains(a.body, field) {
				t.Errorf("%s: %s is not named: %s", zone, field, a.body)
			}
		}
		invalid(b.post(t, "/v2/resources", fmt.Sprintf(`{"name":"x","timezone":%q}`, zone)), "timezone")
		invalid(b.put(t, "/v2/resources/"+resource, fmt.Sprintf(`{"timezone":%q}`, zone)), "timezone")
		invalid(b.post(t, "/v2/bookings", request(resource, "instant", 9, fmt.Sprintf(`,"customer":{"name":"x","timezone":%q}`, zone))), "customer.timezone")
		invalid(b.post(t, "/v2/availability", fmt.Sprintf(`{"resources":[%q],"output_timezone":%q}`, resource, zone)), "output_timezone")
		invalid(b.post(t, "/v2/projects", fmt.Sprintf(`{"name":"x","availability":{"output_timezone":%q}}`, zone)), "output_timezone")
		invalid(b.get(t, "/v2/bookings", "Timekit-Timezone", zone), "Timekit-Timezone")
	}
}

// TestLimitsThatLeaveNothingAreRefused where they are told, not met by whoever tries to book.
func TestLimitsThatLeaveNothingAreRefused(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	for more, field := range map[string]string{
		`"settings":{"max_seats":2,"min_booking_time":"2 weeks","max_booking_time":"1 week"}`:  "settings.max_booking_time",
		`"settings":{"max_seats":2,"min_booking_time":"1 day","max_booking_time":"1 day"}`:     "settings.max_booking_time",
		`"settings":{"max_seats":2,"min_booking_time":"32 days","max_booking_time":"1 month"}`: "settings.max_booking_time",
	} {
		a := b.post(t, "/v2/bookings", request(resource, "group_owner", 9, ","+more)).refused(t, http.StatusUnprocessableEntity, "invalid")
		if a.at("errors") == nil || !strings.Contains(a.body, field) {
			t.Errorf("%s: %s", more, a.body)
		}
	}
	b.post(t, "/v2/bookings", request(resource, "group_owner", 9, `,"settings":{"max_seats":2,"min_booking_time":"1 day","max_booking_time":"1 month"}`)).want(t, http.StatusCreated)
	for constraint, field := range map[string]string{
		`{"allow_hours":{"start":9,"end":9}}`:                                   "allow_hours.end",
		`{"block_day_and_time":{"day":"Monday","start":"12:30","end":"12:30"}}`: "block_day_and_time.end",
		`{"allow_period":{"start":"2027-03-02","end":"2027-03-01"}}`:            "allow_period.end",
		`{"block_period":{"start":"2027-03-02","end":"2027-03-02"}}`:            "block_period.end",
	} {
		for path, body := range map[string]string{
			"/v2/resources":    `{"name":"x","timezone":"UTC","availability_constraints":[` + constraint + `]}`,
			"/v2/projects":     `{"name":"x","availability_constraints":[` + constraint + `]}`,
			"/v2/availability": `{"resources":["` + resource + `"],"constraints":[` + constraint + `]}`,
		} {
			if a := b.post(t, path, body).refused(t, http.StatusUnprocessableEntity, "invalid"); !strings.Contains(a.body, field) {
				t.Errorf("%s %s: %s", path, constraint, a.body)
			}
		}
	}
}

// TestStepsInDaysAreHonoured by the question and by a project, and the start of the window moves nothing.
func TestStepsInDaysAreHonoured(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	dates := func(from, step string) (all []string) {
		t.Helper()
		a := b.post(t, "/v2/availability/dates", fmt.Sprintf(`{"resources":[%q],"length":"1 hour","from":%q,"to":"2031-04-01","timeslot_increments":%q,
			"output_timezone":"Europe/Berlin"}`, resource, from, step)).want(t, http.StatusOK)
		var told struct{ Data []struct{ Date string } }
		if err := json.Unmarshal([]byte(a.body), &told); err != nil {
			t.Fatal(err)
		}
		for _, d := range told.Data {
			all = append(all, d.Date[8:])
		}
		return all
	}
	for step, want := range map[string][]string{
		"2 days": {"01", "03", "05", "07", "09", "11", "13", "15", "17", "19", "21", "23", "25", "27", "29", "31"},
		"7 days": {"03", "10", "17", "24", "31"},
		"1 week": {"03", "10", "17", "24", "31"},
	} {
		for first := 1; first < 10; first++ {
			from := fmt.Sprintf("2031-03-%02d", first)
			late := slices.DeleteFunc(slices.Clone(want), func(d string) bool { return d < from[8:] })
			if got := dates(from, step); !slices.Equal(got, late) {
				t.Errorf("%s from %s: %s, want %s", step, from, got, late)
			}
		}
	}
	for _, step := range []string{"36 hours", "1 day 2 hours", "1 month"} {
		a := b.post(t, "/v2/availability", fmt.Sprintf(`{"resources":[%q],"length":"1 hour","timeslot_increments":%q}`, resource, step))
		if a.refused(t, http.StatusUnprocessableEntity, "invalid"); a.at("errors.timeslot_increments") == nil {
			t.Errorf("%s: %s", step, a.body)
		}
	}
}
