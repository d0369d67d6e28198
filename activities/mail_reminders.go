package activities

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/contact"
	"holdfast/internal/links"
	"holdfast/internal/mail"
	"holdfast/internal/mail/message"
	"holdfast/internal/outbox"
	"holdfast/internal/tenant"
)

// codeQuiet is that of a reminder that waits for the end of quiet hours.
const codeQuiet = "quiet_hours"

// quiet returns how long the app's quiet hours hold a reminder or a follow-up back, by the clocks of its receiver; 0 for not. late says
// that the booking will have begun.
func (m mailer) quiet(one mail.Mail, b *booking.Booking, app *tenant.App) (wait time.Duration, late bool) {
	if !one.OfMoment() {
		return 0, false
	}
	return m.quietEnd(one, b, app)
}

// quietEnd is quiet for a message of any kind.
func (m mailer) quietEnd(one mail.Mail, b *booking.Booking, app *tenant.App) (wait time.Duration, late bool) {
	_, zone := m.recipient(one, b)
	if zone == nil {
		zone = b.Resource.Zone()
	}
	if zone == nil {
		zone = time.UTC
	}
	now := b.Clock.Now()
	until, held := mail.QuietUntil(app.Settings.QuietHours, now, zone)
	if !held {
		return 0, false
	}
	return until.Sub(now), one.IsTooLate(b, until)
}

// remindersOf are the mails of a reminder that is due; none when it cannot be read.
func remindersOf(d outbox.ClaimedDelivery, b *booking.Booking) []mail.Mail {
	var one mail.Mail
	if json.Unmarshal(d.Mail, &one) != nil {
		return nil
	}
	return mail.OfReminder(one, b)
}

// addUnsubscribing adds the link by which a customer does without reminders and follow-ups; a code when they do already, by the blocks of
// their address. Programs of mail take the link only where it is encrypted (RFC 8058).
func (m mailer) addUnsubscribing(
	one mail.Mail, b *booking.Booking, digest []byte, blocks []contact.Block, e *message.Envelope, a *mail.About,
) (code string, err error) {
	if !one.OfMoment() || one.To != mail.Customer {
		return "", nil
	}
	for i := range blocks {
		if blocks[i].Kind == contact.Reminders && blocks[i].Stops(b.ID, true) {
			return codeLeft, nil
		}
	}
	token, err := m.Vault.SubscriptionToken(links.Subscription{App: m.AppID, Booking: b.ID, Digest: digest})
	a.Unsubscribe = m.Links.BaseURL + "/unsubscribe/" + token
	if strings.HasPrefix(a.Unsubscribe, "https://") {
		e.Unsubscribe = a.Unsubscribe
	}
	return "", err
}

func (m mailer) blocksOf(ctx context.Context, digest []byte) ([]contact.Block, error) {
	defer m.connection()()
	return m.DB.Blocks(ctx, m.AppID, digest)
}

// limit returns a code when the mail is one too many to an address that nobody has confirmed.
func (m mailer) limit(
	ctx context.Context, d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, digest []byte,
) (code string, err error) {
	if !one.OfPending(b) {
		return "", nil
	}
	return m.admit(ctx, d, b, digest)
}

// admit returns a code when only visitors have had to do with the booking, and another message went to the address within the hour.
func (m mailer) admit(ctx context.Context, d outbox.ClaimedDelivery, b *booking.Booking, digest []byte) (code string, err error) {
	defer m.connection()()
	admitted, err := m.DB.AdmitMail(ctx, m.AppID, b.ID, digest, d.ID)
	if err != nil || admitted {
		return "", err
	}
	return codeLimited, nil
}
