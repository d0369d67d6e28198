package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/mail"
	"holdfast/internal/mail/message"
	"holdfast/internal/mail/relay"
	"holdfast/internal/outbox"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/zones"
)

// mailer sends the mails of one app: its target's deliveries.
type mailer struct {
	*Activities
	*target
}

const (
	// mailUseful is how long a mail is worth sending.
	mailUseful = 48 * time.Hour
	// relayAgain is when a relay that takes no mails is tried again.
	relayAgain = 5 * time.Minute
)

// mailWaits are the waits before each further attempt; the last one comes again. Greylisting passes after the second or third.
var mailWaits = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour}

// The codes of mails that were not sent, beside those of relays.
const (
	codeNoMailer  = "no_relay"        // the operator has none any more
	codeNoAddress = "no_address"      // the receiver has none
	codePassed    = "passed"          // a later mail says more, or the booking is not there any more
	codeDisabled  = "disabled"        // the app has turned its mails off
	codeTooLate   = "too_late"        // it would arrive when it is of no use
	codeTemplate  = "template_failed" // of a mail that was sent: it has the built-in texts, since the app's own cannot be written any more
	codeLeft      = "unsubscribed"    // the customer does without reminders
	mailFormat    = outbox.Format("mail")

	codeNotNotified = "not_notified" // the action was to be played without it
	codeSwitchedOff = "switched_off" // its step is, for the booking
	codeLimited     = "limited"      // another one went there within the hour, and nobody has confirmed the booking
)

// attempt makes one attempt: of an event, its mails are written; a mail is sent.
func (m mailer) attempt(ctx context.Context, d outbox.ClaimedDelivery, started time.Time) postgres.Finished {
	var r relay.Result
	var v postgres.DeliveryUpdate
	if d.Recipient == "" {
		r, v = m.expand(context.WithoutCancel(ctx), d)
	} else {
		r, v = m.send(ctx, d)
	}
	if d.Recipient != "" {
		m.Metrics.Mail(string(cmp.Or(r.Verdict, relay.Retry)))
	}
	if r.Verdict == relay.Down {
		m.Log.Error("mails cannot be sent", "mailer", m.ID, "status", r.Status, "code", r.ErrorCode)
	}
	return postgres.Finished{Verdict: v, Attempt: outbox.Attempt{
		DeliveryID: d.ID, Number: d.Attempt, StartedAt: started, Duration: time.Since(started), Status: r.Status, ErrorCode: r.ErrorCode,
		Format: mailFormat, RequestHeaders: json.RawMessage("{}"), ResponseHeaders: json.RawMessage("{}"),
	}}
}

// expand writes the mails that an event makes.
func (m mailer) expand(ctx context.Context, d outbox.ClaimedDelivery) (relay.Result, postgres.DeliveryUpdate) {
	b, err := booking.OfEvent(&d.Event)
	if err != nil {
		return m.postpone(d, relay.Result{ErrorCode: "render_failed"}, true)
	}
	mails, delay := mail.Of(&d.Event, b), m.Mail.Delay
	if len(d.Mail) > 0 {
		mails, delay = remindersOf(d, b), 0
	}
	all := map[string]json.RawMessage{}
	for _, one := range mails {
		if all[one.Recipient()], err = json.Marshal(one); err != nil {
			return m.postpone(d, relay.Result{ErrorCode: "render_failed"}, true)
		}
	}
	defer m.connection()()
	if err := m.DB.WriteMails(ctx, m.ID, d, all, delay); err != nil {
		return m.postpone(d, relay.Result{ErrorCode: "record_failed"}, true)
	}
	return relay.Result{Verdict: relay.Sent}, postgres.DeliveryUpdate{Status: postgres.Delivered, Unsent: true, Left: len(all) > 0}
}

// send sends a mail, unless it has nothing to say any more.
func (m mailer) send(ctx context.Context, d outbox.ClaimedDelivery) (relay.Result, postgres.DeliveryUpdate) {
	var one mail.Mail
	if err := json.Unmarshal(d.Mail, &one); err != nil {
		return m.end("render_failed")
	}
	if m.Mail.Usual == nil && one.OfMoment() {
		return m.end(codeNoMailer)
	}
	if m.Mail.Usual == nil {
		return m.postpone(d, relay.Result{Verdict: relay.Down, ErrorCode: codeNoMailer}, false)
	}
	b, app, thread, err := m.facts(ctx, d)
	if fault.CodeOf(err) == fault.NotFound {
		return m.end(codePassed)
	}
	if err != nil {
		return m.postpone(d, relay.Result{ErrorCode: "record_failed"}, true)
	}
	if code := needless(d, one, b, app, thread); code != "" {
		return m.end(code)
	}
	if wait, late := m.quiet(one, b, app); late {
		return m.end(codeTooLate)
	} else if wait > 0 {
		return relay.Result{ErrorCode: codeQuiet}, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(wait), Unsent: true}
	}
	envelope, about, code := m.compose(d, one, b, thread, m.signed(app))
	if code == "" {
		code, err = m.addUnsubscribing(ctx, one, b, &envelope, &about)
	}
	if code == "" && err == nil {
		code, err = m.limit(ctx, d, one, b, envelope.To.Address)
	}
	if err != nil {
		return m.postpone(d, relay.Result{ErrorCode: "record_failed"}, true)
	}
	if code != "" {
		return m.end(code)
	}
	r, v := m.post(ctx, d, one, mail.Choose(languageOf(one, b), thread.Language, app.Settings.Language), envelope, about)
	if v.Status == postgres.Waiting && one.IsTooLate(b, b.Clock.Read(v.Next)) {
		v.Status = postgres.Exhausted
	}
	return r, v
}

// post writes a mail, with the app's own texts where it has some, and hands it to the mail server.
func (m mailer) post(
	ctx context.Context, d outbox.ClaimedDelivery, one mail.Mail, l mail.Language, envelope message.Envelope, about mail.About,
) (r relay.Result, v postgres.DeliveryUpdate) {
	var err error
	if about.Own, err = m.ownTexts(ctx, one, l); err != nil {
		return m.postpone(d, relay.Result{ErrorCode: "record_failed"}, true)
	}
	written, err := mail.Write(one, l, about)
	if err != nil {
		return m.end("render_failed")
	}
	if envelope.Entry != nil {
		envelope.Entry.Summary = written.Subject
	}
	made, err := message.New(envelope, written)
	if err != nil {
		return m.end(relay.CodeAddress)
	}
	if r = m.Mail.Client.Send(ctx, *m.Mail.Usual, made); r.Verdict == relay.Sent && written.Broken {
		m.Log.Warn("a mail has the built-in texts: its template cannot be written", "app", m.AppID, "kind", one.Kind, "to", one.To, "language", l)
		r.ErrorCode = codeTemplate
	}
	return m.judge(d, r)
}

// needless returns why a mail is not sent, as its booking and its app are now; "" for one that is.
func needless(d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, app *tenant.App, thread postgres.MailThread) (code string) {
	switch {
	case one.OfState() && (thread.Passed || b.Related.RescheduledTo != nil), one.Asks() && b.State != d.Event.State,
		one.OfMoment() && !one.Reminds(b):
		return codePassed
	case !one.IsFor(d.Event.Notify):
		return codeNotNotified
	case app.Settings.DisableEmail:
		return codeDisabled
	case one.IsOff(b, &app.Settings):
		return codeSwitchedOff
	case time.Since(d.Event.At) > mailUseful, one.IsTooLate(b, b.Clock.Now()):
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
	if r.Verdict == relay.Down {
		wait = relayAgain
	}
	wait = spread(wait, rand.Float64)
	if d.Recipient != "" && time.Since(d.Event.At)+wait > mailUseful {
		return r, postgres.DeliveryUpdate{Status: postgres.Exhausted, Unsent: unsent}
	}
	return r, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(wait), Unsent: unsent}
}

// spread makes a wait longer or shorter by a tenth at most, so that mails which failed together do not come back together.
func spread(wait time.Duration, draw func() float64) time.Duration {
	return time.Duration(float64(wait) * (0.9 + 0.2*draw()))
}

// signed is the operator's sender under the name of the app.
func (m mailer) signed(app *tenant.App) message.Person {
	return message.Person{Name: mail.Line(cmp.Or(app.Name, m.Mail.From.Name)), Address: m.Mail.From.Address}
}

// facts reads the booking and its app as they are now, and what the booking's mails have in common.
func (m mailer) facts(ctx context.Context, d outbox.ClaimedDelivery) (*booking.Booking, *tenant.App, postgres.MailThread, error) {
	defer m.connection()()
	b, err := m.DB.Booking(ctx, m.AppID, *d.Event.BookingID)
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

// languageOf is the language of a customer: what their form says, or else the page that they have booked on; empty when neither says one.
func languageOf(one mail.Mail, b *booking.Booking) string {
	var form struct {
		Language string `json:"language"`
	}
	for i := range b.Customers {
		if c := &b.Customers[i]; one.To == mail.Customer && c.ID == one.Customer {
			_ = json.Unmarshal(c.Meta, &form) // of another type, it says nothing
		}
	}
	return form.Language
}

// compose gathers what stands around a mail and in it; a code when it cannot be sent.
func (m mailer) compose(
	d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, thread postgres.MailThread, from message.Person,
) (e message.Envelope, a mail.About, code string) {
	to, zone := m.recipient(one, b)
	if to.Address == "" {
		return e, a, codeNoAddress
	}
	host := from.Address[strings.LastIndex(from.Address, "@")+1:]
	e = message.Envelope{
		From: from, To: to, ID: d.ID.String() + "@" + host,
		Thread: uuid.NewSHA1(thread.First, []byte(strings.ToLower(to.Address))).String() + "@" + host, Date: time.Now(),
	}
	a = mail.About{
		App: from.Name, What: b.What, Where: b.Where, Description: b.Description, Start: b.Start, End: b.End,
		Place: b.Resource.Zone(), Reader: zone, Owner: b.Resource.Name, Message: d.Event.Reason(),
	}
	if len(b.Customers) > 0 {
		a.Customer = b.Customers[0].Name
	}
	m.link(&a, one, b)
	addMoney(&a, &d.Event)
	if one.Calendar == mail.CalendarNone {
		return e, a, ""
	}
	e.Entry = &message.Entry{
		Says: one.Calendar, UID: m.Links.EntryUID(thread.First), Sequence: thread.Moves, Stamp: time.Now(), Start: b.Start, End: b.End,
		Where: mail.Line(b.Where), Text: mail.Paragraphs(b.Description, 2000), Page: a.Manage,
		Organizer: from, Attendee: to, Owner: one.To == mail.Owner,
	}
	if one.Calendar == mail.CalendarCancel {
		e.Entry.Sequence++
	}
	return e, a, ""
}

// recipient is who gets a mail, and the zone of their clocks; nil when that is not known.
func (m mailer) recipient(one mail.Mail, b *booking.Booking) (message.Person, *time.Location) {
	if one.To == mail.Owner {
		return message.Person{Name: mail.Name(b.Resource.Name), Address: b.Resource.Email}, nil
	}
	i := slices.IndexFunc(b.Customers, func(c booking.Customer) bool { return c.ID == one.Customer })
	if i < 0 {
		return message.Person{}, nil
	}
	c := &b.Customers[i]
	zone, err := zones.Load(c.Timezone)
	if err != nil || c.Timezone == "" {
		zone = nil
	}
	return message.Person{Name: mail.Name(c.Name), Address: c.Email}, zone
}

// link adds the pages that a receiver can open. They ask before they do something.
func (m mailer) link(a *mail.About, one mail.Mail, b *booking.Booking) {
	if one.To == mail.Owner {
		if one.Kind == mail.Requested {
			open := b.OpenTo(graphs.ActorOwnerLink, b.Clock.Now())
			a.Confirm, a.Decline = m.ownerLink(b, open, "confirm"), m.ownerLink(b, open, "decline")
		}
		return
	}
	if b.Request != nil {
		a.Manage = m.Links.BaseURL + "/rts/" + b.Request.Code
		return
	}
	all, err := m.Links.CustomerAt(b, b.Clock.Now())
	if err == nil {
		a.Manage = all[booking.CancelByCustomerAction]
	}
}

func (m mailer) ownerLink(b *booking.Booking, open []string, action string) string {
	if !slices.Contains(open, action) {
		return ""
	}
	link, err := m.Links.Owner(b, action)
	if err != nil {
		return ""
	}
	return link
}

// addMoney adds what an event says of money.
func addMoney(a *mail.About, e *outbox.Event) {
	var n payment.Notice
	if len(e.Payment) == 0 || json.Unmarshal(e.Payment, &n) != nil {
		return
	}
	a.Amount, a.Currency = n.Amount, n.Currency
	if n.Refund != nil {
		a.Amount = n.Refund.Amount
		return
	}
	a.Pay = n.CheckoutURL
}
