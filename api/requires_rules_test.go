package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
)

// anyOf is a project whose bookings take one of a list of resources, beside more that it has.
func (f *fixture) anyOf(n int, more string) (project string, ids []string) {
	f.t.Helper()
	var quoted []string
	for range n {
		ids = append(ids, f.resource(`[]`))
		quoted = append(quoted, `"`+ids[len(ids)-1]+`"`)
	}
	return f.post(f.server, "/v2/projects", fmt.Sprintf(`{"name":"P","availability":{"length":"1 hour"},"requires":{"all_of":[{"any_of":{"from":[%s]}}]}%s}`,
		strings.Join(quoted, ","), more)).id(f.t), ids
}

func (f *fixture) bookParts(project string, hour float64, more string) answer {
	f.t.Helper()
	return f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","project_id":%q,"customer":{"name":"Ann","email":"ann@example.com"},%s%s}`,
		project, times(hour, 1), more))
}

// TestWhoHasRoomIsChosen: of those who can have a part the ones without room in their limit come last, so that a day is filled; a booking that
// is moved keeps who was counted for it.
func TestWhoHasRoomIsChosen(t *testing.T) {
	t.Parallel()
	f := setup(t)
	project, ids := f.anyOf(6, `,"policy":{"limits":[{"per":"resource","unit":"day","max":1}]}`)
	seen := map[string]bool{}
	var last string
	for hour := range len(ids) - 1 {
		a := f.bookParts(project, float64(hour), "").want(t, http.StatusCreated)
		seen[a.parts(t)[0].ID], last = true, a.id(t)
	}
	if len(seen) != len(ids)-1 {
		t.Errorf("%d have got one", len(seen))
	}
	before := value[string](f, `SELECT resource_id::text FROM bookings WHERE id = $1`, last)
	moved := f.post(f.server, "/v2/bookings/"+last+"/reschedule", fmt.Sprintf(`{%s}`, times(7, 1))).want(t, http.StatusCreated)
	if got := moved.parts(t)[0].ID; got != before {
		t.Errorf("the moved booking has %s, not %s", got, before)
	}
	f.bookParts(project, 8, "").want(t, http.StatusCreated)
	f.bookParts(project, 9, "").refused(t, fault.LimitReached, "")
	f.bookParts(project, 9, `,"override":["limits"]`).want(t, http.StatusCreated)
}

// TestSettingsHoldForEachPart: a booking that may overlap others does so with all of its parts, and one that ignores days off ignores those of
// each of its resources.
func TestSettingsHoldForEachPart(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	first := j.book(j.server, 0, "").want(t, http.StatusCreated).parts(t)
	j.book(j.server, 0, "").missing(t, "doctor", "nurse")
	over := j.book(j.server, 0, `,"settings":{"allow_double_bookings":true}`).want(t, http.StatusCreated).parts(t)
	if len(over) != len(first) || over[0].ID != first[0].ID {
		t.Errorf("above the others lies %+v", over)
	}
	calendar := value[string](j.fixture, `SELECT id::text FROM calendars WHERE resource_id = $1`, j.doctor)
	day := noon.AddDate(0, 0, 1)
	j.post(j.server, "/v2/events", fmt.Sprintf(`{"calendar_id":%q,"what":"Off","where":"","description":"","participants":[],"allDay":true,"start":%q,"end":%q}`,
		calendar, day.Add(-12*time.Hour).Format(time.RFC3339), day.Add(12*time.Hour).Format(time.RFC3339))).want(t, http.StatusCreated)
	j.book(j.server, 24, "").missing(t, "doctor")
	j.book(j.server, 24, `,"settings":{"ignore_all_day_events":true}`).want(t, http.StatusCreated)
}

// TestTheFirstPartCanBeNamed: resource_id and calendar_id are about the first part; another resource is refused also with a server key.
func TestTheFirstPartCanBeNamed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	project, ids := f.anyOf(5, "")
	for i, id := range ids {
		if got := f.bookParts(project, float64(i), fmt.Sprintf(`,"resource_id":%q`, id)).want(t, http.StatusCreated).parts(t); got[0].ID != id {
			t.Errorf("%s was named, %s is taken", id, got[0].ID)
		}
	}
	f.bookParts(project, 0, fmt.Sprintf(`,"resource_id":%q`, ids[0])).missing(t, "part 1")
	f.bookParts(project, 9, fmt.Sprintf(`,"resource_id":%q`, f.resource(`[]`))).refused(t, fault.Invalid, "resource_id")
	second := f.post(f.server, "/v2/calendars", fmt.Sprintf(`{"resource_id":%q,"name":"Private"}`, ids[1])).id(t)
	id := f.bookParts(project, 9, fmt.Sprintf(`,"resource_id":%q,"calendar_id":%q`, ids[1], second)).id(t)
	if got := value[string](f, `SELECT calendar_id::text FROM bookings WHERE id = $1`, id); got != second {
		t.Errorf("the booking is in calendar %s, not %s", got, second)
	}
	f.bookParts(project, 11, fmt.Sprintf(`,"resource_id":%q,"calendar_id":%q`, ids[2], second)).refused(t, fault.Invalid, "calendar_id")
}

// TestMovedBookingsKeepWhatTheyWereMadeWith: one that was made before its project required anything takes one resource after a move, too.
func TestMovedBookingsKeepWhatTheyWereMadeWith(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	j.put(j.server, "/v2/projects/"+j.project, fmt.Sprintf(`{"requires":null,"resources":[%q]}`, j.doctor)).want(t, http.StatusNoContent)
	id := j.book(j.server, 0, fmt.Sprintf(`,"resource_id":%q`, j.doctor)).id(t)
	j.put(j.server, "/v2/projects/"+j.project, `{"requires":`+j.required()+`}`).want(t, http.StatusNoContent)
	moved := j.post(j.server, "/v2/bookings/"+id+"/reschedule", fmt.Sprintf(`{%s}`, times(3, 1))).want(t, http.StatusCreated)
	if parts := moved.parts(t); len(parts) != 0 {
		t.Errorf("the moved booking takes %+v", parts)
	}
	if n := value[int](j.fixture, `SELECT count(*) FROM occupancies`); n != 1 {
		t.Errorf("%d rows are taken", n)
	}
}

// TestPoolsThatGrowTooLarge: a project whose pool has grown beyond what one booking may choose from offers nothing, and says why.
func TestPoolsThatGrowTooLarge(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	for range 15 {
		j.rooms = append(j.rooms, j.resource(`[]`))
	}
	grow := func() {
		t.Helper()
		j.put(j.server, "/v2/projects/"+j.pool, `{"resources":["`+strings.Join(j.rooms, `","`)+`"]}`).want(t, http.StatusNoContent)
	}
	j.rooms = slices.Clone(j.rooms[:16]) // 20 with the doctor and the nurses
	grow()
	j.book(j.server, 0, "").want(t, http.StatusCreated)
	j.rooms = append(j.rooms, j.resource(`[]`))
	grow()
	j.book(j.server, 3, "").refused(t, fault.Invalid, "requires")
	if shown := j.send(j.server, http.MethodGet, "/v2/projects/"+j.project, "").Body.String(); !strings.Contains(shown, `"missing":["requires"]`) {
		t.Errorf("the project says %s", shown)
	}
}

// TestPartsTakeTime: a part that would begin when it ends is refused.
func TestPartsTakeTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	one, two := f.resource(`[]`), f.resource(`[]`)
	part := func(offset string) answer {
		return f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s,"requires":{"all_of":[{"resource":%q},{"resource":%q,"offset":%q}]}}`,
			times(0, 1), one, two, offset))
	}
	part("PT1H").refused(t, fault.Invalid, "end")
	got := part("PT59M").want(t, http.StatusCreated).parts(t)
	if !got[1].Start.Equal(noon.Add(59*time.Minute)) || !got[1].End.Equal(noon.Add(time.Hour)) {
		t.Errorf("the second part is from %s to %s", got[1].Start, got[1].End)
	}
}

// TestSeatsTakeNoParts: a seat takes a place of its session, whatever the project requires that it is booked through.
func TestSeatsTakeNoParts(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	session := j.post(j.server, "/v2/bookings", fmt.Sprintf(`{"graph":"group_owner","what":"Yoga","settings":{"max_seats":3},%s}`,
		slot(j.resource(`[]`), 0, 1))).id(t)
	seat := j.post(j.server, "/v2/bookings", fmt.Sprintf(`{"graph":"group_customer","project_id":%q,"customer":{"name":"Ann","email":"ann@example.com"},
		"related":{"owner_booking_id":%q}}`, j.project, session)).want(t, http.StatusCreated)
	if parts := seat.parts(t); len(parts) != 0 {
		t.Errorf("the seat takes %+v", parts)
	}
}

// TestABusyPartIsNotTakenAgainstItsRules: with a server key a part may be had at a time that the resource's own rules do not allow, by who is
// free then.
func TestABusyPartIsNotTakenAgainstItsRules(t *testing.T) {
	t.Parallel()
	f := setup(t)
	closed := `[{"block_weekdays":{}},{"block_weekends":{}}]`
	busy, free := f.resource(closed), f.resource(closed)
	project := f.post(f.server, "/v2/projects", fmt.Sprintf(
		`{"name":"P","availability":{"length":"1 hour"},"requires":{"all_of":[{"any_of":{"from":[%q,%q]}}]}}`, busy, free)).id(t)
	for hour := range 6 {
		f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","resource_id":%q,%s}`, busy, times(float64(hour), 1))).want(t, http.StatusCreated)
		a := f.bookParts(project, float64(hour), "").want(t, http.StatusCreated)
		if got := a.parts(t)[0].ID; got != free {
			t.Errorf("hour %d: %s has it", hour, got)
		}
	}
	a := f.bookParts(project, 0, "")
	if a.refused(t, fault.SlotTaken, ""); !strings.Contains(a.Body.String(), `"missing":[`) {
		t.Errorf("it is not said what is missing: %s", a.Body)
	}
}
