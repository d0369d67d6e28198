package postgres_test

import (
	"testing"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// byLink is an action that came by a link, put on record together with the spending of that link.
func (b *bundle) byLink(v *booking.Booking, name, link string) (*booking.Action, error) {
	a := action(v, name)
	a.Actor, a.Channel = graphs.ActorOwnerLink, booking.ChannelLink
	return b.InsertAction(b.ctx, a, link)
}

func (b *bundle) wantSpent(v *booking.Booking, link string, want bool) {
	b.t.Helper()
	wantEqual(b.t, "spent", must(b.LinkSpent(b.ctx, []uuid.UUID{newID(), v.ID}, link)), want)
}

func TestAppliedLinkStaysSpent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	b.wantSpent(v, "link", false)
	a := must(b.byLink(v, "cancel", "link"))
	b.wantSpent(v, "link", true)
	_, err := b.byLink(v, "cancel", "link")
	wantCode(t, err, fault.LinkUsed)
	b.wantCount(1, `SELECT count(*) FROM actions WHERE name = 'cancel'`)
	wantEqual(t, "result", must(b.Commit(b.ctx, commit(v, a))).Result, booking.ResultApplied)
	b.wantSpent(v, "link", true)
	_, err = b.byLink(v, "cancel", "link")
	wantCode(t, err, fault.LinkUsed)
	b.wantSpent(v, "another link", false)
}

func TestRefusedLinkIsGivenBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.booked(b.at("instant", 9, 10))
	v := b.booked(b.at("confirm_decline", 9, 10))
	other := must(b.byLink(v, "decline", "another link"))
	for range 2 {
		a := must(b.byLink(v, "confirm", "link"))
		wantEqual(t, "slot is gone", must(b.Commit(b.ctx, commit(v, a))).Result, booking.ResultRefused)
		b.wantSpent(v, "link", false)
		a = must(b.byLink(v, "pay", "link"))
		wantEqual(t, "no such action", must(b.Commit(b.ctx, commit(v, a))).Result, booking.ResultRefused)
		b.wantSpent(v, "link", false)
	}
	b.wantSpent(v, "another link", true)
	wantEqual(t, "the other", must(b.Commit(b.ctx, commit(v, other))).Result, booking.ResultApplied)
	b.wantSpent(v, "another link", true)
}

func TestOneLinkAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	errs := make([]error, 20)
	together(len(errs), func(i int) { _, errs[i] = b.byLink(v, "cancel", "link") })
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, fault.LinkUsed)
	}
	wantEqual(t, "uses", won, 1)
	b.wantCount(1, `SELECT count(*) FROM actions WHERE name = 'cancel'`)
}

func TestRequestRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	a := action(v, "cancel")
	known, errs := make([]*booking.Action, 20), make([]error, 20)
	together(len(known), func(i int) {
		mine := *a
		known[i], errs[i] = b.InsertAction(b.ctx, &mine, "link")
	})
	for i := range known {
		check(t, errs[i])
		wantEqual(t, "id", known[i].ID, a.ID)
	}
	b.wantCount(1, `SELECT count(*) FROM actions WHERE name = 'cancel'`)
	must(b.Commit(b.ctx, commit(v, a)))
	again := must(b.InsertAction(b.ctx, a, "link"))
	wantEqual(t, "status", again.Status, booking.Applied)
	wantEqual(t, "seq", again.Seq, 2)
}

func TestLinkOfADeletedBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.played(b.booked(b.at("instant", 9, 10)), "cancel")
	check(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
	_, err := b.byLink(v, "cancel", "link")
	wantCode(t, err, fault.NotFound)
	b.wantCount(0, `SELECT count(*) FROM actions`)
}
