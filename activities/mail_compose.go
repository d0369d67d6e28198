package activities

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/mail"
	mailers "holdfast/internal/mail/mailer"
	"holdfast/internal/mail/message"
	"holdfast/internal/outbox"
	"holdfast/internal/payment"
	"holdfast/internal/postgres"
	"holdfast/internal/zones"
)

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
	d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, thread postgres.MailThread, s mailers.Sender,
) (e message.Envelope, a mail.About, code string) {
	from := message.Person{Name: s.Name, Address: s.From}
	to, zone := m.recipient(one, b)
	if to.Address == "" {
		return e, a, codeNoAddress
	}
	host := from.Address[strings.LastIndex(from.Address, "@")+1:]
	e = message.Envelope{
		From: from, To: to, ReplyTo: s.ReplyTo, Sender: message.Tagged(s.Bounces, d.ID.String()), ID: messageID(d) + "@" + host,
		Thread: uuid.NewSHA1(thread.First, []byte(strings.ToLower(to.Address))).String() + "@" + host, Date: time.Now(),
	}
	a = m.about(d, one, b, zone)
	a.App = from.Name
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

// about gathers what stands in a message. zone is that of its receiver's clocks; nil when it is not known.
func (m mailer) about(d outbox.ClaimedDelivery, one mail.Mail, b *booking.Booking, zone *time.Location) mail.About {
	a := mail.About{
		What: b.What, Where: b.Where, Description: b.Description, Start: b.Start, End: b.End,
		Place: b.Resource.Zone(), Reader: zone, Owner: b.Resource.Name, Message: d.Event.Reason(),
	}
	if len(b.Customers) > 0 {
		a.Customer = b.Customers[0].Name
	}
	m.link(&a, one, b)
	addMoney(&a, &d.Event)
	return a
}

// messageID is the same at each attempt of a mail, since a copy may have arrived. One that is sent again by hand is another mail: programs
// would drop it otherwise.
func messageID(d outbox.ClaimedDelivery) string {
	if again := d.Attempt - d.Tries; again > 0 {
		return d.ID.String() + "." + strconv.Itoa(again)
	}
	return d.ID.String()
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
