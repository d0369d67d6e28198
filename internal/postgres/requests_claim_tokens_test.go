package postgres_test

import (
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// claimed is a booking that a visitor with a claim token makes through a public link.
func (b *bundle) claimed(link *catalogue.PublicLink, jti string, from, to float64) *booking.Booking {
	v := b.asked(from, to)
	v.Request.PublicLink = &link.ID
	v.Claim = &booking.Claim{ID: jti, Until: time.Now().Add(time.Hour)}
	return v
}

func (b *bundle) spent(jti string) bool {
	b.t.Helper()
	return must(b.ClaimSpent(b.ctx, b.app.ID, jti))
}

func TestAClaimIsSpentWithItsBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	link := b.link("one")
	v := b.claimed(link, "jti", 9, 10)
	first := b.create(v)
	wantEqual(t, "spent", b.spent("jti"), true)
	known, err := b.CreateBooking(b.ctx, v, action(v, "create"), graphs.Move{})
	check(t, err)
	wantEqual(t, "a repeat finds the first try", known.ID, first.ID)
	other := b.claimed(link, "jti", 11, 12)
	wantCode(t, b.tried(other), fault.ClaimReplayed)
	b.wantCount(1, `SELECT count(*) FROM bookings`)
	b.wantCount(1, `SELECT count(*) FROM scheduling_requests`)
	must(b.Commit(b.ctx, commit(v, first)))

	taken := b.claimed(link, "second", 9.5, 10.5)
	wantCode(t, b.tried(taken), fault.SlotTaken)
	wantEqual(t, "not for a time that is taken", b.spent("second"), false)

	mine := b.app
	b.app = b.newApp("other")
	b.resource, b.calendar = b.newResource(b.app)
	b.booked(b.claimed(b.link("two"), "jti", 9, 10))
	wantEqual(t, "each app's by itself", b.spent("jti"), true)
	b.wantCount(2, `SELECT count(*) FROM spent_claims`)
	b.played(b.known(&booking.Booking{ID: v.ID, AppID: mine.ID}), "cancel")
	check(t, b.DeleteBooking(b.ctx, mine.ID, v.ID))
	b.wantCount(2, `SELECT count(*) FROM spent_claims`) // a booking that is erased gives no token back
}

// TestOneClaimMakesOneBooking sends fifty bookings at once with one token.
func TestOneClaimMakesOneBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	link := b.link("one")
	all, errs := make([]*booking.Booking, 50), make([]error, 50)
	for i := range all {
		all[i] = b.claimed(link, "jti", float64(i), float64(i+1))
	}
	together(len(all), func(i int) { errs[i] = b.tried(all[i]) })
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		wantCode(t, err, fault.ClaimReplayed)
	}
	wantEqual(t, "made", made, 1)
	b.wantCount(1, `SELECT count(*) FROM bookings`)
	b.wantCount(1, `SELECT count(*) FROM scheduling_requests`)
}

// TestAClaimIsGivenBack when its booking loses its time: to its maker it never existed.
func TestAClaimIsGivenBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	link := b.link("one")
	v := b.claimed(link, "jti", 9, 10)
	in := commit(v, b.create(v))
	b.booked(b.at("instant", 9, 10))
	out := must(b.Commit(b.ctx, in))
	wantEqual(t, "outcome", words(out.Result, out.Code), "gone slot_taken")
	wantEqual(t, "spent", b.spent("jti"), false)
	b.wantCount(0, `SELECT count(*) FROM scheduling_requests`)
	again := b.booked(b.claimed(link, "jti", 11, 12))
	wantEqual(t, "at another time", again.Request.Metadata["correlation_id"], "correlation-canary")
	wantEqual(t, "spent now", b.spent("jti"), true)
}

// TestAMovedBookingSpendsNothing, and when it is lost the request stays with the old one.
func TestAMovedBookingSpendsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.booked(b.claimed(b.link("one"), "jti", 9, 10))
	wantEqual(t, "the record has no claim", old.Claim, nil)
	b.booked(b.at("instant", 13, 14))
	lost := b.instead(old, 11, 12)
	lost.Request = old.Request
	in := commit(lost, b.create(lost))
	b.booked(b.at("instant", 11, 12))
	wantEqual(t, "lost", words(must(b.Commit(b.ctx, in)).Code), "slot_taken")
	moved := b.instead(old, 15, 16)
	moved.Request = old.Request
	moved = b.booked(moved)
	_, id := b.requested(old.Request)
	wantEqual(t, "the same request", words(moved.Request.Name, id), words(old.Request.Name, moved.ID))
	b.wantCount(1, `SELECT count(*) FROM spent_claims`)
	b.wantCount(1, `SELECT count(*) FROM scheduling_requests`)
}

func TestForgetClaims(t *testing.T) {
	t.Parallel()
	b := setup(t)
	link := b.link("one")
	for i, jti := range []string{"past", "just past", "good"} {
		b.booked(b.claimed(link, jti, float64(i), float64(i+1)))
	}
	b.exec(`UPDATE spent_claims SET until = now() - interval '61 minutes' WHERE jti = 'past'`)
	b.exec(`UPDATE spent_claims SET until = now() - interval '59 minutes' WHERE jti = 'just past'`)
	wantEqual(t, "deleted", b.cleaned("claim_tokens", postgres.Retention{Claims: time.Hour}), 1)
	wantSame(t, "kept", column[string](b, `SELECT jti FROM spent_claims ORDER BY jti`), []string{"good", "just past"})
}
