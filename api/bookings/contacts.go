package bookings

import (
	"bytes"
	"slices"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/contact"
	"holdfast/internal/mail"
	"holdfast/internal/timekit"
)

// digests are those of all addresses and numbers of bookings.
func digests(all []*booking.Booking, digest func(uuid.UUID, string) []byte) [][]byte {
	list := [][]byte{}
	add := func(app uuid.UUID, address string) {
		if address != "" {
			list = append(list, digest(app, address))
		}
	}
	for _, b := range all {
		add(b.AppID, b.Resource.Email)
		for i := range b.Customers {
			number, _ := contact.Number(b.Customers[i].Phone)
			add(b.AppID, b.Customers[i].Email)
			add(b.AppID, number)
		}
	}
	return list
}

// contacts are the people of a booking, and whether messages reach them.
func (w *included) contacts(b *booking.Booking) []timekit.Object {
	list := []timekit.Object{{"to": mail.Owner, "customer_id": nil, "email_status": w.emailStatus(b, b.Resource.Email), "sms_status": nil}}
	for i := range b.Customers {
		c := &b.Customers[i]
		list = append(list, timekit.Object{
			"to": mail.Customer, "customer_id": c.ID, "email_status": w.emailStatus(b, c.Email), "sms_status": w.smsStatus(b, c),
		})
	}
	return list
}

// emailStatus is what mails to an address meet: dead where there is none; nil for nothing that is known.
func (w *included) emailStatus(b *booking.Booking, address string) any {
	switch {
	case w.blocked(b, address, contact.Mail, contact.Dead):
		return "dead"
	case w.blocked(b, address, contact.Mail, contact.Reminders):
		return "unsubscribed"
	}
	return nil
}

// smsStatus is what text messages to a customer meet; nil for somebody who has agreed to none.
func (w *included) smsStatus(b *booking.Booking, c *booking.Customer) any {
	number, ok := contact.Number(c.Phone)
	switch {
	case !ok || contact.ConsentOf(c.Meta) == nil:
		return nil
	case w.blocked(b, number, contact.SMS, contact.Stopped):
		return "stopped"
	}
	return "agreed"
}

// blocked reports whether an address has a block of a kind that is about the booking.
func (w *included) blocked(b *booking.Booking, address string, channel contact.Channel, kind contact.Kind) bool {
	if address == "" {
		return false
	}
	digest := w.digest(b.AppID, address)
	return slices.ContainsFunc(w.blocks, func(one contact.Block) bool {
		return one.Channel == channel && one.Kind == kind && bytes.Equal(one.Digest, digest) && one.Stops(b.ID, true)
	})
}
