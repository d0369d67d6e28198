package activities

import (
	"encoding/json"

	"holdfast/internal/booking"
	"holdfast/internal/mail"
	"holdfast/internal/outbox"
)

// remindersOf are the mails of a reminder that is due; none when it cannot be read.
func remindersOf(d outbox.ClaimedDelivery, b *booking.Booking) []mail.Mail {
	var one mail.Mail
	if json.Unmarshal(d.Mail, &one) != nil {
		return nil
	}
	return mail.OfReminder(one, b)
}
