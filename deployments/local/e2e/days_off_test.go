package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// freeDates are the dates on which a resource has whole days free, in its own zone.
func (b *bundle) freeDates(t testing.TB, resource, zone, from, to string) string {
	t.Helper()
	var dates []string
	for _, s := range b.slots(t, "/v2/availability", fmt.Sprintf(`{"resources":[%q],"length":"1 day","from":%q,"to":%q,"output_timezone":%q}`, resource, from, to, zone)) {
		dates = append(dates, s.Start[8:10])
	}
	return strings.Join(dates, " ")
}

// TestDaysOffMoveWithTheirResource to the east and the west, over the date line, to a zone without that midnight, and back.
func TestDaysOffMoveWithTheirResource(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	for _, tour := range [][]string{
		{"Asia/Tokyo", "Europe/London", "Asia/Tokyo"},
		{"Europe/London", "America/Los_Angeles", "Pacific/Auckland"},
		{"Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"},
		{"UTC", "America/New_York", "Europe/Berlin"},
	} {
		for _, from := range []string{"2027-03-14", "2027-03-28", "2027-06-10", "2027-10-31", "2027-11-07"} {
			resource := b.resourceIn(t, tour[0])
			year, day := from[:8], from[8:]
			next := fmt.Sprintf("%s%02d", year, atoi(t, day)+1)
			if day == "31" {
				next = "2027-11-01"
			}
			id := b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,"start":%q,"end":%q,"all_day":true}`, resource, from, next)).want(t, http.StatusCreated).str("data.id")
			for _, zone := range tour {
				b.put(t, "/v2/resources/"+resource, fmt.Sprintf(`{"timezone":%q}`, zone)).want(t, http.StatusOK)
				e := b.get(t, "/v2/events/"+id).want(t, http.StatusOK)
				start, end := e.str("data.start"), e.str("data.end")
				if !strings.HasPrefix(start, from+"T00:00:00") || !strings.HasPrefix(end, next+"T00:00:00") || e.str("data.allDay") != "true" {
					t.Errorf("%s in %s: %s", from, zone, e.body)
				}
				first, last := fmt.Sprintf("%s%02d", year, atoi(t, day)-1), "2027-11-02"
				if day != "31" {
					last = fmt.Sprintf("%s%02d", year, atoi(t, day)+2)
				}
				if got, want := b.freeDates(t, resource, zone, first, last), first[8:]+" "+next[8:]; got != want {
					t.Errorf("%s in %s: %s are free, want %s", from, zone, got, want)
				}
			}
		}
	}
}

func atoi(t testing.TB, text string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(strings.TrimLeft(text, "0"), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestADayOffThatMeetsABookingLiesAboveIt: the booking stays, the resource moves, and nobody else gets in.
func TestADayOffThatMeetsABookingLiesAboveIt(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resourceIn(t, "Asia/Tokyo")
	id := b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,"start":"2027-06-10","end":"2027-06-11","all_day":true}`, resource)).
		want(t, http.StatusCreated).str("data.id")
	hour := func(start, end, more string) answer {
		return b.post(t, "/v2/bookings", fmt.Sprintf(`{"resource_id":%q,"graph":"instant","what":"x","start":%q,"end":%q%s}`, resource, start, end, more))
	}
	booked := hour("2027-06-10T18:00:00Z", "2027-06-10T19:00:00Z", "").want(t, http.StatusCreated).str("data.id") // the 11th in Tokyo
	hour("2027-06-09T18:00:00Z", "2027-06-09T19:00:00Z", "").refused(t, http.StatusConflict, "slot_taken")
	b.put(t, "/v2/resources/"+resource, `{"timezone":"Europe/London"}`).want(t, http.StatusOK)
	if got := b.state(t, booked); got != "confirmed" {
		t.Errorf("the booking is %s", got)
	}
	hour("2027-06-10T20:00:00Z", "2027-06-10T21:00:00Z", "").refused(t, http.StatusConflict, "slot_taken")
	hour("2027-06-10T18:00:00Z", "2027-06-10T19:00:00Z", "").refused(t, http.StatusConflict, "slot_taken")
	hour("2027-06-09T18:00:00Z", "2027-06-09T19:00:00Z", "").want(t, http.StatusCreated) // the 9th again
	hour("2027-06-10T21:00:00Z", "2027-06-10T22:00:00Z", `,"settings":{"ignore_all_day_events":true}`).want(t, http.StatusCreated)
	b.call(t, http.MethodDelete, "/v2/events/"+id, "").want(t, http.StatusNoContent)
	hour("2027-06-10T20:00:00Z", "2027-06-10T21:00:00Z", "").want(t, http.StatusCreated)
}

// TestDaysOffAreWholeDays however they are told: by dates, by times that touch them, of one or several, or by a change.
func TestDaysOffAreWholeDays(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t) // in Berlin
	var path string
	for when, want := range map[string]string{
		`"start":"2027-06-10","end":"2027-06-12"`:                               "10 12",
		`"start":"2027-06-10T10:00:00+02:00","end":"2027-06-10T11:00:00+02:00"`: "10 11",
		`"start":"2027-06-10T10:00:00+02:00","end":"2027-06-11T00:00:00+02:00"`: "10 11",
		`"start":"2027-06-10T10:00:00+02:00","end":"2027-06-11T00:00:01+02:00"`: "10 12",
		`"start":"2027-06-09T23:00:00Z","end":"2027-06-10T21:00:00Z"`:           "10 11",
		`"start":"2027-06-10","end":"2027-06-10T12:00:00+02:00"`:                "10 11",
	} {
		made := b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,%s,"all_day":true}`, resource, when)).want(t, http.StatusCreated)
		first, last, _ := strings.Cut(want, " ")
		if made.str("data.start") != "2027-06-"+first+"T00:00:00+02:00" || made.str("data.end") != "2027-06-"+last+"T00:00:00+02:00" {
			t.Errorf("%s: %s", when, made.body)
		}
		path = "/v2/events/" + made.str("data.id")
	}
	for _, change := range []struct{ body, start, end string }{
		{`{"start":"2027-06-10","end":"2027-06-11"}`, "2027-06-10T00:00:00+02:00", "2027-06-11T00:00:00+02:00"},
		{`{"end":"2027-06-13"}`, "2027-06-10T00:00:00+02:00", "2027-06-13T00:00:00+02:00"},
		{`{"start":"2027-06-12T15:00:00+02:00"}`, "2027-06-12T00:00:00+02:00", "2027-06-13T00:00:00+02:00"},
		{`{"what":"Holiday"}`, "2027-06-12T00:00:00+02:00", "2027-06-13T00:00:00+02:00"},
		{fmt.Sprintf(`{"resource_id":%q}`, b.resourceIn(t, "Asia/Tokyo")), "2027-06-12T00:00:00+09:00", "2027-06-13T00:00:00+09:00"},
		{`{"all_day":false}`, "2027-06-12T00:00:00+09:00", "2027-06-13T00:00:00+09:00"},
		{`{"start":"2027-06-12T10:00:00+09:00","end":"2027-06-12T11:00:00+09:00"}`, "2027-06-12T10:00:00+09:00", "2027-06-12T11:00:00+09:00"},
		{`{"all_day":true}`, "2027-06-12T00:00:00+09:00", "2027-06-13T00:00:00+09:00"},
	} {
		got := b.put(t, path, change.body).want(t, http.StatusOK)
		again := b.get(t, path).want(t, http.StatusOK)
		if got.str("data.start") != change.start || got.str("data.end") != change.end || again.str("data.start") != change.start || again.str("data.end") != change.end {
			t.Errorf("%s: %s, then %s", change.body, got.body, again.body)
		}
	}
	for _, when := range []string{
		`"start":"2027-06-10","end":"2027-06-10"`, `"start":"2027-06-10","end":"2027-06-09"`,
		`"start":"2027-06-10T10:00:00+02:00","end":"2027-06-10T10:00:00.9+02:00"`, `"start":"2027-06-10T10:00:00+02:00","end":"2027-06-10"`,
	} {
		b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,%s,"all_day":true}`, resource, when)).refused(t, http.StatusUnprocessableEntity, "invalid")
	}
	b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,"start":"2027-06-10","end":"2027-06-12"}`, resource)).refused(t, http.StatusUnprocessableEntity, "invalid")
}

// TestDaysOffOfOlderVersions have no dates on record: their instants say which dates are meant, also when their resource moves.
func TestDaysOffOfOlderVersions(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resourceIn(t, "Asia/Tokyo")
	made := b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,"start":"2027-06-10","end":"2027-06-11","all_day":true}`, resource)).want(t, http.StatusCreated)
	b.sql(t, `UPDATE calendar_events SET start_date = NULL, end_date = NULL WHERE id = $1`, made.str("data.id"))
	b.put(t, "/v2/resources/"+resource, `{"timezone":"America/New_York"}`).want(t, http.StatusOK)
	if e := b.get(t, "/v2/events/"+made.str("data.id")).want(t, http.StatusOK); e.str("data.start") != "2027-06-10T00:00:00-04:00" {
		t.Error(e.body)
	}
	if got := b.freeDates(t, resource, "America/New_York", "2027-06-08", "2027-06-13"); got != "08 09 11 12" {
		t.Errorf("%s are free", got)
	}
}
