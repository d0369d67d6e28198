package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/payment"
)

// company is so many seats of a session at an hour that are paid together, and wait for their payment; the first one pays.
func (b *bundle) company(seats, hour int) (session *booking.Booking, all []*booking.Booking) {
	b.t.Helper()
	a, err := b.AccountFor(b.ctx, b.app.ID, "")
	if fault.CodeOf(err) == fault.NotFound {
		a = b.account("main")
	}
	session = b.unopened(seats, booking.Session{})
	start := monday.Add(time.Duration(hour) * time.Hour)
	session.Start, session.End = start, start.Add(time.Hour)
	session = b.booked(session)
	for range seats {
		v := b.priced(b.seat(session, "paid_seat"), a, 4500)
		v.Start, v.End = session.Start, session.End
		all = append(all, v)
	}
	for n := range all {
		i := (n + 1) % seats
		if i > 0 {
			all[i].Related.Payer = &all[0].ID
		}
		all[i] = b.booked(all[i])
	}
	return session, all
}

func (b *bundle) wantStates(what string, all []*booking.Booking, state string) {
	b.t.Helper()
	for _, v := range all {
		wantEqual(b.t, what, b.known(v).State, state)
	}
}

// TestMovesTakeAlong: a payer's move and those of the seats that it pays for are one transaction, and a repeat of it, after a crash, still
// has all of them to be handed to their workflows. Each has its transition, its event and its decided action.
func TestMovesTakeAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, all := b.company(3, 9)
	payer := all[0]
	a := action(payer, "pay")
	a.Actor = graphs.ActorPayment
	_, err := b.InsertAction(b.ctx, a, "")
	check(t, err)
	for range 2 {
		out, err := b.Commit(b.ctx, commit(payer, a))
		check(t, err)
		wantEqual(t, "relays", words(out.Result, out.Relays), words(booking.ResultApplied, 2))
	}
	b.wantStates("paid", all, "paid")
	wantEqual(t, "events", b.count(`SELECT count(*)::int FROM events WHERE state = 'paid'`), 3)
	relays, err := b.PendingRelays(b.ctx, payer.ID)
	check(t, err)
	for _, r := range relays {
		wantEqual(t, "the action", words(r.Action.Name, r.Action.Status), words("pay", booking.Applied))
		seat := r.Booking
		out, err := b.Commit(b.ctx, booking.CommitInput{BookingID: seat.ID, Seq: seat.Seq - 1, ActionID: r.Action.ID, Actor: r.Action.Actor})
		check(t, err)
		wantEqual(t, "its workflow", words(out.Result, out.State, out.Seq), words(booking.ResultApplied, "paid", seat.Seq))
		check(t, b.MarkRelayed(b.ctx, r.Action.ID))
	}
	out, err := b.Commit(b.ctx, commit(payer, a))
	check(t, err)
	wantEqual(t, "relays that are left", out.Relays, 0)
	b.sound()
}

// TestSeatsTakenAlongAreRemindedLate: a reminder whose moment passed while a seat waited for its payer goes with the payer's move.
func TestSeatsTakenAlongAreRemindedLate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.mailer()
	_, all := b.company(3, 9)
	for _, v := range all {
		b.exec(`INSERT INTO reminders (booking_id, number, at, settings, mail, late_until) VALUES ($1, 0, now() - interval '1 hour', '{}',
			'{"kind": "reminder", "to": "owner"}', now() + interval '1 hour')`, v.ID)
	}
	a := action(all[0], "pay")
	a.Actor = graphs.ActorPayment
	_, err := b.InsertAction(b.ctx, a, "")
	check(t, err)
	for range 2 {
		must(b.Commit(b.ctx, commit(all[0], a)))
		for _, v := range all {
			wantSame(t, "mails", b.toMail(v), []string{"reminder"})
		}
	}
	b.sound()
}

// TestSeatsWaitForTheirPayer: what a payer decides is refused of the others, but not to leave; without a payer they go on by themselves.
func TestSeatsWaitForTheirPayer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, all := b.company(3, 9)
	for actor, name := range map[graphs.Actor]string{graphs.ActorTimer: "timeout", graphs.ActorAPI: "pay", graphs.ActorPayment: "extend"} {
		_, out := b.by(actor, all[1], name)
		b.wantRefused(name, out, fault.ActionNotAvailable, all[1], "tentative")
	}
	b.wantBy(graphs.ActorCustomerLink, all[1], "withdraw", "withdrawn")
	b.wantBy(graphs.ActorTimer, all[0], "timeout", "expiring")
	wantEqual(t, "the third", b.known(all[2]).State, "expiring")
	wantEqual(t, "the second", b.known(all[1]).State, "withdrawn")
	b.exec(`UPDATE bookings SET payer_id = $2 WHERE id = $1`, all[2].ID, newID())
	b.wantBy(graphs.ActorTimer, all[2], "expire", "unpaid")
	b.sound()
}

// TestSeatsMoveAtOnce: a payer and those it pays for move at the same time as the session is cancelled, again and again. No transaction is
// given up, and the seats are counted.
func TestSeatsMoveAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for hour := range 10 {
		session, all := b.company(4, hour)
		var moves sync.WaitGroup
		for i, v := range all {
			moves.Go(func() {
				name, actor := "withdraw", graphs.ActorCustomerLink
				if i == 0 {
					name, actor = "pay", graphs.ActorPayment
				}
				a := action(v, name)
				a.Actor = actor
				if _, err := b.InsertAction(b.ctx, a, ""); err != nil && fault.CodeOf(err) != fault.ActionNotAvailable {
					t.Error(err)
					return
				}
				if _, err := b.Commit(b.ctx, commit(v, a)); err != nil {
					t.Error(err)
				}
			})
		}
		moves.Go(func() {
			a, err := b.InsertAction(b.ctx, action(session, "cancel"), "")
			if err == nil {
				_, err = b.Commit(b.ctx, commit(session, a))
			}
			if err != nil {
				t.Error(err)
			}
		})
		moves.Wait()
	}
	b.wantNoDeadlock()
	b.sound()
}

// TestPartsOfSeatsThatLeftGoBack once the money is there, each once; what is left of it stays.
func TestPartsOfSeatsThatLeftGoBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, all := b.company(3, 9)
	v := all[0]
	var parts []payment.Part
	for _, one := range all {
		parts = append(parts, payment.Part{BookingID: one.ID, Amount: 4500})
	}
	made := &payment.Payment{
		ID: newID(), AppID: v.AppID, BookingID: v.ID, AccountID: v.Payment.AccountID, Provider: v.Payment.Provider, Code: newID().String(),
		Kind: payment.Full, Capture: payment.CaptureNow, Currency: "EUR", Amount: 13500, ExpiresAt: monday,
	}
	p, err := b.EnsurePayment(b.ctx, made, parts...)
	check(t, err)
	_, err = b.EnsurePayment(b.ctx, made, parts[:1]...) // a repeat
	check(t, err)
	b.wantBy(graphs.ActorCustomerLink, all[2], "withdraw", "withdrawn")
	out := b.settle(p, arrived(p))
	wantEqual(t, "refunds before it is decided", len(out.Refunds), 0)
	b.decide(v, *out.Signal)
	for range 2 {
		out = b.settle(p, nil)
	}
	if len(out.Refunds) != 1 || out.Refunds[0].Amount != 4500 || *out.Refunds[0].PartOf != all[2].ID {
		t.Fatalf("%+v", out.Refunds)
	}
	known, err := b.PaymentsOf(b.ctx, b.app.ID, []uuid.UUID{all[1].ID, all[2].ID})
	check(t, err)
	for i, want := range map[int]int64{1: 0, 2: 4500} {
		mine := known[all[i].ID][0]
		wantEqual(t, "gone back", mine.ReturnedFor(all[i].ID), want)
		wantEqual(t, "paid", mine.PaidFor(all[i].ID), int64(4500))
	}
	wantEqual(t, "parts", len(known[all[1].ID][0].Parts), 3)
	b.sound()
}
