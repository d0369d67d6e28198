package app

import (
	"net"
	netmail "net/mail"

	"holdfast/activities"
	"holdfast/internal/config"
	"holdfast/internal/mail/message"
	"holdfast/internal/mail/relay"
)

// newRelays reads how mails leave. The settings were checked.
func newRelays(c config.Config) activities.Relays {
	out := activities.Relays{Client: relay.Client{Dial: (&net.Dialer{}).DialContext}, Delay: c.MailDelay}
	if c.SMTPURL == "" {
		return out
	}
	settings, err := relay.Parse(string(c.SMTPURL))
	from, faulty := netmail.ParseAddress(c.MailFrom)
	if err == nil && faulty == nil {
		out.Usual, out.From = &settings, message.Person{Name: from.Name, Address: from.Address}
	}
	return out
}
