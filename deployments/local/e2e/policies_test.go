package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestALimitUnderACrowd: fifty at once want the last booking of a day, at different times. One has it, the others are told when the next
// day begins. A cancel gives it back; the day is offered again.
func TestALimitUnderACrowd(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	resource := b.resource(t)
	b.put(t, "/v2/app", `{"settings":{"policy":{"limits":[{"per":"resource","unit":"day","max":1}],"cancel":{"customer":{"until":"P1D"}}}}}`).
		want(t, http.StatusOK)
	day := time.Date(2031, 3, 3, 6, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	var crowd sync.WaitGroup
	won, refused := []string{}, 0
	for i := range 50 {
		crowd.Go(func() {
			start := day.Add(time.Duration(i) * 15 * time.Minute)
			a, err := b.patiently(t.Context(), http.MethodPost, "/v2/bookings", fmt.Sprintf(
				`{"resource_id":%q,"graph":"instant","start":%q,"end":%q,"what":"Haircut","customer":{"name":"Marty","email":"m%d@example.com"}}`,
				resource, start.Format(time.RFC3339), start.Add(15*time.Minute).Format(time.RFC3339), i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusCreated || a.status == http.StatusAccepted:
				won = append(won, a.str("data.id"))
			case a.status == http.StatusConflict && strings.Contains(a.body, `"limit_reached"`) && strings.Contains(a.body, `"ends_at":"2031-03-`):
				refused++
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	crowd.Wait()
	if len(won) != 1 || refused != 49 {
		t.Fatalf("%d have it, %d are refused", len(won), refused)
	}
	offered := func() int {
		t.Helper()
		a := b.post(t, "/v2/availability/count", fmt.Sprintf(`{"resources":[%q],"length":"15 minutes","from":%q,"to":%q}`, resource,
			day.Format(time.RFC3339), day.Add(10*time.Hour).Format(time.RFC3339))).want(t, http.StatusOK)
		n, _ := strconv.Atoi(a.str("data.total"))
		return n
	}
	if n := offered(); n != 0 {
		t.Errorf("%d times of a full day are offered", n)
	}
	eventually(t, "it is confirmed", func() bool { return b.state(t, won[0]) == "confirmed" })
	b.put(t, "/v2/bookings/"+won[0]+"/cancel_by_customer", "").want(t, http.StatusOK)
	if offered() == 0 {
		t.Error("a cancelled booking keeps the day full")
	}
}
