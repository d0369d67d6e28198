package postgres_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// mailer gives the bundle's app what it sends mails by, and returns its id.
func (b *bundle) mailer() (id uuid.UUID) {
	b.t.Helper()
	for range 2 { // a repeat changes nothing
		check(b.t, b.EnsureMailers(b.ctx))
	}
	check(b.t, b.look.QueryRow(b.ctx, `SELECT id FROM webhook_endpoints WHERE app_id = $1 AND purpose = 'mail'`, b.app.ID).Scan(&id))
	return id
}

// claimMail takes what is due of the mailer.
func (b *bundle) claimMail(mailer uuid.UUID) []outbox.ClaimedDelivery {
	b.t.Helper()
	return must(b.ClaimDeliveries(b.ctx, mailer, postgres.Claim{Limit: 10, Lease: time.Minute}))
}

// TestWhatIsRolledBackMakesNoMail: a transition that is lost at its COMMIT leaves no event and no mail, and the mailer is not woken. The one
// that is tried afterwards leaves one event.
func TestWhatIsRolledBackMakesNoMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mailer := b.mailer()
	v := b.at("instant", 9, 10)
	in := commit(v, b.create(v))
	b.exec(`CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '58030'; END $$`)
	b.exec(`CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lose()`)
	if out, err := b.Commit(b.ctx, in); err == nil {
		t.Fatalf("it was committed: %+v", out)
	}
	wantEqual(t, "events that are due", len(b.claimMail(mailer)), 0)
	wantEqual(t, "events and mails", b.count(`SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM webhook_deliveries)
		+ (SELECT count(*) FROM webhook_endpoints WHERE awake)`), 0)
	wantEqual(t, "state", b.known(v).State, "initialized")
	b.exec(`DROP TRIGGER lose ON events`)
	wantEqual(t, "tried again", must(b.Commit(b.ctx, in)).Result, booking.ResultApplied)
	wantEqual(t, "events that are due", len(b.claimMail(mailer)), 1)
}

// TestAnEventBecomesMails: one for each recipient, once, whatever is repeated.
func TestAnEventBecomesMails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mailer := b.mailer()
	v := b.booked(b.at("instant", 9, 10))
	due := b.claimMail(mailer)
	wantEqual(t, "events that are due", len(due), 1)
	wantEqual(t, "recipient", due[0].Recipient, "")
	mails := map[string]json.RawMessage{"owner": json.RawMessage(`{"kind": "booking_confirmed"}`), v.ID.String(): json.RawMessage(`{"kind": "booking_confirmed"}`)}
	for range 2 {
		check(t, b.WriteMails(b.ctx, mailer, due[0], mails, 0))
	}
	later := b.booked(b.at("instant", 10, 11))
	events := must(b.ClaimDeliveries(b.ctx, mailer, postgres.Claim{Limit: 10, Lease: time.Minute, EventsOnly: true}))
	wantEqual(t, "events that are due beside mails", len(events), 1)
	wantEqual(t, "the event is of", *events[0].Event.BookingID, later.ID)
	all := b.claimMail(mailer)
	wantEqual(t, "mails", len(all), 2)
	for _, one := range all {
		wantEqual(t, "event", one.Event.ID, due[0].Event.ID)
		wantEqual(t, "mail", string(one.Mail), `{"kind": "booking_confirmed"}`)
	}
	listed, more, err := b.Mails(b.ctx, b.app.ID, postgres.DeliveryFilter{Booking: &v.ID}, nil, 1)
	check(t, err)
	wantEqual(t, "listed", len(listed), 1)
	wantEqual(t, "more", more, true)
	other, _, err := b.Mails(b.ctx, newID(), postgres.DeliveryFilter{Booking: &v.ID}, nil, 10)
	check(t, err)
	wantEqual(t, "of another app", len(other), 0)
	hooks, _, err := b.BookingDeliveries(b.ctx, b.app.ID, v.ID, postgres.DeliveryFilter{}, nil, 10)
	check(t, err)
	wantEqual(t, "webhooks", len(hooks), 0)
	wantEqual(t, "endpoints", len(must(b.Endpoints(b.ctx, b.app.ID))), 0)
	_, err = b.Endpoint(b.ctx, b.app.ID, mailer)
	wantCode(t, err, fault.NotFound)
}

// TestThreadsOfMails: what took a booking's place has its thread, and a later mail passes an earlier one to the same recipient only.
func TestThreadsOfMails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mailer := b.mailer()
	v := b.booked(b.at("instant", 9, 10))
	first := b.claimMail(mailer)[0]
	check(t, b.WriteMails(b.ctx, mailer, first, map[string]json.RawMessage{"owner": json.RawMessage(`{}`)}, 0))
	own := b.claimMail(mailer)[0]
	thread := must(b.MailThread(b.ctx, mailer, own))
	wantEqual(t, "thread", thread, postgres.MailThread{First: v.ID})
	b.play(v, "cancel")
	check(t, b.WriteMails(b.ctx, mailer, b.claimMail(mailer)[0], map[string]json.RawMessage{"owner": json.RawMessage(`{}`)}, time.Hour))
	wantEqual(t, "passed", must(b.MailThread(b.ctx, mailer, own)).Passed, true)
	own.Recipient = newID().String()
	wantEqual(t, "of somebody else", must(b.MailThread(b.ctx, mailer, own)).Passed, false)
	place, moves, err := b.FirstPlace(b.ctx, v.ID)
	check(t, err)
	wantEqual(t, "the first place, and moves from there", words(place, moves), words(v.ID, 0))
	p := &catalogue.Project{ID: newID(), AppID: b.app.ID, Name: "P", Slug: "p", UI: json.RawMessage(`{"language":"da"}`)}
	check(t, b.CreateProject(b.ctx, p))
	b.exec(`UPDATE bookings SET project_id = $1 WHERE id = $2`, p.ID, v.ID)
	wantEqual(t, "language of the project", must(b.MailThread(b.ctx, mailer, own)).Language, "da")
}

// TestMailsToUnknownAddresses: one an hour about bookings that only visitors have had to do with, however often it is tried.
func TestMailsToUnknownAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	digest, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	one, two := b.booked(b.at("confirm_decline", 9, 10)), b.booked(b.at("confirm_decline", 11, 12))
	first, second := newID(), newID()
	admits := func(what string, v *booking.Booking, digest []byte, delivery uuid.UUID, want bool) {
		t.Helper()
		wantEqual(t, what, must(b.AdmitMail(b.ctx, b.app.ID, v.ID, digest, delivery)), want)
	}
	admits("the first", one, digest, first, true)
	admits("again", one, digest, first, true)
	admits("the next", two, digest, second, false)
	admits("to another", two, other, second, true)
	key := newID()
	b.exec(`INSERT INTO api_keys (id, app_id, kind, hint, hash, sealed) VALUES ($1, $2, 'widget', '', '\x01', '')`, key, b.app.ID)
	b.exec(`UPDATE actions SET key_id = $1 WHERE booking_id = $2`, key, two.ID)
	admits("by a widget key", two, digest, second, false)
	b.exec(`UPDATE api_keys SET kind = 'server' WHERE id = $1`, key)
	admits("by a server key", two, digest, second, true)
	b.exec(`UPDATE api_keys SET kind = 'widget' WHERE id = $1`, key)
	b.exec(`UPDATE mail_limits SET at = at - interval '61 minutes'`)
	admits("an hour later", two, digest, second, true)
	b.wantCount(1, `SELECT count(*) FROM mail_limits`)
}
