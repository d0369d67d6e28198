package e2e_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
)

const crowdSize = 300

// rush sends so many requests for a booking at once and returns the answers.
func (b *bundle) rush(t *testing.T, body func(i int) string) []answer {
	t.Helper()
	answers := make([]answer, crowdSize)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range answers {
		text := body(i)
		all.Go(func() {
			<-begin
			var err error
			if answers[i], err = b.try(t.Context(), http.MethodPost, "/v2/bookings", text, "Prefer", "wait=25"); err != nil {
				t.Error(err)
			}
		})
	}
	close(begin)
	all.Wait()
	return answers
}

// won returns the bookings that were made, and fails the test for every answer that is neither that nor "taken".
func won(t *testing.T, answers []answer) (ids []string) {
	t.Helper()
	for _, a := range answers {
		switch {
		case a.status == http.StatusCreated:
			ids = append(ids, a.str("data.id"))
		case a.status != http.StatusConflict || a.str("code") != "slot_taken":
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	return ids
}

// TestCrowdsOnContestedTime lets crowds want one slot, and slots that overlap: everybody hears at once whether they have
// it, one has it, and nothing is started or left behind for the others.
func TestCrowdsOnContestedTime(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_RATE_LIMIT=0")
	resource := b.resource(t)
	winners := 0
	for round := range 3 {
		ids := won(t, b.rush(t, func(int) string { return request(resource, "instant", round) }))
		if len(ids) != 1 {
			t.Errorf("round %d: %d winners", round, len(ids))
		}
		winners += len(ids)
	}
	ids := won(t, b.rush(t, func(i int) string { return overlapping(resource, i%30) }))
	winners += len(ids)
	var bookings, actions int
	b.record(t, &bookings, `SELECT count(*) FROM bookings`)
	b.record(t, &actions, `SELECT count(*) FROM actions`)
	if len(ids) < 1 || len(ids) > 8 || bookings != winners || actions != winners {
		t.Errorf("%d winners of overlapping slots; %d winners, %d bookings, %d actions", len(ids), winners, bookings, actions)
	}
	b.apart(t, resource)
	started := func() int64 {
		n, err := b.stack.App.Temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: `WorkflowType = 'Booking'`})
		if err != nil {
			t.Fatal(err)
		}
		return n.GetCount()
	}
	eventually(t, "a workflow for each winner", func() bool { return started() >= int64(winners) })
	if n := started(); n != int64(winners) {
		t.Errorf("%d workflows for %d winners", n, winners)
	}
	eventually(t, "nothing is pending", func() bool { return b.rows(t, `SELECT count(*) FROM actions WHERE status = 'pending'`) == 0 })
}

// overlapping is the body of one of the slots of an hour that begin ten minutes after each other.
func overlapping(resource string, i int) string {
	start := time.Date(2031, 3, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(i) * 10 * time.Minute)
	return fmt.Sprintf(`{"resource_id":%q,"graph":"instant","start":%q,"end":%q,"what":"Haircut","customer":{"name":"Marty","email":"marty@example.com"}}`,
		resource, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))
}

// apart fails the test when two bookings of a resource overlap.
func (b *bundle) apart(t *testing.T, resource string) {
	t.Helper()
	var n int
	b.record(t, &n, `SELECT count(*) FROM bookings a JOIN bookings b ON a.id < b.id AND a.resource_id = b.resource_id
		AND a.start_at < b.end_at AND b.start_at < a.end_at WHERE a.resource_id = $1 AND NOT a.completed AND NOT b.completed`, resource)
	if n > 0 {
		t.Errorf("%d bookings overlap", n)
	}
}

// TestCrowdOnFreeTime lets a crowd want a resource each: everybody has it, or is told when to come again; who does has it
// soon. Nobody is left with a promise.
func TestCrowdOnFreeTime(t *testing.T) {
	t.Parallel()
	b := startOwn(t, "HOLDFAST_RATE_LIMIT=0")
	resources := make([]string, crowdSize)
	for i := range resources {
		resources[i] = b.resource(t)
	}
	body := func(i int) string { return request(resources[i], "instant", 1) }
	var later []int
	var pause int
	for i, a := range b.rush(t, body) {
		switch a.status {
		case http.StatusCreated:
		case http.StatusServiceUnavailable:
			later, pause = append(later, i), max(pause, retryAfter(t, a))
		default:
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	t.Logf("%d at once, %d later", crowdSize-len(later), len(later))
	if len(later) == crowdSize {
		t.Error("nobody was served")
	}
	var all sync.WaitGroup
	for _, i := range later {
		all.Go(func() { b.comeAgain(t, body(i), pause) })
	}
	all.Wait()
	if n := b.rows(t, `SELECT count(*) FROM bookings WHERE state = 'confirmed'`); n != crowdSize {
		t.Errorf("%d bookings, want %d", n, crowdSize)
	}
}

func retryAfter(t *testing.T, a answer) int {
	t.Helper()
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.str("code") != "overloaded" || err != nil || seconds < 1 || seconds > 10 {
		t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.body)
	}
	return cmp.Or(seconds, 1)
}

// comeAgain asks as often as it is told to, after as many seconds, until the booking is made.
func (b *bundle) comeAgain(t *testing.T, body string, pause int) {
	deadline := time.After(2 * time.Minute)
	for {
		select {
		case <-time.After(time.Duration(pause) * time.Second):
		case <-deadline:
			t.Error("not served within two minutes")
			return
		}
		a, err := b.try(t.Context(), http.MethodPost, "/v2/bookings", body, "Prefer", "wait=25")
		if err != nil || !slices.Contains([]int{http.StatusCreated, http.StatusServiceUnavailable}, a.status) {
			t.Errorf("%d %s %v", a.status, a.body, err)
			return
		}
		if a.status == http.StatusCreated {
			return
		}
		pause = retryAfter(t, a)
	}
}
