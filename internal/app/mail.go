package app

import (
	"net"
	netmail "net/mail"

	"holdfast/activities"
	"holdfast/internal/config"
	"holdfast/internal/links"
	"holdfast/internal/mail/mailer"
	"holdfast/internal/mail/relay"
	"holdfast/internal/webhook"
)

// newRelays reads how mails leave. The settings were checked. The mail servers of apps are held to the rules for targets of webhooks.
func newRelays(c config.Config, vault *links.Vault, targets webhook.Options) activities.Relays {
	targets.Ports = relay.Ports
	out := activities.Relays{Delay: c.MailDelay, Relays: mailer.Relays{
		Vault: vault, Client: relay.Client{Dial: (&net.Dialer{}).DialContext}, Guarded: relay.Client{Dial: webhook.Dialer(targets)},
	}}
	if c.SMTPURL == "" {
		return out
	}
	settings, err := relay.Parse(string(c.SMTPURL))
	from, faulty := netmail.ParseAddress(c.MailFrom)
	if err == nil && faulty == nil {
		out.Usual, out.Name, out.From = &settings, from.Name, from.Address
	}
	return out
}
