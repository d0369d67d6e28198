package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/contact"
	"holdfast/internal/fault"
	"holdfast/internal/mail"
	mailers "holdfast/internal/mail/mailer"
	"holdfast/internal/mail/message"
	"holdfast/internal/mail/relay"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// mailer sends the mails of one app: its target's deliveries.
type mailer struct {
	*Activities
	*target
}

const (
	// mailUseful is how long a mail is worth sending.
	mailUseful = 48 * time.Hour
	// relayAgain is when a relay that takes no mails is tried again, a tenth more at most. It rests for no longer: see breaker.FailRelay.
	relayAgain = 4 * time.Minute
)

// mailWaits are the waits before each further attempt; the last one comes again. Greylisting passes after the second or third.
var mailWaits = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour}

// The codes of mails that were not sent, beside those of relays.
const (
	codeNoMailer  = "no_relay"   // the operator has none any more
	codeNoAddress = "no_address" // the receiver has none
	codePassed    = "passed"     // a later mail says more, or the booking is not there any more
	codeDisabled  = "disabled"   // the app has turned its mails off
	codeTooLate   = "too_late"   // it would arrive when it is of no use
	codeDead      = "address_dead"
	codeRender    = "render_failed"
	codeRecord    = "record_failed"
	codeLeft      = "unsubscribed"
	codeTemplate  = "template_failed" // of a mail that was sent: it has the built-in texts, since the app's own cannot be written any more
	mailFormat    = outbox.Format("mail")

	codeNotNotified = "not_notified" // the action was to be played without it
	codeSwitchedOff = "switched_off" // its step is, for the booking
	codeLimited     = "limited"      // another one went there within the hour, and nobody has confirmed the booking
)

// attempt makes one attempt: of an event, its mails are written; a mail is sent.
func (m mailer) attempt(ctx context.Context, d outbox.ClaimedDelivery, started time.Time) postgres.Finished {
	r, v := m.either(ctx, d)
	if d.Recipient != "" {
		m.Metrics.Mail(string(cmp.Or(r.Verdict, relay.Retry)))
	}
	if r.Verdict == relay.Down {
		v.Down = r.ErrorCode
	}
	return postgres.Finished{Verdict: v, Attempt: outbox.Attempt{
		DeliveryID: d.ID, Number: d.Attempt, StartedAt: started, Duration: time.Since(started), Status: r.Status, ErrorCode: r.ErrorCode,
		Format: mailFormat, RequestHeaders: json.RawMessage("{}"), ResponseHeaders: json.RawMessage("{}"),
	}}
}

// either writes the mails of an event, or sends one. A fault that panics is this delivery's alone.
func (m mailer) either(ctx context.Context, d outbox.ClaimedDelivery) (r relay.Result, v postgres.DeliveryUpdate) {
	defer func() {
		if cause := recover(); cause != nil {
			m.Log.Error("writing a mail panicked", "delivery", d.ID, "event", d.Event.Type)
			r, v = m.postpone(d, relay.Result{ErrorCode: codeRender}, true)
		}
	}()
	if d.Recipient == "" {
		return m.expand(context.WithoutCancel(ctx), d)
	}
	return m.send(ctx, d)
}

// expand writes the mails that an event makes.
func (m mailer) expand(ctx context.Context, d outbox.ClaimedDelivery) (relay.Result, postgres.DeliveryUpdate) {
	b, err := booking.OfEvent(&d.Event)
	if err != nil {
		return m.postpone(d, relay.Result{ErrorCode: codeRender}, true)
	}
	mails, delay := mail.Of(&d.Event, b), m.Mail.Delay
	if len(d.Mail) > 0 {
		mails, delay = remindersOf(d, b), 0
	}
	v, err := m.write(ctx, d, mails, delay)
	if err != nil {
		return m.postpone(d, relay.Result{ErrorCode: codeRecord}, true)
	}
	return relay.Result{Verdict: relay.Sent}, v
}

// write puts on record the messages that an event makes, due after a delay, in place of the event's own delivery.
func (m mailer) write(
	ctx context.Context, d outbox.ClaimedDelivery, mails []mail.Mail, delay time.Duration,
) (postgres.DeliveryUpdate, error) {
	all := map[string]json.RawMessage{}
	for _, one := range mails {
		all[one.Recipient()], _ = json.Marshal(one) //nolint:errchkjson // texts and ids
	}
	defer m.connection()()
	err := m.DB.WriteMails(ctx, m.ID, d, all, delay)
	return postgres.DeliveryUpdate{Status: postgres.Delivered, Unsent: true, Left: len(all) > 0}, err
}

// send sends a mail, unless it has nothing to say any more.
func (m mailer) send(ctx context.Context, d outbox.ClaimedDelivery) (relay.Result, postgres.DeliveryUpdate) {
	var one mail.Mail
	if err := json.Unmarshal(d.Mail, &one); err != nil {
		return m.end(codeRender)
	}
	b, app, thread, err := m.facts(ctx, d, one.Calendar == mail.CalendarCancel)
	if fault.CodeOf(err) == fault.NotFound {
		return m.end(codePassed)
	}
	if err != nil {
		return m.postpone(d, relay.Result{ErrorCode: codeRecord}, true)
	}
	if code := needless(d, one, b, app, thread); code != "" {
		return m.end(code)
	}
	if wait, late := m.quiet(one, b, app); late {
		return m.end(codeTooLate)
	} else if wait > 0 {
		return relay.Result{ErrorCode: codeQuiet}, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(wait), Unsent: true}
	}
	sender, r := m.sender(ctx, app)
	if r.ErrorCode == codeNoMailer && one.OfMoment() {
		return m.end(codeNoMailer)
	}
	if r.ErrorCode != "" {
		return m.postpone(d, r, r.Verdict != relay.Down)
	}
	return m.sendBy(ctx, d, one, b, thread, sender, app.Settings.Language)
}

// sendBy writes a mail and hands it to the app's mail server, unless its address is dead. language is the app's.
func (m mailer) sendBy(
	ctx context.Context, d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, thread postgres.MailThread, sender mailers.Sender,
	language string,
) (relay.Result, postgres.DeliveryUpdate) {
	envelope, about, code := m.compose(d, one, b, thread, sender)
	if code != "" {
		return m.end(code)
	}
	code, err := m.keptFrom(ctx, d, one, b, &envelope, &about)
	if err != nil {
		return m.postpone(d, relay.Result{ErrorCode: codeRecord}, true)
	}
	if code != "" {
		return m.end(code)
	}
	r, v := m.post(ctx, d, one, mail.Choose(languageOf(one, b), thread.Language, language), sender, envelope, about)
	if v.Status == postgres.Waiting && one.IsTooLate(b, b.Clock.Read(v.Next)) {
		v.Status = postgres.Exhausted
	}
	return r, v
}

// post writes a mail, with the app's own texts where it has some, and hands it to the mail server.
func (m mailer) post(
	ctx context.Context, d outbox.ClaimedDelivery, one mail.Mail, l mail.Language, sender mailers.Sender, envelope message.Envelope,
	about mail.About,
) (r relay.Result, v postgres.DeliveryUpdate) {
	var err error
	if about.Own, err = m.ownTexts(ctx, one, l); err != nil {
		return m.postpone(d, relay.Result{ErrorCode: codeRecord}, true)
	}
	written, err := mail.Write(one, l, about)
	if err != nil {
		return m.end(codeRender)
	}
	if envelope.Entry != nil {
		envelope.Entry.Summary = written.Subject
	}
	made, err := message.New(envelope, written)
	if err != nil {
		return m.end(relay.CodeAddress)
	}
	r = sender.Send(ctx, made)
	if r.Verdict == relay.Dead {
		m.bury(ctx, d, one, envelope.To.Address, r.ErrorCode)
	}
	if r.Verdict == relay.Sent && written.Broken {
		m.Log.Warn("a mail has the built-in texts: its template cannot be written", "app", m.AppID,
			"kind", one.Kind, "to", one.To, "language", l)
		r.ErrorCode = codeTemplate
	}
	return m.judge(d, r)
}

// sender is how the app's mails leave; a result with a code when there is none.
func (m mailer) sender(ctx context.Context, app *tenant.App) (mailers.Sender, relay.Result) {
	free := m.connection()
	own, err := m.DB.OwnMailer(ctx, m.AppID)
	free()
	if err != nil {
		return mailers.Sender{}, relay.Result{ErrorCode: codeRecord}
	}
	s, ok, err := m.Mail.Of(app, own)
	if err != nil || !ok {
		return s, relay.Result{Verdict: relay.Down, ErrorCode: codeNoMailer}
	}
	s.Name = mail.Line(s.Name)
	return s, relay.Result{}
}

// keptFrom returns why an address gets no mail; "" for one that does. It adds how to unsubscribe.
func (m mailer) keptFrom(
	ctx context.Context, d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, e *message.Envelope, a *mail.About,
) (code string, err error) {
	digest := m.Vault.ContactDigest(m.AppID, e.To.Address)
	blocks, err := m.blocksOf(ctx, digest)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(blocks, func(b contact.Block) bool { return b.Kind == contact.Dead }) {
		return codeDead, nil
	}
	if code, err = m.addUnsubscribing(one, b, digest, blocks, e, a); code != "" || err != nil {
		return code, err
	}
	return m.limit(ctx, d, one, b, digest)
}

// bury puts on record that an address does not exist. What fails of that is found again by the next mail to it.
func (m mailer) bury(ctx context.Context, d outbox.ClaimedDelivery, one mail.Mail, address, code string) {
	free := m.connection()
	woken, err := m.DB.MarkDead(context.WithoutCancel(ctx), contact.Block{
		AppID: m.AppID, Digest: m.Vault.ContactDigest(m.AppID, address), Reason: code,
	}, *d.Event.BookingID, one.Bounced(d.ID, code), false)
	free()
	if err != nil {
		m.Log.Error("could not note that an address does not exist", "delivery", d.ID, "error", retryable(err))
		return
	}
	m.serve(ctx, woken...)
}

// needless returns why a mail is not sent, as its booking and its app are now; "" for one that is.
func needless(d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, app *tenant.App, thread postgres.MailThread) (code string) {
	switch code = overtaken(d, one, b, thread); {
	case code != "" && code != codeTooLate:
		return code
	case app.Settings.DisableEmail:
		return codeDisabled
	case one.IsOff(b, &app.Settings):
		return codeSwitchedOff
	}
	return code
}

// overtaken returns why a message has nothing to say any more, by any channel; "" for one that has.
func overtaken(d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, thread postgres.MailThread) (code string) {
	switch {
	case one.OfState() && (thread.Passed || b.Related.RescheduledTo != nil), one.Asks() && b.State != d.Event.State,
		one.OfMoment() && !one.Reminds(b):
		return codePassed
	case !one.IsFor(d.Event.Notify):
		return codeNotNotified
	case d.Attempt <= d.Tries && time.Since(d.Event.At) > mailUseful, one.IsTooLate(b, b.Clock.Now()):
		return codeTooLate
	}
	return ""
}

// judge says what becomes of a mail after an attempt. What a server says of one receiver says nothing about the relay.
func (m mailer) judge(d outbox.ClaimedDelivery, r relay.Result) (relay.Result, postgres.DeliveryUpdate) {
	switch r.Verdict {
	case relay.Sent:
		return r, postgres.DeliveryUpdate{Status: postgres.Delivered}
	case relay.Dead, relay.Refused:
		return r, postgres.DeliveryUpdate{Status: postgres.Exhausted, Unsent: true}
	case relay.Retry, relay.Down:
	}
	return m.postpone(d, r, r.Status != 0 && r.Verdict == relay.Retry)
}

// end gives a mail up.
func (m mailer) end(code string) (relay.Result, postgres.DeliveryUpdate) {
	return relay.Result{Verdict: relay.Refused, ErrorCode: code}, postgres.DeliveryUpdate{Status: postgres.Cancelled, Unsent: true}
}

// postpone has a mail tried again, as long as it is of use.
func (m mailer) postpone(d outbox.ClaimedDelivery, r relay.Result, unsent bool) (relay.Result, postgres.DeliveryUpdate) {
	wait := mailWaits[min(max(d.Tries, 1), len(mailWaits))-1]
	switch {
	case r.Verdict == relay.Down:
		wait = relayAgain
	case r.ErrorCode == relay.CodeUnreachable: // it has nothing to do with this mail
		wait = min(wait, relayAgain)
	}
	wait = spread(wait, rand.Float64)
	late := time.Since(d.Event.At)+wait > mailUseful
	if d.Attempt > d.Tries { // sent again by hand, however old it is
		late = d.Tries > len(mailWaits)
	}
	if late || r.ErrorCode == codeRender && d.Tries > len(mailWaits) {
		return r, postgres.DeliveryUpdate{Status: postgres.Exhausted, Unsent: unsent}
	}
	return r, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(wait), Unsent: unsent}
}

// spread makes a wait longer or shorter by a tenth at most, so that mails which failed together do not come back together.
func spread(wait time.Duration, draw func() float64) time.Duration {
	return time.Duration(float64(wait) * (0.9 + 0.2*draw()))
}

// facts reads the booking and its app as they are now, and what the booking's mails have in common. ends says that the mail takes the
// booking out of calendars: then one that was erased meanwhile is as its event has it, without links, which lead nowhere any more.
func (m mailer) facts(
	ctx context.Context, d outbox.ClaimedDelivery, ends bool,
) (*booking.Booking, *tenant.App, postgres.MailThread, error) {
	defer m.connection()()
	b, err := m.DB.Booking(ctx, m.AppID, *d.Event.BookingID)
	if ends && fault.CodeOf(err) == fault.NotFound {
		if b, err = booking.OfEvent(&d.Event); err == nil {
			b.Request = nil
		}
	}
	if err != nil {
		return nil, nil, postgres.MailThread{}, err
	}
	app, err := m.DB.App(ctx, m.AppID)
	if err != nil {
		return nil, nil, postgres.MailThread{}, err
	}
	thread, err := m.DB.MailThread(ctx, m.ID, d)
	return b, app, thread, err
}

// ownTexts returns what the app says in a mail in place of the built-in texts; nil for these.
func (m mailer) ownTexts(ctx context.Context, one mail.Mail, l mail.Language) (*tenant.MailTexts, error) {
	defer m.connection()()
	t, err := m.DB.MailTemplate(ctx, m.AppID, tenant.MailSlot{Kind: string(one.Kind), To: string(one.To), Language: string(l)})
	if t == nil || err != nil {
		return nil, err
	}
	return &t.MailTexts, nil
}
