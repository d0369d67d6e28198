package postgres_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/internal/booking"
)

// TestALoserMeetsAnOpenClaim stops a creation between its claim and its end. Whoever wants the time waits for it, and then is
// refused by a statement that did nothing: a crowd that the constraint had to stop would deadlock, and look the record up again.
func TestALoserMeetsAnOpenClaim(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{0, 15} {
		t.Run(words(minutes, "minutes of buffer"), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			release := b.gate("AFTER INSERT ON actions FOR EACH ROW")
			all, errs := []*booking.Booking{b.buffered(9, 10, minutes), b.buffered(9.5, 10.5, minutes)}, make([]error, 2)
			var both sync.WaitGroup
			for i, v := range all {
				both.Go(func() { _, errs[i] = b.try(v) })
				b.until(fmt.Sprintf(waiting, i+1))
			}
			release()
			both.Wait()
			check(t, errs[0])
			wantCode(t, errs[1], booking.SlotTaken)
			if fault, failed := errors.AsType[*pgconn.PgError](errs[1]); failed {
				t.Errorf("its transaction failed: %v", fault)
			}
			b.wantRows("of the winner", 1+min(minutes, 1), 0)
		})
	}
}

// TestClaimsOfBuffersQueueUp stops two claims that are too close to each other between their time and their buffer: one wins, and
// neither is rolled back for the other.
func TestClaimsOfBuffersQueueUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	release := b.gate(`BEFORE INSERT ON occupancies FOR EACH ROW WHEN (NOT upper_inf(NEW.layer))`)
	all, errs := []*booking.Booking{b.buffered(9, 10, 60), b.buffered(10.5, 11, 60)}, make([]error, 2)
	var both sync.WaitGroup
	for i, v := range all {
		both.Go(func() { _, errs[i] = b.try(v) })
		b.until(fmt.Sprintf(waiting, i+1))
	}
	release()
	both.Wait()
	check(t, errs[0])
	wantCode(t, errs[1], booking.SlotTaken)
	b.wantRows("of the winner", 2, 0)
	b.wantNoDeadlock()
}

// TestAClaimNeedsAnActionOfItsOwn: an action that is pending and needs no claim keeps none.
func TestAClaimNeedsAnActionOfItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("confirm_decline", 9, 10))
	confirm, decline := must(b.ask(v, "confirm")), must(b.ask(v, "decline"))
	in := commit(v, confirm)
	in.Refusal = &booking.Refusal{Code: booking.Stale, Message: "no"}
	must(b.Commit(b.ctx, in))
	b.wantRows("refused", 0, 0)
	wantEqual(t, "the other", must(b.Commit(b.ctx, commit(v, decline))).Result, booking.ResultApplied)
	b.sound()
}
