package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// TestAPromiseWaitsForItsHold: a hold that is just ending is promised to nobody; whoever asks waits for the end.
func TestAPromiseWaitsForItsHold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := b.booked(b.at("reservation", 9, 10))
	tx, err := b.look.Begin(b.ctx)
	check(t, err)
	defer func() { _ = tx.Rollback(b.ctx) }()
	_, err = tx.Exec(b.ctx, `UPDATE bookings SET state = 'expired', completed = true WHERE id = $1`, hold.ID)
	check(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := b.try(b.from(hold, 9, 10))
		done <- err
	}()
	b.until(fmt.Sprintf(waiting, 1))
	check(t, tx.Commit(b.ctx))
	wantCode(t, <-done, fault.HoldExpired)
	b.wantCount(1, `SELECT count(*) FROM bookings`)
	b.wantRows("nothing is claimed", 0, 1)
}

// TestClaimsInItsPlaceStay: an action of a booking whose place is promised ends, and what is claimed in its place stays.
func TestClaimsInItsPlaceStay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, end := range []string{`UPDATE actions SET status = 'refused' WHERE name = 'own'`, `DELETE FROM actions WHERE name = 'own'`} {
		b.resource, b.calendar = b.newResource(b.app)
		old := b.booked(b.at("instant", 9, 10))
		v := b.instead(old, 15, 16)
		a := b.accepted(v)
		b.exec(`INSERT INTO actions (id, app_id, booking_id, name, actor, channel, claims)
			SELECT gen_random_uuid(), app_id, $1, 'own', actor, channel, true FROM actions WHERE id = $2`, old.ID, a.ID)
		b.exec(end)
		b.wantCount(1, `SELECT count(*) FROM occupancies WHERE claimant = $1`, v.ID)
		b.wantCount(1, `SELECT count(*) FROM occupancies WHERE booking_id = $1 AND NOT claimed`, old.ID)
		wantEqual(t, "moved", must(b.Commit(b.ctx, commit(v, a))).Result, booking.ResultApplied)
		b.wantReplaced(old, b.known(v))
		b.exec(`DELETE FROM actions WHERE name = 'own'`)
	}
}

// TestAClaimInItsPlaceIsNotItsOwn: what is claimed among a booking's rows for its successor reserves nothing for the booking itself,
// and does not go with it.
func TestAClaimInItsPlaceIsNotItsOwn(t *testing.T) {
	t.Parallel()
	for name, reserved := range map[string]int{"confirm": 1, "decline": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v, other := b.booked(b.at("confirm_decline", 9, 10)), b.at("instant", 15, 16)
			b.accepted(other)
			b.exec(`UPDATE occupancies SET booking_id = $1, claimant = $2 WHERE booking_id = $2`, v.ID, other.ID)
			b.played(v, name)
			b.wantCount(reserved, `SELECT count(*) FROM occupancies WHERE booking_id = $1 AND NOT claimed
				AND during = tstzrange($2, $3, '[)')`, v.ID, v.Start, v.End)
			b.wantCount(1, `SELECT count(*) FROM occupancies WHERE claimant = $1 AND claimed`, other.ID)
			b.wantRows("in the end", 1, reserved)
		})
	}
}

// TestAClaimInItsPlaceIsNotShared: an action of a booking whose place is promised to another one claims time of its own.
func TestAClaimInItsPlaceIsNotShared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, other := b.booked(b.at("confirm_decline", 9, 10)), b.at("instant", 15, 16)
	b.accepted(other)
	b.exec(`UPDATE occupancies SET booking_id = $1, claimant = $2 WHERE booking_id = $2`, v.ID, other.ID)
	confirm := must(b.ask(v, "confirm"))
	b.wantCount(1, `SELECT count(*) FROM occupancies WHERE booking_id = $1 AND claimed AND claimant IS NULL
		AND during = tstzrange($2, $3, '[)')`, v.ID, v.Start, v.End)
	wantEqual(t, "confirmed", must(b.Commit(b.ctx, commit(v, confirm))).State, "confirmed")
	b.wantRows("in the end", 1, 1)
}

// TestTwoPaymentsOfOneSeat share the seat: whichever ends first, and however, the other neither loses it nor takes a second one.
func TestTwoPaymentsOfOneSeat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, refused := range []bool{false, true} {
		session := b.session(2, booking.Session{})
		v := b.booked(b.seat(session, "group_customer_payment"))
		one, two := must(b.ask(v, "pay")), must(b.ask(v, "pay"))
		const seats = `SELECT taken + (SELECT count(*)::int FROM seats WHERE session_id = $1) FROM sessions WHERE booking_id = $1`
		b.wantCount(2, seats, session.ID)
		in := commit(v, one)
		if refused {
			in.Refusal = &booking.Refusal{Code: fault.Stale, Message: "no"}
		}
		must(b.Commit(b.ctx, in))
		b.wantCount(2, seats, session.ID)
		must(b.Commit(b.ctx, commit(b.known(v), two)))
		wantEqual(t, "state", b.known(v).State, "paid")
		b.wantSeats(session, 1)
		b.wantCount(0, `SELECT count(*) FROM seats WHERE claimed`)
		b.wantCount(0, `SELECT count(*) FROM actions WHERE status = 'pending' AND claims`)
		b.resource, b.calendar = b.newResource(b.app)
	}
	b.sound()
}

// TestAMoveLocksItsOldBookingFirst: a move that waits for the booking that it is to replace has claimed nothing yet, and keeps
// nobody from the resource: whoever has the old booking may want the resource next.
func TestAMoveLocksItsOldBookingFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	impatient, err := postgres.Open(b.ctx, strings.ReplaceAll(b.url, "lock_timeout=120s", "lock_timeout=50ms"), 2)
	check(t, err)
	defer impatient.Close()
	old := b.booked(b.buffered(9, 10, 15))
	v, other := b.buffered(11, 12, 15), b.buffered(15, 16, 15)
	v.Related.RescheduledFrom = &old.ID
	release := b.holdBooking(old)
	done := make(chan error, 1)
	go func() {
		_, err := b.try(v)
		done <- err
	}()
	b.until(fmt.Sprintf(waiting, 1))
	_, err = impatient.CreateBooking(b.ctx, other, action(other, "confirm"), takesSlot)
	check(t, err)
	release()
	check(t, <-done)
	b.wantRows("of both", 4, 2)
}

// TestASeatWaitsForItsSession: a session that is just being closed has no seat for whoever asks meanwhile.
func TestASeatWaitsForItsSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session := b.session(2, booking.Session{})
	tx, err := b.look.Begin(b.ctx)
	check(t, err)
	defer func() { _ = tx.Rollback(b.ctx) }()
	_, err = tx.Exec(b.ctx, `UPDATE sessions SET open = false WHERE booking_id = $1`, session.ID)
	check(t, err)
	done := make(chan error, 1)
	go func() {
		v := b.seat(session, "group_customer")
		_, err := b.CreateBooking(b.ctx, v, action(v, "create"), takesSeat)
		done <- err
	}()
	b.until(fmt.Sprintf(waiting, 1))
	check(t, tx.Commit(b.ctx))
	wantCode(t, <-done, fault.SessionClosed)
	b.wantSeats(session, 0)
}
