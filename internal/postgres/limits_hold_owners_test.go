package postgres_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
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
			switch err := b.ReserveHold(b.ctx, anna, newID(), 10); fault.CodeOf(err) {
			case "":
				made.Add(1)
			case fault.TooManyRequests:
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
	wantCode(t, b.ReserveHold(b.ctx, anna, newID(), 1), fault.TooManyRequests)
	check(t, b.ReserveHold(b.ctx, anna, hold.ID, 1)) // a repeat
	b.create(hold)
	b.exec(`UPDATE hold_owners SET made_at = now() - interval '1 hour'`) // this one stands
	wantCode(t, b.ReserveHold(b.ctx, anna, newID(), 1), fault.TooManyRequests)
	b.exec(`UPDATE bookings SET completed = true WHERE id = $1`, hold.ID)
	other := newID()
	check(t, b.ReserveHold(b.ctx, anna, other, 1))
	wantCode(t, b.ReserveHold(b.ctx, anna, newID(), 1), fault.TooManyRequests)
	check(t, b.ReleaseHold(b.ctx, other))
	b.wantCount(1, `SELECT count(*) FROM hold_owners WHERE owner = 'bob'`)
	check(t, b.ReserveHold(b.ctx, anna, newID(), 1))

	b.exec(`UPDATE hold_owners SET made_at = now() - interval '3 hours'`)
	for range 3 {
		check(t, b.ReserveHold(b.ctx, bob, uuid.New(), 100))
	}
	b.wantCount(3, `SELECT count(*) FROM hold_owners`)
}

// TestARepeatedHoldKeepsItsOwner: what is tried again for a hold that is counted changes nothing, whoever sends it.
func TestARepeatedHoldKeepsItsOwner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := newID()
	for _, owner := range []string{"anna", "bob"} {
		check(t, b.ReserveHold(b.ctx, []byte(owner), hold, 1))
	}
	wantSame(t, "owners", column[string](b, `SELECT convert_from(owner, 'UTF8') FROM hold_owners`), []string{"anna"})
}

// TestForgettingHoldsKeepsNobodyWaiting: a hold deletes a few rows of long ago, and none that somebody else has locked.
func TestForgettingHoldsKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(`INSERT INTO hold_owners (booking_id, owner, made_at)
		SELECT gen_random_uuid(), 'x', now() - make_interval(hours => 2 + n) FROM generate_series(1, 50) n`)
	impatient, err := postgres.Open(b.ctx, strings.ReplaceAll(b.url, "lock_timeout=120s", "lock_timeout=50ms"), 2)
	check(t, err)
	defer impatient.Close()
	other, err := b.look.Begin(b.ctx)
	check(t, err)
	defer func() { _ = other.Rollback(b.ctx) }()
	_, err = other.Exec(b.ctx, `SELECT FROM hold_owners ORDER BY made_at LIMIT 10 FOR UPDATE`)
	check(t, err)
	for _, left := range []int{30, 10, 10} {
		check(t, impatient.ReserveHold(b.ctx, []byte("anna"), newID(), 10))
		b.wantCount(left, `SELECT count(*) FROM hold_owners WHERE owner = 'x'`)
	}
	check(t, other.Rollback(b.ctx))
	check(t, impatient.ReserveHold(b.ctx, []byte("anna"), newID(), 10))
	b.wantCount(0, `SELECT count(*) FROM hold_owners WHERE owner = 'x'`)
}
