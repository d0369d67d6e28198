package mail

import (
	"slices"

	"holdfast/internal/booking"
	"holdfast/internal/tenant"
)

// The steps of Timekit's graphs that send mails, by which bookings and projects turn them off: {"notify_owner_by_email": {"enabled":
// false}}.
const (
	askOwner       = "send_confirm_decline_email_to_owner"
	notifyOwner    = "notify_owner_by_email"
	notifyCustomer = "notify_customer_by_email"
	notifyDeclined = "notify_customer_declined_by_email"
)

// Steps lists the steps.
var Steps = []string{askOwner, notifyOwner, notifyCustomer, notifyDeclined}

// Step is the step that sends the mail. Mails about money, and reminders, which are asked for by themselves, are sent by none: "".
func (m Mail) Step() string {
	switch m.Kind {
	case PaymentPending, Refunded, RefundFailed, Reminder, FollowUp:
		return ""
	case Declined:
		return notifyDeclined
	case Requested, Withdrawn:
		return askOwner
	case Expired:
		if m.To == Owner {
			return askOwner
		}
	case Received, Confirmed, Rescheduled, Cancelled, PaymentExpired:
	}
	if m.To == Owner {
		return notifyOwner
	}
	return notifyCustomer
}

// IsOff reports whether the mail is turned off: all mails of the app, or its step for the booking.
func (m Mail) IsOff(b *booking.Booking, app *tenant.AppSettings) bool {
	return app.DisableEmail || slices.Contains(b.Settings.MailsOff, m.Step())
}

// IsFor reports whether the mail is one of those that an action lets be sent: to the sides that notify names, or to both when it is nil.
func (m Mail) IsFor(notify []string) bool {
	return notify == nil || slices.Contains(notify, string(m.To))
}

// OfPending reports whether the mail goes to the customer of a booking that nobody may have confirmed: its maker may have given the address
// of somebody else.
func (m Mail) OfPending(b *booking.Booking) bool {
	asked := b.Request != nil && b.Request.PublicLink == nil // the app has given the address
	return m.To == Customer && !asked && slices.Contains([]Kind{Received, Expired, PaymentPending, PaymentExpired}, m.Kind)
}
