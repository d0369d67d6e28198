package booking_test

import (
	"slices"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
	"holdfast/internal/booking"
)

// TestPaidBookings: has_payment asks whether pay or pay_late has moved the booking.
func TestPaidBookings(t *testing.T) {
	t.Parallel()
	paid := true
	g := graphtest.Sample()
	g.Own = true
	g.States[1].Actions[0].When = []graphs.Guard{{HasPayment: &paid}}
	for _, c := range []struct {
		counts map[string]int
		want   bool
	}{
		{nil, false}, {map[string]int{"hold": 1}, false}, {map[string]int{"pay": 1}, true}, {map[string]int{"hold": 1, "pay_late": 1}, true},
		{map[string]int{"authorize": 1}, false}, {map[string]int{"pay_balance": 1}, false},
	} {
		b := &booking.Booking{State: "held", Counts: c.counts}
		b.SetGraph(g)
		if got := slices.Contains(b.OpenTo(graphs.ActorAPI, time.Now()), "finish"); got != c.want {
			t.Errorf("%v: open is %v, want %v", c.counts, got, c.want)
		}
	}
}
