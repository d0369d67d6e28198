package mail

import (
	"time"

	"holdfast/internal/booking"
)

// NewReminder is the mail of a reminder: a follow-up when its moment comes after the start of the booking. An empty subject is that of its
// text.
func NewReminder(to Role, subject string, afterwards bool) Mail {
	if afterwards {
		return Mail{Kind: FollowUp, To: to, Subject: subject}
	}
	return Mail{Kind: Reminder, To: to, Subject: subject}
}

// OfReminder returns the mails that a reminder makes of a booking: one for the owner, or one for each customer.
func OfReminder(one Mail, b *booking.Booking) []Mail { return forEach([]Mail{one}, b) }

// OfMoment reports whether the mail is worth something around a moment only, and was asked for by nobody: a reminder or a follow-up.
func (m Mail) OfMoment() bool { return m.Kind == Reminder || m.Kind == FollowUp }

// Reminds reports whether a mail OfMoment still says something about its booking: the booking stands or, for a follow-up, has taken place.
func (m Mail) Reminds(b *booking.Booking) bool { return booking.Stands(b, m.Kind == FollowUp) }

// IsTooLate reports whether a reminder would come at a time when its booking has begun.
func (m Mail) IsTooLate(b *booking.Booking, at time.Time) bool {
	return m.Kind == Reminder && b.Begun(at)
}
