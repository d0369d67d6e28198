package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAnswersAreBounded: small questions with large answers are refused before they cost anything, on every surface.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	b := tenant(t, `{"widget_requires_project":false}`)
	visitor := b.widget(t)
	var all []string
	for range 7 {
		all = append(all, b.resource(t))
	}
	names, _ := json.Marshal(all)
	one, _ := json.Marshal(all[:1])
	const halfAYear = `"from":"2031-01-01T00:00:00Z","to":"2031-07-09T00:00:00Z"`
	const month = `"from":"2031-01-01T00:00:00Z","to":"2031-02-01T00:00:00Z"`
	paths := []string{"/v2/availability", "/v2/availability/dates", "/v2/availability/count", "/v2/unavailable/slots"}
	refused := func(who *bundle, path, body string) {
		t.Helper()
		a := who.post(t, path, body).refused(t, http.StatusUnprocessableEntity, "invalid")
		if told := a.str("errors.to") + a.str("errors.timeslot_increments"); !strings.Contains(told, "fewer") && !strings.Contains(told, "too fine") {
			t.Errorf("%s: nothing says what to narrow: %s", path, a.body)
		}
	}
	for _, mode := range []string{"exclusive", "mutual", "roundrobin_random", "roundrobin_prioritized"} {
		ask := func(resources []byte, window, increments string) string {
			return fmt.Sprintf(`{"resources":%s,"mode":%q,"length":"1 minute","timeslot_increments":%q,%s}`, resources, mode, increments, window)
		}
		for _, path := range paths {
			began := time.Now()
			if path == "/v2/unavailable/slots" {
				continue // nothing is taken: the answer is empty, however large the question
			}
			refused(b, path, ask(names, halfAYear, "1 minute"))
			refused(b, path, ask(one, halfAYear, "1 minute"))
			refused(visitor, path, ask(names, month, "1 minute"))
			refused(visitor, path, ask(one, month, "5 minutes"))
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("%s %s: refusing took %s", mode, path, took)
			}
		}
		if list := b.slots(t, "/v2/availability", ask(one, month, "5 minutes")); len(list) != 31*24*12 {
			t.Errorf("%s: %d slots within the bound", mode, len(list))
		}
	}
	// The whole half of a year is taken, and shown as slots of a minute.
	b.post(t, "/v2/events", fmt.Sprintf(`{"resource_id":%q,"start":"2031-01-01T00:00:00Z","end":"2031-07-09T00:00:00Z"}`, all[0])).want(t, http.StatusCreated)
	refused(b, "/v2/unavailable/slots", fmt.Sprintf(`{"resources":%s,"length":"1 minute",%s}`, one, halfAYear))
	refused(visitor, "/v2/unavailable/slots", fmt.Sprintf(`{"resources":%s,"length":"5 minutes",%s}`, one, month))
	// A question is answered whole or not at all.
	taken := b.slots(t, "/v2/unavailable/slots", fmt.Sprintf(`{"resources":%s,"length":"1 hour",%s}`, one, month))
	if len(taken) != 31*24 || taken[0].Resources[0].ID != all[0] {
		t.Errorf("%d slots are taken", len(taken))
	}
}

// TestACrowdOfLargeQuestions is answered or told to come back; small ones are answered meanwhile, and who hangs up costs nothing.
func TestACrowdOfLargeQuestions(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	var all []string
	for range 7 {
		all = append(all, b.resource(t))
	}
	names, _ := json.Marshal(all)
	heavy := fmt.Sprintf(`{"resources":%s,"mode":"mutual","length":"1 minute","from":"2031-01-01T00:00:00Z","to":"2031-07-05T00:00:00Z",
		"constraints":[{"allow_hours":{"start":9,"end":"9:05"}}]}`, names)
	light := fmt.Sprintf(`{"resources":%s,"length":"1 hour","from":"2031-01-01T00:00:00Z","to":"2031-01-02T00:00:00Z"}`, names)
	var crowd sync.WaitGroup
	for i := range 24 {
		crowd.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%4 == 0 {
				cancel() // hangs up
			}
			a, err := b.try(ctx, http.MethodPost, "/v2/availability", heavy)
			switch {
			case i%4 == 0:
			case err != nil:
				t.Error(err)
			case a.status == http.StatusServiceUnavailable && a.str("code") == "overloaded" && a.header.Get("Retry-After") != "":
			case a.status != http.StatusOK:
				t.Errorf("%d: %s", a.status, a.body)
			}
		})
	}
	for range 8 {
		if list := b.slots(t, "/v2/availability", light); len(list) != 24 {
			t.Errorf("%d slots", len(list))
		}
	}
	crowd.Wait()
	if list := b.slots(t, "/v2/availability", heavy); len(list) != 5*185 {
		t.Errorf("%d slots", len(list))
	}
}
