package postgres_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/booking"
)

// TestHoldsOfOneOwnerAreCounted, also when they come at once; what is over, or was never made, does not count.
func TestHoldsOfOneOwnerAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	anna, bob := []byte("anna"), []byte("bob")
	var made, refused atomic.Int64
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			switch err := b.ReserveHold(b.ctx, anna, newID(), 10); booking.CodeOf(err) {
			case "":
				made.Add(1)
			case booking.TooManyRequests:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantEqual(t, "made and refused", words(made.Load(), refused.Load()), "10 30")
	check(t, b.ReserveHold(b.ctx, bob, newID(), 1))

	b.exec(`UPDATE hold_owners SET made_at = now() - interval '2 minutes'`) // none of them was made
	hold := b.at("reservation", 9, 10)
	check(t, b.ReserveHold(b.ctx, anna, hold.ID, 1))
	wantCode(t, b.ReserveHold(b.ctx, anna, newID(), 1), booking.TooManyRequests)
	check(t, b.ReserveHold(b.ctx, anna, hold.ID, 1)) // a repeat
	b.create(hold)
	b.exec(`UPDATE hold_owners SET made_at = now() - interval '1 hour'`) // this one stands
	wantCode(t, b.ReserveHold(b.ctx, anna, newID(), 1), booking.TooManyRequests)
	b.exec(`UPDATE bookings SET completed = true WHERE id = $1`, hold.ID)
	other := newID()
	check(t, b.ReserveHold(b.ctx, anna, other, 1))
	wantCode(t, b.ReserveHold(b.ctx, anna, newID(), 1), booking.TooManyRequests)
	check(t, b.ReleaseHold(b.ctx, other))
	check(t, b.ReserveHold(b.ctx, anna, newID(), 1))

	b.exec(`UPDATE hold_owners SET made_at = now() - interval '3 hours'`)
	for range 3 {
		check(t, b.ReserveHold(b.ctx, bob, uuid.New(), 100))
	}
	b.wantCount(3, `SELECT count(*) FROM hold_owners`)
}
