package api

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/fault"
)

// joined is a project whose bookings take a doctor, two of three nurses and a room of a pool, which is taken a quarter of an hour before
// and after.
type joined struct {
	*fixture

	doctor  string
	nurses  []string
	rooms   []string
	pool    string
	project string
}

func clinic(t *testing.T, more string) *joined {
	t.Helper()
	f := setup(t)
	j := &joined{fixture: f, doctor: f.resource(`[]`)}
	for range 3 {
		j.nurses = append(j.nurses, f.resource(`[]`))
	}
	for range 2 {
		j.rooms = append(j.rooms, f.resource(`[]`))
	}
	j.pool = f.post(f.server, "/v2/projects", fmt.Sprintf(`{"name":"Rooms","resources":[%q,%q]}`, j.rooms[0], j.rooms[1])).want(t, http.StatusCreated).text(t, "id")
	j.project = f.post(f.server, "/v2/projects", fmt.Sprintf(`{"name":"Surgery","availability":{"length":"1 hour"%s},"requires":%s}`, more, j.required())).
		want(t, http.StatusCreated).text(t, "id")
	return j
}

func (j *joined) required() string {
	return fmt.Sprintf(`{"all_of":[{"resource":%q,"role":"doctor"},{"any_of":{"n":2,"from":[%q,%q,%q]},"role":"nurse"},
		{"pool":%q,"role":"room","offset":"-PT15M","length":"PT90M"}]}`, j.doctor, j.nurses[0], j.nurses[1], j.nurses[2], j.pool)
}

func (j *joined) book(key string, hour float64, more string) answer {
	j.t.Helper()
	return j.post(key, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","project_id":%q,"customer":{"name":"Ann","email":"ann@example.com"},%s%s}`,
		j.project, times(hour, 1), more))
}

func times(hour, hours float64) string {
	_, both, _ := strings.Cut(slot("", hour, hours), ",")
	return both
}

type shownPart struct {
	ID, Name, Role string
	Start, End     time.Time
}

func (a answer) parts(t *testing.T) (all []shownPart) {
	t.Helper()
	var body struct {
		Data struct{ Resources []shownPart }
	}
	if err := json.Unmarshal(a.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	return body.Data.Resources
}

// missing fails the test unless an answer says that parts are missing.
func (a answer) missing(t *testing.T, names ...string) {
	t.Helper()
	a.refused(t, fault.SlotTaken, "")
	var body struct{ Missing []string }
	if err := json.Unmarshal(a.Body.Bytes(), &body); err != nil || !slices.Equal(body.Missing, names) {
		t.Errorf("%s: missing %v, want %v: %s", a.what, body.Missing, names, a.Body)
	}
}

// TestBookSeveral: a booking takes all of its parts at their own times and shows them; the next one gets others, or hears what is missing.
func TestBookSeveral(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]func(*joined) string{"server": func(j *joined) string { return j.server }, "widget": func(j *joined) string { return j.widget }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := clinic(t, "")
			one := j.book(key(j), 0, "").want(t, http.StatusCreated)
			parts := one.parts(t)
			if len(parts) != 4 || parts[0].ID != j.doctor || parts[0].Role != "doctor" || parts[3].Role != "room" || !slices.Contains(j.rooms, parts[3].ID) {
				t.Fatalf("the booking has %+v", parts)
			}
			if !parts[3].Start.Equal(noon.Add(-15*time.Minute)) || !parts[3].End.Equal(noon.Add(75*time.Minute)) || !parts[1].Start.Equal(noon) {
				t.Errorf("the room is taken from %s to %s", parts[3].Start, parts[3].End)
			}
			if n := value[int](j.fixture, `SELECT count(*) FROM occupancies WHERE NOT claimed`); n != 4 {
				t.Errorf("%d rows are taken", n)
			}
			j.book(key(j), 0, "").missing(t, "doctor", "nurse")
			second := j.book(key(j), 1, "").want(t, http.StatusCreated).parts(t)
			if second[3].ID == parts[3].ID {
				t.Errorf("both have room %s, whose times overlap", second[3].ID)
			}
			shown := j.send(j.server, http.MethodGet, "/v2/bookings/"+one.id(t)+"?include=resource", "").want(t, http.StatusOK)
			if !slices.Equal(shown.parts(t), parts) || !strings.Contains(shown.Body.String(), `"resource":{`) {
				t.Errorf("the booking is shown as %s", shown.Body)
			}
			j.put(j.server, "/v2/bookings/"+one.id(t)+"/cancel", "").want(t, http.StatusOK)
			if n := value[int](j.fixture, `SELECT count(*) FROM occupancies`); n != 4 {
				t.Errorf("%d rows are taken after the cancel", n)
			}
		})
	}
}

// TestTheNextCombinationIsTaken: whatever is busy in the first combination, another one is found as long as there is one, be it the last
// of more than twenty.
func TestTheNextCombinationIsTaken(t *testing.T) {
	t.Parallel()
	f := setup(t)
	doctor := f.resource(`[]`)
	var rooms, quoted []string
	for range 19 {
		rooms = append(rooms, f.resource(`[]`))
		quoted = append(quoted, `"`+rooms[len(rooms)-1]+`"`)
	}
	body := fmt.Sprintf(`{"graph":"instant",%s,"requires":{"all_of":[{"resource":%q},{"any_of":{"n":2,"from":[%s]},"role":"room"}]}}`,
		times(0, 1), doctor, strings.Join(quoted, ","))
	for _, r := range rooms[:17] {
		f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s}`, slot(r, 0, 1))).want(t, http.StatusCreated)
	}
	first := f.post(f.server, "/v2/bookings", body)
	got := first.want(t, http.StatusCreated).parts(t)
	if len(got) != 3 || !slices.Contains(rooms[17:], got[1].ID) || !slices.Contains(rooms[17:], got[2].ID) {
		t.Errorf("the booking has %+v, of 171 pairs only the last is free", got)
	}
	f.put(f.server, "/v2/bookings/"+first.id(t)+"/cancel", "").want(t, http.StatusOK)
	f.post(f.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s}`, slot(rooms[17], 0, 1))).want(t, http.StatusCreated)
	f.post(f.server, "/v2/bookings", body).missing(t, "room")
}

// TestACrowdSharesWhatThereIs: of forty that want one of five pairs at once five get one, nobody has half, and the rest hear what is missing.
func TestACrowdSharesWhatThereIs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	lists := [2][]string{}
	for i := range lists {
		for range 5 {
			lists[i] = append(lists[i], `"`+f.resource(`[]`)+`"`)
		}
	}
	body := fmt.Sprintf(`{"graph":"instant",%s,"requires":{"all_of":[{"any_of":{"from":[%s]}},{"any_of":{"from":[%s]}}]}}`,
		times(0, 1), strings.Join(lists[0], ","), strings.Join(lists[1], ","))
	answers := make([]answer, 40)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = f.post(f.server, "/v2/bookings", body) })
	}
	all.Wait()
	won := 0
	for _, a := range answers {
		if a.Code == http.StatusCreated {
			won++
			continue
		}
		a.refused(t, fault.SlotTaken, "")
	}
	if won != 5 {
		t.Errorf("%d of five pairs were sold", won)
	}
	if n := value[int](f, `SELECT count(*) FROM occupancies WHERE NOT claimed`); n != 2*won {
		t.Errorf("%d rows are taken by %d bookings", n, won)
	}
}

// TestRequiredIsOffered: availability has the starts at which there is a combination, and explains what is missing at others.
func TestRequiredIsOffered(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	ask := func(key, path, more string) answer {
		return j.post(key, path, fmt.Sprintf(`{"project_id":%q,"from":%q,"to":%q%s}`, j.project, noon.Format(time.RFC3339), noon.Add(4*time.Hour).Format(time.RFC3339), more))
	}
	starts := func(key string) (all []int) {
		var body struct {
			Data []struct {
				Start     time.Time
				Resources []struct{ ID string }
			}
		}
		check(t, json.Unmarshal(ask(key, "/v2/availability", "").want(t, http.StatusOK).Body.Bytes(), &body))
		for _, s := range body.Data {
			all = append(all, int(s.Start.Sub(noon)/time.Hour))
			if len(s.Resources) != 1 || s.Resources[0].ID != j.doctor {
				t.Errorf("the slot at %s is offered with %v", s.Start, s.Resources)
			}
		}
		return all
	}
	if got := starts(j.widget); !slices.Equal(got, []int{0, 1, 2, 3}) {
		t.Fatalf("an empty calendar offers %v", got)
	}
	for _, room := range j.rooms { // keeps the starts at which the room is needed then
		j.post(j.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s}`, slot(room, 1.1, 0.1))).want(t, http.StatusCreated)
	}
	for _, nurse := range j.nurses[1:] {
		j.post(j.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s}`, slot(nurse, 3.5, 0.1))).want(t, http.StatusCreated)
	}
	if got := starts(j.server); !slices.Equal(got, []int{2}) {
		t.Errorf("offered are %v", got)
	}
	at := func(hour int) string {
		return ask(j.server, "/v2/availability/explain", fmt.Sprintf(`,"at":%q`, noon.Add(time.Duration(hour)*time.Hour).Format(time.RFC3339))).
			want(t, http.StatusOK).Body.String()
	}
	for hour, want := range map[int]string{0: `"missing":["room"]`, 1: `"missing":["room"]`, 2: `"offered":true`, 3: `"missing":["nurse"]`} {
		if got := at(hour); !strings.Contains(got, want) {
			t.Errorf("hour %d is explained by %s, without %s", hour, got, want)
		}
	}
	j.book(j.widget, 1, "").missing(t, "room")
	j.book(j.widget, 2, "").want(t, http.StatusCreated)
	taken := ask(j.server, "/v2/unavailable/slots", "").want(t, http.StatusOK).Body.String()
	if n := strings.Count(taken, `"start"`); n != 4 {
		t.Errorf("%d slots are taken: %s", n, taken)
	}
	j.post(j.server, "/v2/availability", fmt.Sprintf(`{"project_id":%q,"length":null}`, j.project)).refused(t, fault.Invalid, "length")
}

// TestARuleOfAnyPartCloses: the rules of the resources beside the first close starts, at the times at which they are needed.
func TestARuleOfAnyPartCloses(t *testing.T) {
	t.Parallel()
	f := setup(t)
	doctor, room := f.resource(`[]`), f.resource(`[{"block_hours":{"start":14,"end":15}}]`)
	f.sql(`UPDATE resources SET timezone = 'Etc/UTC'`)
	project := f.post(f.server, "/v2/projects", fmt.Sprintf(`{"name":"P","availability":{"length":"1 hour"},
		"requires":{"all_of":[{"resource":%q},{"resource":%q,"role":"room","offset":"PT1H","length":"PT1H"}]}}`, doctor, room)).
		want(t, http.StatusCreated).text(t, "id")
	body := func(hour float64) string {
		return fmt.Sprintf(`{"graph":"instant","project_id":%q,"customer":{"name":"Ann","email":"ann@example.com"},%s}`, project, times(hour, 1))
	}
	f.post(f.widget, "/v2/bookings", body(1)).refused(t, fault.Invalid, "start") // 13:00, so the room from 14:00 on
	f.post(f.widget, "/v2/bookings", body(0)).want(t, http.StatusCreated)
	f.post(f.widget, "/v2/bookings", body(2)).want(t, http.StatusCreated)
	f.post(f.server, "/v2/bookings", body(1)).want(t, http.StatusCreated) // the owner may
}

// TestASeveredProjectOffersNothing: once too few resources are left for a part, the project says so and offers nothing.
func TestASeveredProjectOffersNothing(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	show := func() string {
		return j.send(j.server, http.MethodGet, "/v2/projects/"+j.project, "").want(t, http.StatusOK).Body.String()
	}
	if text := show(); !strings.Contains(text, `"offers":true`) || !strings.Contains(text, `"offset":"-PT15M"`) || !strings.Contains(text, `"length":"PT1H30M"`) {
		t.Errorf("the project is shown as %s", text)
	}
	j.send(j.server, http.MethodDelete, "/v2/resources/"+j.nurses[0], "").want(t, http.StatusNoContent)
	j.book(j.widget, 0, "").want(t, http.StatusCreated)
	id := value[string](j.fixture, `SELECT id::text FROM bookings`)
	j.send(j.server, http.MethodDelete, "/v2/resources/"+j.nurses[1], "").refused(t, fault.InUse, "")
	j.put(j.server, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	j.send(j.server, http.MethodDelete, "/v2/resources/"+j.nurses[1], "").want(t, http.StatusNoContent)
	if text := show(); !strings.Contains(text, `"missing":["requires"]`) {
		t.Errorf("the project is shown as %s", text)
	}
	for _, key := range []string{j.server, j.widget} {
		j.book(key, 0, "").missing(t, "nurse")
		if text := j.post(key, "/v2/availability", fmt.Sprintf(`{"project_id":%q}`, j.project)).want(t, http.StatusOK).Body.String(); strings.Contains(text, "start") {
			t.Errorf("it offers %s", text)
		}
	}
	j.put(j.server, "/v2/projects/"+j.project, fmt.Sprintf(`{"requires":null,"resources":[%q]}`, j.doctor)).want(t, http.StatusNoContent)
	if text := show(); !strings.Contains(text, `"offers":true`) || !strings.Contains(text, `"requires":null`) {
		t.Errorf("without the requirement it is shown as %s", text)
	}
}

// TestMovedBookingsKeepTheirResources: a booking that is moved keeps those that are free and swaps the others, by what it was made with.
func TestMovedBookingsKeepTheirResources(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	one := j.book(j.server, 0, "").want(t, http.StatusCreated)
	old := one.parts(t)
	j.put(j.server, "/v2/projects/"+j.project, `{"requires":null}`).want(t, http.StatusNoContent)
	j.post(j.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s}`, slot(old[1].ID, 4, 1))).want(t, http.StatusCreated)
	id := one.id(t)
	move := func(hour float64) answer {
		t.Helper()
		a := j.post(j.server, "/v2/bookings/"+id+"/reschedule", fmt.Sprintf(`{%s}`, times(hour, 1))).want(t, http.StatusCreated)
		id = a.id(t)
		return a
	}
	half := move(0.5).parts(t) // over its own time
	if !slices.EqualFunc(half, old, func(a, b shownPart) bool { return a.ID == b.ID }) {
		t.Errorf("moved within its own time it has %+v, before %+v", half, old)
	}
	far := move(4).parts(t)
	if far[0].ID != old[0].ID || far[3].ID != old[3].ID || far[2].ID != old[2].ID || far[1].ID == old[1].ID {
		t.Errorf("where one nurse is busy it has %+v, before %+v", far, old)
	}
	if n := value[int](j.fixture, `SELECT count(*) FROM occupancies WHERE booking_id = $1`, id); n != 4 {
		t.Errorf("%d rows are taken", n)
	}
}

// TestHoldsOfSeveral: a hold keeps all parts; the booking that it becomes has the same ones.
func TestHoldsOfSeveral(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	hold := j.post(j.widget, "/v2/bookings/reserve", fmt.Sprintf(`{"project_id":%q,%s}`, j.project, times(0, 1))).want(t, http.StatusCreated)
	parts := hold.parts(t)
	if len(parts) != 4 {
		t.Fatalf("the hold has %+v", parts)
	}
	j.book(j.widget, 0, "").missing(t, "doctor", "nurse")
	booked := j.book(j.widget, 0, fmt.Sprintf(`,"reservation_id":%q`, hold.text(t, "reservation_id"))).want(t, http.StatusCreated).parts(t)
	if !slices.EqualFunc(booked, parts, func(a, b shownPart) bool { return a.ID == b.ID }) {
		t.Errorf("the booking has %+v, its hold %+v", booked, parts)
	}
	if n := value[int](j.fixture, `SELECT count(*) FROM occupancies`); n != 4 {
		t.Errorf("%d rows are taken", n)
	}
}

// TestVisitorsRequireNothing: a widget key has what its project requires, and says nothing of it; a server key is told what is wrong.
func TestVisitorsRequireNothing(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	own := fmt.Sprintf(`,"requires":{"all_of":[{"resource":%q}]}`, j.nurses[0])
	if parts := j.book(j.widget, 0, own).want(t, http.StatusCreated).parts(t); len(parts) != 4 {
		t.Errorf("a visitor chose %+v", parts)
	}
	if parts := j.book(j.server, 5, own).want(t, http.StatusCreated).parts(t); len(parts) != 1 || parts[0].ID != j.nurses[0] {
		t.Errorf("the owner's own requirement gave %+v", parts)
	}
	j.book(j.widget, 7, fmt.Sprintf(`,"resource_id":%q`, j.nurses[0])).refused(t, fault.Invalid, "resource_id")
	j.book(j.widget, 7, fmt.Sprintf(`,"resource_id":%q`, j.doctor)).want(t, http.StatusCreated)
	foreign := `0198c5a0-0000-7000-8000-000000000001`
	for field, requires := range map[string]string{
		"requires":                 fmt.Sprintf(`{"all_of":[{"resource":%q}]}`, foreign),
		"requires.all_of":          `{"all_of":[]}`,
		"requires.all_of.0":        `{"all_of":[{"role":"x"}]}`,
		"requires.all_of.0.length": fmt.Sprintf(`{"all_of":[{"resource":%q,"length":"soon"}]}`, j.doctor),
	} {
		j.book(j.server, 9, `,"requires":`+requires).refused(t, fault.Invalid, field)
		j.put(j.server, "/v2/projects/"+j.project, `{"requires":`+requires+`}`).refused(t, fault.Invalid, field)
	}
	j.put(j.server, "/v2/projects/"+j.project, `{"booking":{"requires":{"all_of":[]}}}`).refused(t, fault.Invalid, "booking.requires")
	j.book(j.server, 9, fmt.Sprintf(`,"requires":{"all_of":[{"resource":%q},{"resource":%q,"offset":"PT2H"}]}`, j.doctor, j.rooms[0])).
		refused(t, fault.Invalid, "end")
}

// TestARepeatBooksSeveralOnce: the same Idempotency-Key gives the same booking with the same resources.
func TestARepeatBooksSeveralOnce(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	body := fmt.Sprintf(`{"graph":"instant","project_id":%q,%s}`, j.project, times(0, 1))
	one := j.send(j.server, http.MethodPost, "/v2/bookings", body, "Idempotency-Key", "once").want(t, http.StatusCreated)
	two := j.send(j.server, http.MethodPost, "/v2/bookings", body, "Idempotency-Key", "once").want(t, http.StatusCreated)
	if one.id(t) != two.id(t) || !slices.Equal(one.parts(t), two.parts(t)) {
		t.Errorf("a repeat gave %s, after %s", two.Body, one.Body)
	}
	j.sql(`UPDATE idempotency_keys SET status = 0, locked_until = now()`) // no answer was stored
	again := j.send(j.server, http.MethodPost, "/v2/bookings", body, "Idempotency-Key", "once").want(t, http.StatusCreated)
	if again.id(t) != one.id(t) || !slices.Equal(again.parts(t), one.parts(t)) {
		t.Errorf("a repeat of what has no answer yet gave %s, after %s", again.Body, one.Body)
	}
}

// TestOffersAgreeWithBookings: at random busy times, what is offered can be booked, and what is not offered for want of a resource cannot.
func TestOffersAgreeWithBookings(t *testing.T) {
	t.Parallel()
	j := clinic(t, `,"buffer":"15 minutes"`)
	dice := rand.New(rand.NewPCG(5, 9))
	everybody := slices.Concat([]string{j.doctor}, j.nurses, j.rooms)
	for range 30 {
		hour := float64(dice.IntN(40)) / 4
		j.post(j.server, "/v2/bookings", fmt.Sprintf(`{"graph":"instant",%s}`, slot(everybody[dice.IntN(len(everybody))], hour, float64(1+dice.IntN(3))/4)))
	}
	offers := func() (all []int) {
		var body struct{ Data []struct{ Start time.Time } }
		a := j.post(j.widget, "/v2/availability", fmt.Sprintf(`{"project_id":%q,"from":%q,"to":%q}`, j.project, noon.Format(time.RFC3339),
			noon.Add(11*time.Hour).Format(time.RFC3339))).want(t, http.StatusOK)
		check(t, json.Unmarshal(a.Body.Bytes(), &body))
		for _, s := range body.Data {
			all = append(all, int(s.Start.Sub(noon)/time.Hour))
		}
		return all
	}
	seen := map[bool]int{}
	for _, hour := range dice.Perm(11) {
		offered := slices.Contains(offers(), hour)
		a := j.book(j.widget, float64(hour), "")
		if seen[offered]++; offered != (a.Code == http.StatusCreated) {
			t.Errorf("hour %d is offered: %t, and the booking got %d: %s", hour, offered, a.Code, a.Body)
		}
	}
	if seen[true] < 2 || seen[false] < 2 {
		t.Errorf("%v says little", seen)
	}
}

// TestRequirementsWinOverAssign: a project that has both chooses part by part, by every door, and counts nothing for its pool.
func TestRequirementsWinOverAssign(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	j.put(j.server, "/v2/projects/"+j.project, fmt.Sprintf(`{"resources":[%q,%q],"assign":{"strategy":"fair"}}`, j.nurses[0], j.rooms[0])).
		want(t, http.StatusNoContent)
	one := j.book(j.server, 0, "").want(t, http.StatusCreated)
	moved := j.post(j.server, "/v2/bookings/"+one.id(t)+"/reschedule", fmt.Sprintf(`{%s}`, times(3, 1))).want(t, http.StatusCreated)
	held := j.post(j.server, "/v2/bookings/reserve", fmt.Sprintf(`{"project_id":%q,%s}`, j.project, times(6, 1))).want(t, http.StatusCreated)
	for what, a := range map[string]answer{"booked": one, "moved": moved, "held": held} {
		if parts := a.parts(t); len(parts) != 4 || parts[0].ID != j.doctor {
			t.Errorf("%s: %+v", what, parts)
		}
	}
	if n := value[int](j.fixture, `SELECT count(*) FROM assignments`); n != 0 {
		t.Errorf("%d are counted for a pool", n)
	}
}

// TestUnitsOfSeveralResources: a booking of several units takes them of each of its resources, or of none.
func TestUnitsOfSeveralResources(t *testing.T) {
	t.Parallel()
	j := clinic(t, "")
	all := slices.Concat([]string{j.doctor}, j.nurses, j.rooms)
	for _, id := range all {
		j.put(j.server, "/v2/resources/"+id, `{"capacity":3}`).want(t, http.StatusOK)
	}
	j.book(j.server, 0, `,"units":2`).want(t, http.StatusCreated)
	j.book(j.server, 0, `,"units":2`).missing(t, "doctor", "nurse")
	j.book(j.server, 0, `,"units":1`).want(t, http.StatusCreated)
	j.book(j.server, 0, ``).refused(t, fault.SlotTaken, "")
	if n := value[int](j.fixture, `SELECT max(units) FROM (SELECT sum(units) AS units FROM occupancies GROUP BY resource_id) of`); n != 3 {
		t.Errorf("%d units of three are taken", n)
	}
}
