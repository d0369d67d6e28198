package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestCrossingPairsThroughTheService: two hundred ask for pairs of four resources at once, in either order. Nobody gets half of a pair: what
// is not sold with its other half can be had alone, and what is sold cannot.
func TestCrossingPairsThroughTheService(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	var all []string
	for range 4 {
		all = append(all, b.resource(t))
	}
	answers := b.crowd(t, 200, func(i int) (string, string, string) {
		first := i % 4
		second := (first + 1 + i/4%3) % 4
		requires := fmt.Sprintf(`,"requires":{"all_of":[{"resource":%q,"role":"one"},{"resource":%q,"role":"other"}]}`, all[first], all[second])
		return http.MethodPost, "/v2/bookings", request(all[first], "instant", 9, requires)
	})
	sold := map[string]bool{}
	won := 0
	for _, a := range answers {
		if a.status != http.StatusCreated {
			a.refused(t, http.StatusConflict, "slot_taken")
			continue
		}
		won++
		for i := range 2 {
			id := a.str(fmt.Sprintf("data.resources.%d.id", i))
			if sold[id] {
				t.Errorf("%s was sold twice", id)
			}
			sold[id] = true
		}
	}
	if won == 0 || won > 2 || len(sold) != 2*won {
		t.Errorf("%d pairs were sold, of %d resources", won, len(sold))
	}
	for _, id := range all {
		status := b.post(t, "/v2/bookings", request(id, "instant", 9)).status
		if want := map[bool]int{true: http.StatusConflict, false: http.StatusCreated}[sold[id]]; status != want {
			t.Errorf("alone, %s gets %d, want %d", id, status, want)
		}
	}
}
