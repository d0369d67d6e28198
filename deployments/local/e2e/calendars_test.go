package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

func (b *bundle) calendar(t testing.TB, resource string) string {
	t.Helper()
	return b.post(t, "/v2/calendars/", fmt.Sprintf(`{"resource_id":%q,"name":"Private"}`, resource)).want(t, http.StatusCreated).str("data.id")
}

func TestCalendarLife(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	born := b.get(t, "/v2/calendars?search=resource.id:"+resource).want(t, http.StatusOK)
	first := "/v2/calendars/" + born.str("data.0.id")
	if born.str("total") != "1" || born.str("data.0.resource_id") != resource || born.str("data.0.provider") != "holdfast" {
		t.Error(born.body)
	}
	b.call(t, http.MethodDelete, first, "").refused(t, http.StatusConflict, "in_use") // the last one
	second := b.calendar(t, resource)
	path := "/v2/calendars/" + second
	changed := b.put(t, path, `{"name":"Home","backgroundcolor":"#000000"}`).want(t, http.StatusOK)
	if changed.str("data.name") != "Home" || changed.str("data.backgroundcolor") != "#000000" || changed.str("data.foregroundcolor") != "#ffffff" {
		t.Error(changed.body)
	}
	if got := b.get(t, path).want(t, http.StatusOK); got.body != changed.body {
		t.Errorf("%s\n%s", got.body, changed.body)
	}
	made := b.post(t, "/v2/events", fmt.Sprintf(`{"calendar_id":%q,%s}`, second, slotAt(9, 10))).want(t, http.StatusCreated)
	b.call(t, http.MethodDelete, path, "").refused(t, http.StatusConflict, "in_use")
	b.post(t, "/v2/bookings", request(resource, "instant", 9)).refused(t, http.StatusConflict, "slot_taken") // of another calendar of the resource
	b.call(t, http.MethodDelete, "/v2/events/"+made.str("data.id"), "").want(t, http.StatusNoContent)
	id := b.book(t, resource, "instant", 9, fmt.Sprintf(`,"calendar_id":%q`, second))
	b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	b.call(t, http.MethodDelete, path, "").refused(t, http.StatusConflict, "in_use") // the old booking shows it
	b.call(t, http.MethodDelete, "/v2/bookings/"+id, "").want(t, http.StatusNoContent)
	b.call(t, http.MethodDelete, path, `{"id":"x"}`).want(t, http.StatusNoContent)
	b.get(t, path).refused(t, http.StatusNotFound, "not_found")
}

// TestOneCalendarStays deletes all of a resource's calendars at once.
func TestOneCalendarStays(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	for range 5 {
		b.calendar(t, resource)
	}
	list := b.get(t, "/v2/calendars").want(t, http.StatusOK)
	var gone atomic.Int32
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			a, err := b.try(t.Context(), http.MethodDelete, "/v2/calendars/"+list.str(fmt.Sprintf("data.%d.id", i)), "")
			if err != nil || a.status != http.StatusNoContent && a.status != http.StatusConflict {
				t.Error(err, a.body)
			}
			if a.status == http.StatusNoContent {
				gone.Add(1)
			}
		})
	}
	all.Wait()
	if gone.Load() != 5 || b.get(t, "/v2/calendars").str("total") != "1" {
		t.Errorf("%d are gone", gone.Load())
	}
}

func TestCalendarsRefuseNonsense(t *testing.T) {
	t.Parallel()
	b, other := tenant(t, plain), tenant(t, plain)
	resource := b.resource(t)
	calendar := b.calendar(t, resource)
	faults := b.post(t, "/v2/calendars", `{"foregroundcolor":"red"}`).refused(t, http.StatusUnprocessableEntity, "invalid")
	for _, field := range []string{"resource_id", "name", "foregroundcolor"} {
		if faults.at("errors."+field) == nil {
			t.Errorf("nothing is said of %s: %s", field, faults.body)
		}
	}
	b.get(t, "/v2/calendars?search=color:red").refused(t, http.StatusUnprocessableEntity, "invalid")
	other.post(t, "/v2/calendars", fmt.Sprintf(`{"resource_id":%q,"name":"Mine"}`, resource)).refused(t, http.StatusUnprocessableEntity, "invalid")
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		other.call(t, method, "/v2/calendars/"+calendar, `{"name":"Mine"}`).refused(t, http.StatusNotFound, "not_found")
	}
	other.post(t, "/v2/events", fmt.Sprintf(`{"calendar_id":%q,%s}`, calendar, slotAt(9, 10))).refused(t, http.StatusUnprocessableEntity, "invalid")
	if got := other.get(t, "/v2/calendars").str("total"); got != "0" {
		t.Errorf("the other app sees %s calendars", got)
	}
}
