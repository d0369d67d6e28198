package postgres_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
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
			wantCode(t, errs[1], fault.SlotTaken)
			if cause, failed := errors.AsType[*pgconn.PgError](errs[1]); failed {
				t.Errorf("its transaction failed: %v", cause)
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
	wantCode(t, errs[1], fault.SlotTaken)
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
	in.Refusal = &booking.Refusal{Code: fault.Stale, Message: "no"}
	must(b.Commit(b.ctx, in))
	b.wantRows("refused", 0, 0)
	wantEqual(t, "the other", must(b.Commit(b.ctx, commit(v, decline))).Result, booking.ResultApplied)
	b.sound()
}

// TestTwoActionsClaimOnce stops an action between its claim and its end, and lets another one of the same booking come: it waits,
// and shares the claim.
func TestTwoActionsClaimOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ graph, action, claims string }{
		{"confirm_decline", "confirm", `SELECT count(*) FROM occupancies WHERE claimed AND booking_id = $1`},
		{"group_customer_payment", "pay", `SELECT taken FROM seats JOIN sessions s ON s.booking_id = session_id WHERE claimed AND seats.booking_id = $1`},
	} {
		t.Run(c.graph, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.at(c.graph, 9, 10)
			if c.graph != "confirm_decline" {
				v = b.seat(b.session(2, booking.Session{}), c.graph)
			}
			v = b.booked(v)
			release := b.gate("AFTER INSERT ON actions FOR EACH ROW")
			two, errs := make([]*booking.Action, 2), make([]error, 2)
			var both sync.WaitGroup
			for i := range two {
				both.Go(func() { two[i], errs[i] = b.ask(v, c.action) })
				b.until(fmt.Sprintf(waiting, i+1))
			}
			release()
			both.Wait()
			check(t, errors.Join(errs...))
			b.wantCount(1, c.claims, v.ID)
			b.wantCount(2, `SELECT count(*) FROM actions WHERE claims AND status = 'pending'`)
			wantEqual(t, "the second", must(b.Commit(b.ctx, commit(v, two[1]))).Result, booking.ResultApplied)
			b.sound()
		})
	}
}

// TestASuccessorClaimsForItself: once a tentative booking has taken another one's place, it is that one's successor no more. What it
// claims to be confirmed is its own.
func TestASuccessorClaimsForItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.booked(b.at("instant", 9, 10))
	v := b.at("confirm_decline", 9.5, 10.5)
	v.Related.RescheduledFrom = &old.ID
	v = b.booked(v)
	confirm := must(b.ask(v, "confirm"))
	b.wantCount(1, `SELECT count(*) FROM occupancies WHERE claimed AND claimant IS NULL AND booking_id = $1`, v.ID)
	wantEqual(t, "confirmed", must(b.Commit(b.ctx, commit(v, confirm))).State, "confirmed")
	b.wantHeld(b.known(v))
	b.wantRows("in the end", 0, 1)
	b.sound()
}

// TestSuccessorsInACrowd: while others lose their time, a hold that has run out is still the reason why its booking is refused.
func TestSuccessorsInACrowd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := b.booked(b.at("reservation", 9, 10))
	b.expire(hold)
	b.booked(b.at("instant", 9, 10))
	for range 2 { // the first loses its claim, the other is refused by a look
		_, err := b.try(b.at("instant", 9, 10))
		wantCode(t, err, fault.SlotTaken)
	}
	_, err := b.try(b.from(hold, 9, 10))
	wantCode(t, err, fault.HoldExpired)
}

// TestRequestsAreLockedBeforeTime: two times are picked for one scheduling request, and one of them was accepted by a version without
// claims. Its commit takes the request first and its time then, and so does a creation: they cannot wait for each other.
func TestRequestsAreLockedBeforeTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.createRequest(b.request())
	v := b.picked(r, 9, 10)
	in := commit(v, b.create(v))
	release := b.gate("AFTER INSERT ON actions FOR EACH ROW")
	var both sync.WaitGroup
	var err, failed error
	var out booking.Outcome
	both.Go(func() { err = b.tried(b.picked(r, 9.5, 10.5)) })
	b.until(fmt.Sprintf(waiting, 1))
	both.Go(func() { out, failed = b.Commit(b.ctx, in) })
	b.until(fmt.Sprintf(waiting, 2))
	release()
	both.Wait()
	wantCode(t, err, fault.ActionNotAvailable)
	check(t, failed)
	wantEqual(t, "the one before", out.Result, booking.ResultApplied)
	b.wantNoDeadlock()
}

// TestAMovesClaimIsSeenAsItsOwn, although it stands among the rows of the booking that it is to replace.
func TestAMovesClaimIsSeenAsItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.booked(b.at("instant", 9, 10))
	v := b.instead(old, 11, 12)
	b.accepted(v)
	window := postgres.Window{Resources: []uuid.UUID{b.resource.ID}, From: monday, To: monday.Add(24 * time.Hour)}
	var by []string
	for _, busy := range must(b.BusyTimesWithHolder(b.ctx, b.app.ID, window))[b.resource.ID] {
		by = append(by, words(busy.Kind, busy.Holder))
	}
	wantSame(t, "taken by", by, []string{words("booking", old.ID), words("claim", v.ID)})
	shown, _, err := b.CalendarEvents(b.ctx, b.app.ID, postgres.CalendarEventFilter{From: window.From, To: window.To}, postgres.Page{Number: 1, Limit: 10})
	check(t, err)
	var entries []string
	for _, e := range shown {
		entries = append(entries, e.Booking.ID.String())
	}
	wantSame(t, "entries", entries, []string{old.ID.String(), v.ID.String()})
}

// TestHalfAClaimIsNone: somebody who does not queue, since he takes no buffer, is in the way of the buffer alone.
func TestHalfAClaimIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	release := b.gate("AFTER INSERT ON actions FOR EACH ROW")
	all, errs := []*booking.Booking{b.at("instant", 10, 11), b.buffered(9, 10, 30)}, make([]error, 2)
	var both sync.WaitGroup
	for i, v := range all {
		both.Go(func() { _, errs[i] = b.try(v) })
		b.until(fmt.Sprintf(waiting, i+1))
	}
	release()
	both.Wait()
	check(t, errs[0])
	wantCode(t, errs[1], fault.SlotTaken)
	b.wantRows("of the winner", 1, 0)
	b.wantCount(1, `SELECT count(*) FROM bookings`)
}

// TestSharedClaimsKeepOthersOut: what may overlap others is not in the constraint, and its claim counts all the same.
func TestSharedClaimsKeepOthersOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shared := b.at("instant", 9, 10)
	shared.Settings.AllowDoubleBookings = true
	b.accepted(shared)
	_, err := b.try(b.at("instant", 9.5, 10.5))
	wantCode(t, err, fault.SlotTaken)
	b.wantRows("of the one", 1, 0)
}

// TestASeatGivenBackIsTold: a seat's booking ends while its payment is on its way, and its change tells of the seats without it.
func TestASeatGivenBackIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.seat(b.session(1, booking.Session{}), "group_customer_payment"))
	must(b.ask(v, "pay"))
	b.wantEvent(b.played(v, "timeout"))
}

// TestARefusalWithoutAClaimWakesNoTimer: only a timer that had to wait for what is refused has its turn.
func TestARefusalWithoutAClaimWakesNoTimer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := b.booked(b.at("reservation", 9, 10))
	b.exec(`UPDATE bookings SET entered_at = entered_at - interval '1 hour' WHERE id = $1`, hold.ID)
	in := commit(hold, must(b.ask(hold, "extend")))
	in.Refusal = &booking.Refusal{Code: fault.Stale, Message: "no"}
	wantEqual(t, "relayed", must(b.Commit(b.ctx, in)).Relays, 0)
	b.wantCount(1, `SELECT count(*) FROM actions WHERE booking_id = $1 AND name <> 'create' AND status = 'refused'`, hold.ID)
}
