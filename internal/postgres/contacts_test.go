package postgres_test

import (
	"bytes"
	"testing"

	"holdfast/internal/contact"
	"holdfast/internal/fault"
)

// digest is a digest of an address.
func digest(n byte) []byte { return bytes.Repeat([]byte{n}, 32) }

// kinds are the kinds of blocks that an address has.
func (b *bundle) kinds(appID [16]byte, digests ...[]byte) string {
	b.t.Helper()
	var all []any
	for _, one := range must(b.Blocks(b.ctx, appID, digests...)) {
		all = append(all, string(one.Channel)+":"+string(one.Kind))
	}
	return words(all...)
}

// TestContactBlocks: a block is on record once, is another app's business only, and ends by its kind and booking.
func TestContactBlocks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.newApp("other")
	v, _ := b.book(b.at("instant", 9, 10))
	dead := contact.Block{AppID: b.app.ID, Channel: contact.Mail, Digest: digest(1), Kind: contact.Dead, Reason: "smtp_550"}
	ofBooking := contact.Block{AppID: b.app.ID, Channel: contact.Mail, Digest: digest(1), Kind: contact.Reminders, BookingID: &v.ID}
	ofApp := contact.Block{AppID: b.app.ID, Channel: contact.Mail, Digest: digest(1), Kind: contact.Reminders}
	stopped := contact.Block{AppID: b.app.ID, Channel: contact.SMS, Digest: digest(2), Kind: contact.Stopped}
	for _, one := range []contact.Block{dead, ofBooking, ofApp, stopped, dead, ofBooking, ofApp, stopped} {
		check(t, b.Block(b.ctx, one))
	}
	wantEqual(t, "the first address", b.kinds(b.app.ID, digest(1)), "mail:dead mail:reminders mail:reminders")
	wantEqual(t, "both", len(must(b.Blocks(b.ctx, b.app.ID, digest(1), digest(2)))), 4)
	wantEqual(t, "none", len(must(b.Blocks(b.ctx, b.app.ID))), 0)
	wantEqual(t, "of another app", b.kinds(other.ID, digest(1), digest(2)), "")
	got := must(b.Blocks(b.ctx, b.app.ID, digest(1)))[0]
	wantEqual(t, "the block", words(got.AppID, string(got.Kind), got.Reason, got.BookingID == nil, bytes.Equal(got.Digest, digest(1))),
		words(b.app.ID, "dead", "smtp_550", true, true))

	wantEqual(t, "of another app", must(b.Unblock(b.ctx, other.ID, contact.Mail, digest(1), contact.Dead, nil)), false)
	wantEqual(t, "of the app", must(b.Unblock(b.ctx, b.app.ID, contact.Mail, digest(1), contact.Reminders, nil)), true)
	wantEqual(t, "again", must(b.Unblock(b.ctx, b.app.ID, contact.Mail, digest(1), contact.Reminders, nil)), false)
	wantEqual(t, "that of the booking stays", b.kinds(b.app.ID, digest(1)), "mail:dead mail:reminders")
	wantEqual(t, "dead", must(b.Unblock(b.ctx, b.app.ID, contact.Mail, digest(1), contact.Dead, nil)), true)
	b.play(v, "cancel")
	check(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID))
	wantEqual(t, "goes with its booking", b.kinds(b.app.ID, digest(1)), "")

	unknown := newID()
	ofBooking.BookingID = &unknown
	wantCode(t, b.Block(b.ctx, ofBooking), fault.NotFound)
	stopped.AppID = unknown
	wantCode(t, b.Block(b.ctx, stopped), fault.NotFound)
	b.exec(`DELETE FROM apps WHERE id = $1`, other.ID)
	b.wantCount(1, `SELECT count(*) FROM contact_blocks`)
}
