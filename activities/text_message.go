package activities

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/contact"
	"holdfast/internal/fault"
	"holdfast/internal/mail"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/webhook"
)

// messenger sends text messages (SMS) by a gateway, which is an endpoint: an event becomes one for each customer who agrees to them, and
// each is a signed request.
type messenger struct{ mailer }

// The codes of text messages that were not sent, beside those of mails.
const (
	codeNoConsent = "no_consent"        // the customer has not agreed to text messages
	codeStopped   = "stopped"           // the number has said STOP
	codeNoGateway = "no_gateway"        // the endpoint has another format now
	sampleNumber  = "+12025550185"      // of a test: nobody has it
	conflict      = http.StatusConflict // the gateway has the message already
)

// textMessage is the body of a request to a gateway.
type textMessage struct {
	To        string     `json:"to"` // E.164
	Text      string     `json:"text"`
	BookingID *uuid.UUID `json:"booking_id"`
	Kind      mail.Kind  `json:"kind"`
	DedupeID  string     `json:"dedupe_id"` // the same at each attempt, also of one that is sent again by hand or replayed
	Test      bool       `json:"test,omitempty"`
}

// attempt makes one attempt: of an event, its messages are written; a message is sent.
func (m messenger) attempt(ctx context.Context, d outbox.ClaimedDelivery, started time.Time) postgres.Finished {
	r, v := m.either(ctx, d, started)
	if !v.Unsent {
		m.Metrics.Attempt(string(r.Verdict), r.Duration)
	}
	made := m.target.record(d, started, r)
	made.Format = outbox.FormatSMS
	return postgres.Finished{Attempt: made, Verdict: v}
}

// either writes the messages of an event, or sends one. A fault that panics is this delivery's alone.
func (m messenger) either(ctx context.Context, d outbox.ClaimedDelivery, started time.Time) (r webhook.Result, v postgres.DeliveryUpdate) {
	defer func() {
		if cause := recover(); cause != nil {
			m.Log.Error("writing a text message panicked", "delivery", d.ID, "event", d.Event.Type)
			r, v = m.postpone(d, codeRender)
		}
	}()
	switch {
	case m.Format != outbox.FormatSMS:
		return m.end(codeNoGateway)
	case d.Event.Test:
		return m.post(ctx, d, started, textMessage{To: sampleNumber, Text: "This is a test.", Kind: mail.Confirmed, Test: true})
	case d.Recipient == "":
		return m.expand(context.WithoutCancel(ctx), d)
	}
	return m.send(ctx, d, started)
}

// expand writes the messages that an event makes.
func (m messenger) expand(ctx context.Context, d outbox.ClaimedDelivery) (webhook.Result, postgres.DeliveryUpdate) {
	b, err := booking.OfEvent(&d.Event)
	if err != nil {
		return m.postpone(d, codeRender)
	}
	all, delay := mail.Of(&d.Event, b), m.Mail.Delay
	if len(d.Mail) > 0 {
		all, delay = remindersOf(d, b), 0
	}
	v, err := m.write(ctx, d, slices.DeleteFunc(all, func(one mail.Mail) bool { return one.To != mail.Customer }), delay)
	if err != nil {
		return m.postpone(d, codeRecord)
	}
	return webhook.Result{Verdict: webhook.Done}, v
}

// send sends a message, unless it has nothing to say any more or its receiver does without.
func (m messenger) send(ctx context.Context, d outbox.ClaimedDelivery, started time.Time) (webhook.Result, postgres.DeliveryUpdate) {
	var one mail.Mail
	if err := json.Unmarshal(d.Mail, &one); err != nil {
		return m.end(codeRender)
	}
	b, app, thread, err := m.facts(ctx, d, false)
	if fault.CodeOf(err) == fault.NotFound {
		return m.end(codePassed)
	}
	if err != nil {
		return m.postpone(d, codeRecord)
	}
	wait, code := m.waits(d, one, b, app, thread)
	if code != "" {
		return m.end(code)
	}
	if wait > 0 {
		return webhook.Result{ErrorCode: codeQuiet}, postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now().Add(wait), Unsent: true}
	}
	number, code, err := m.receiver(ctx, d, one, b)
	if err != nil {
		return m.postpone(d, codeRecord)
	}
	if code != "" {
		return m.end(code)
	}
	text, err := m.text(ctx, d, one, b, app, thread)
	if err != nil {
		return m.postpone(d, codeRecord)
	}
	r, v := m.post(ctx, d, started, textMessage{To: number, Text: text, BookingID: &b.ID, Kind: one.Kind})
	if v.Status == postgres.Waiting && (v.Next.Sub(d.Event.At) > mailUseful || one.IsTooLate(b, b.Clock.Read(v.Next))) {
		v.Status = postgres.Exhausted
	}
	return r, v
}

// waits returns how long quiet hours hold a message back; a code for one that has nothing to say any more, or would have by then. One that
// asks for a payment does not wait, nor does one about a booking that begins before they end.
func (m messenger) waits(
	d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, app *tenant.App, thread postgres.MailThread,
) (wait time.Duration, code string) {
	if code = overtaken(d, one, b, thread); code != "" {
		return 0, code
	}
	if one.OfState() && !stillSo(d.Event.State, b) {
		return 0, codePassed
	}
	if time.Since(d.Event.At) > mailUseful { // also by hand: whole days may be replayed
		return 0, codeTooLate
	}
	wait, late := m.quietEnd(one, b, app)
	switch {
	case late:
		return 0, codeTooLate
	case one.Kind == mail.PaymentPending, !one.OfMoment() && b.Begun(b.Clock.Now().Add(wait)):
		return 0, ""
	}
	return wait, ""
}

// stillSo reports whether a booking is as an event says: it stands as it did, or is in the same state. Filters may keep from the gateway
// the later event that would overtake the message.
func stillSo(state string, b *booking.Booking) bool {
	if booking.Stands(&booking.Booking{State: state}, false) {
		return booking.Stands(b, false)
	}
	return b.State == state
}

// receiver is the number that a message goes to; a code when it does not.
func (m messenger) receiver(
	ctx context.Context, d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking,
) (number, code string, err error) {
	i := slices.IndexFunc(b.Customers, func(c booking.Customer) bool { return c.ID == one.Customer })
	if i < 0 {
		return "", codeNoAddress, nil
	}
	number, ok := contact.Number(b.Customers[i].Phone)
	if !ok {
		return "", codeNoAddress, nil
	}
	if contact.ConsentOf(b.Customers[i].Meta) == nil {
		return "", codeNoConsent, nil
	}
	digest := m.Vault.ContactDigest(m.AppID, number)
	blocks, err := m.blocksOf(ctx, digest)
	if err != nil {
		return "", "", err
	}
	if slices.ContainsFunc(blocks, func(b contact.Block) bool { return b.Channel == contact.SMS && b.Kind == contact.Stopped }) {
		return "", codeStopped, nil
	}
	if one.Kind == mail.Confirmed { // each costs money: a visitor who books twice within an hour gets one
		code, err = m.admit(ctx, d, b, digest)
	} else {
		code, err = m.limit(ctx, d, one, b, digest)
	}
	return number, code, err
}

// text writes a message in the language of its receiver, with the app's own heading where it has one.
func (m messenger) text(
	ctx context.Context, d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, app *tenant.App, thread postgres.MailThread,
) (string, error) {
	_, zone := m.recipient(one, b)
	a := m.about(d, one, b, zone)
	a.App = app.Name
	if b.Request == nil {
		a.Manage = "" // a link that proves itself is longer than the message
	}
	l := mail.Choose(languageOf(one, b), thread.Language, app.Settings.Language)
	var err error
	if a.Own, err = m.ownTexts(ctx, one, l); err != nil {
		return "", err
	}
	return mail.Short(one, l, a), nil
}

// post hands a message to the gateway. One that has it already says 409.
func (m messenger) post(
	ctx context.Context, d outbox.ClaimedDelivery, started time.Time, text textMessage,
) (webhook.Result, postgres.DeliveryUpdate) {
	text.DedupeID = d.ID.String()
	body, _ := json.Marshal(text) //nolint:errchkjson // texts and ids
	request := m.request(d, started, body)
	request.ID = text.DedupeID // one event makes several messages
	r := m.Sender.Send(ctx, request)
	m.expect(&r)
	if r.Status == conflict {
		r.Verdict, r.ErrorCode = webhook.Done, ""
	}
	return r, verdict(d, r)
}

// end gives a message up.
func (m messenger) end(code string) (webhook.Result, postgres.DeliveryUpdate) {
	return webhook.Result{ErrorCode: code}, postgres.DeliveryUpdate{Status: postgres.Cancelled, Unsent: true}
}

// postpone has a message tried again that could not be written, as long as it is of use.
func (m messenger) postpone(d outbox.ClaimedDelivery, code string) (webhook.Result, postgres.DeliveryUpdate) {
	r, v := webhook.Result{Verdict: webhook.Retry, ErrorCode: code}, postgres.DeliveryUpdate{Status: postgres.Waiting, Unsent: true}
	v.Next = time.Now().Add(spread(mailWaits[min(max(d.Tries, 1), len(mailWaits))-1], func() float64 { return 0.5 }))
	if d.Tries > len(mailWaits) {
		v.Status = postgres.Exhausted
	}
	return r, v
}
