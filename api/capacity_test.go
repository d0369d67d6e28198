package api

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
)

// several is a resource of so many units.
func (f *fixture) several(units int) string {
	f.t.Helper()
	return f.post(f.server, "/v2/resources", fmt.Sprintf(`{"name":"Hall","timezone":"UTC","capacity":%d}`, units)).id(f.t)
}

// bookUnits asks for time of a resource, with more in the body.
func (f *fixture) bookUnits(key, resource string, hour, hours float64, more string) answer {
	f.t.Helper()
	return f.post(key, "/v2/bookings", fmt.Sprintf(`{"graph":"instant","customer":{"name":"Ann","email":"ann@example.com"},%s%s}`,
		slot(resource, hour, hours), more))
}

func TestUnitsOfAResource(t *testing.T) {
	t.Parallel()
	f := setup(t)
	hall := f.several(5)
	for _, units := range []string{`0`, `-1`, `10001`, `1.5`, `"3"`} {
		f.bookUnits(f.server, hall, 0, 1, `,"units":`+units).refused(t, fault.Invalid, "units")
		f.put(f.server, "/v2/resources/"+hall, `{"capacity":`+units+`}`).refused(t, fault.Invalid, "capacity")
		f.post(f.server, "/v2/availability", `{"resources":["`+hall+`"],"units":`+units+`}`).refused(t, fault.Invalid, "units")
	}
	f.bookUnits(f.server, hall, 0, 1, `,"units":6`).refused(t, fault.Invalid, "units")
	three := f.bookUnits(f.server, hall, 0, 1, `,"units":3`).want(t, http.StatusCreated)
	if !strings.Contains(three.Body.String(), `"units":3`) {
		t.Errorf("the answer lacks its units: %s", three.Body)
	}
	f.bookUnits(f.server, hall, 0, 1, `,"units":3`).refused(t, fault.SlotTaken, "")
	one := f.bookUnits(f.server, hall, 0, 1, "").id(t)
	f.bookUnits(f.server, f.resource(`[]`), 0, 1, `,"units":2`).refused(t, fault.Invalid, "units")

	move := func(id, more string) answer {
		t.Helper()
		return f.post(f.server, "/v2/bookings/"+id+"/reschedule", fmt.Sprintf(`{%s%s}`, slot(hall, 0.5, 1), more))
	}
	move(one, `,"units":6`).refused(t, fault.Invalid, "units")
	move(one, `,"units":3`).refused(t, fault.SlotTaken, "")
	moved := move(one, `,"units":2`).want(t, http.StatusCreated)
	again := move(moved.id(t), "").want(t, http.StatusCreated)
	if !strings.Contains(again.Body.String(), `"units":2`) {
		t.Errorf("moved with other units: %s", again.Body)
	}
	f.post(f.widget, "/v2/bookings/"+f.token(again.id(t), "reschedule_by_customer")+"/reschedule", fmt.Sprintf(`{%s,"units":1}`, slot(hall, 3, 1))).
		refused(t, fault.Invalid, "units")

	hold := f.post(f.server, "/v2/bookings/reserve", fmt.Sprintf(`{%s,"units":4}`, slot(hall, 6, 1))).want(t, http.StatusCreated)
	f.put(f.server, "/v2/resources/"+hall, `{"capacity":2}`).want(t, http.StatusOK)
	f.bookUnits(f.server, hall, 6, 1, "").refused(t, fault.SlotTaken, "")
	booked := f.post(f.server, "/v2/bookings", `{"graph":"instant","reservation_id":"`+hold.id(t)+`"}`).want(t, http.StatusCreated)
	if !strings.Contains(booked.Body.String(), `"units":4`) {
		t.Errorf("the hold's booking has other units: %s", booked.Body)
	}
	shown := f.send(f.server, http.MethodGet, "/v2/resources/"+hall, "").want(t, http.StatusOK).Body.String()
	if !strings.Contains(shown, `"capacity":2`) {
		t.Errorf("the resource lacks its capacity: %s", shown)
	}
}

// TestMoreUnitsThanThereAre are not offered, of one unit as of several.
func TestMoreUnitsThanThereAre(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, units := range []int{1, 3} {
		room := f.several(units)
		for more, offered := range []bool{true, false} {
			asked := fmt.Sprintf(`{"resources":[%q],"length":"1 hour","units":%d}`, room, units+more)
			a := f.post(f.server, "/v2/availability", asked).want(t, http.StatusOK)
			if strings.Contains(a.Body.String(), `"start"`) != offered {
				t.Errorf("%d of %d units are offered: %v, want %v", units+more, units, !offered, offered)
			}
		}
	}
}

// TestUnitsOfVisitors: without a server key as many are booked as the project says, or asked for as it allows.
func TestUnitsOfVisitors(t *testing.T) {
	t.Parallel()
	f := setup(t)
	hall := f.several(9)
	project := func(booking string) string {
		t.Helper()
		return f.project(hall, `,"availability":{"length":"1 hour"},"booking":`+booking)
	}
	through := func(key, project string, hour float64, more string) answer {
		t.Helper()
		return f.bookUnits(key, hall, hour, 1, `,"project_id":"`+project+`"`+more)
	}
	plain, pairs, upToFour := project(`{}`), project(`{"units":2}`), project(`{"units":2,"max_units":4}`)
	for _, c := range []struct {
		what, key, project, more string
		units                    int // 0 is refused
	}{
		{"one", f.widget, plain, "", 1}, {"one by name", f.widget, plain, `,"units":1`, 1}, {"two", f.widget, plain, `,"units":2`, 0},
		{"two by its own word", f.widget, plain, `,"units":2,"max_units":9`, 0}, {"a pair", f.widget, pairs, "", 2},
		{"more than a pair", f.widget, pairs, `,"units":3`, 0}, {"the usual", f.widget, upToFour, "", 2}, {"four", f.widget, upToFour, `,"units":4`, 4},
		{"five", f.widget, upToFour, `,"units":5`, 0}, {"five for the owner", f.server, upToFour, `,"units":5`, 5}, {"the owner's usual", f.server, upToFour, "", 2},
	} {
		a := through(c.key, c.project, float64(20+c.units*2+len(c.what)*24), c.more)
		if c.units == 0 {
			a.refused(t, fault.Invalid, "units")
		} else if !strings.Contains(a.want(t, http.StatusCreated).Body.String(), fmt.Sprintf(`"units":%d`, c.units)) {
			t.Errorf("%s: %s", c.what, a.Body)
		}
	}
	f.bookUnits(f.widget, hall, 12, 1, `,"units":2`).refused(t, fault.Invalid, "units")
	question := func(key, project, more string) answer {
		t.Helper()
		return f.post(key, "/v2/availability", fmt.Sprintf(`{"project_id":%q%s}`, project, more))
	}
	question(f.widget, plain, `,"units":2`).refused(t, fault.Invalid, "units")
	question(f.widget, upToFour, `,"units":4`).want(t, http.StatusOK)
	for _, c := range []struct {
		key, project string
		shown        bool
	}{{f.server, plain, true}, {f.widget, plain, false}, {f.widget, upToFour, true}} {
		if a := question(c.key, c.project, ""); strings.Contains(a.Body.String(), "units_left") != c.shown {
			t.Errorf("units_left is shown: %v, want %v: %.200s", !c.shown, c.shown, a.Body)
		}
	}
	for _, bad := range []string{`{"units":0}`, `{"max_units":10001}`, `{"units":3,"max_units":2}`} {
		if a := f.post(f.server, "/v2/projects", `{"name":"P","booking":`+bad+`}`); a.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", bad, a.Code, a.Body)
		}
	}
	f.post(f.server, "/v2/projects", `{"name":"P","availability":{"units":2}}`).refused(t, fault.Invalid, "availability.units")
}

// TestOfferedUnitsAreBookable books at random, with buffers and events. What is offered can be booked, and what is not offered cannot; the
// explanation says how many are left.
func TestOfferedUnitsAreBookable(t *testing.T) {
	t.Parallel()
	f := setup(t)
	hall := f.several(4)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 3))
	calendar := value[string](f, `SELECT id::text FROM calendars WHERE resource_id = $1`, hall)
	f.post(f.server, "/v2/events", fmt.Sprintf(`{"calendar_id":%q,"what":"Cleaning",%s}`, calendar, slot(hall, 4, 1))).want(t, http.StatusCreated)
	booked, refused, explained := 0, 0, 0
	for range 70 {
		hour, hours, units := float64(dice.IntN(36))/4, float64(1+dice.IntN(6))/4, 1+dice.IntN(3)
		buffer := fmt.Sprintf(`"buffer":"%d minutes"`, 15*dice.IntN(3))
		from, to := noon.Add(time.Duration(hour*float64(time.Hour))), noon.Add(time.Duration((hour+hours)*float64(time.Hour)))
		ask := fmt.Sprintf(`{"resources":[%q],"from":%q,"to":%q,"units":%d,%s`, hall, from.Format(time.RFC3339), to.Format(time.RFC3339), units, buffer)
		var free struct {
			Data []struct {
				Start, End time.Time
				Resources  []struct {
					Left int `json:"units_left"`
				}
			}
		}
		check(t, json.Unmarshal(f.post(f.server, "/v2/availability", ask+`}`).want(t, http.StatusOK).Body.Bytes(), &free))
		offered := len(free.Data) == 1 && free.Data[0].Start.Equal(from) && free.Data[0].End.Equal(to)
		if offered && free.Data[0].Resources[0].Left < units {
			t.Errorf("%+v is offered for %d", free, units)
		}
		why := f.post(f.server, "/v2/availability/explain", ask+fmt.Sprintf(`,"at":%q,"length":"%d minutes"}`, from.Format(time.RFC3339), int(hours*60))).Body.String()
		a := f.bookUnits(f.server, hall, hour, hours, fmt.Sprintf(`,"units":%d,%s`, units, buffer))
		switch {
		case offered:
			a.want(t, http.StatusCreated)
			booked++
		default:
			a.refused(t, fault.SlotTaken, "")
			refused++
			if strings.Contains(why, `"reason":"capacity"`) && strings.Contains(why, `"units_left":`) {
				explained++
			} else if !strings.Contains(why, `"reason":"event"`) && !strings.Contains(why, `"reason":"buffer"`) {
				t.Errorf("not offered, and explained by %s", why)
			}
		}
	}
	if booked < 10 || refused < 10 || explained < 5 {
		t.Errorf("%d booked, %d refused, %d of them explained: this proves little", booked, refused, explained)
	}
}
