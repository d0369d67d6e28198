// Package mailer says by which mail server the mails of an app go, and who they are from: its own, or the operator's.
package mailer

import (
	"cmp"
	"context"

	gomail "github.com/wneessen/go-mail"

	"holdfast/internal/links"
	"holdfast/internal/mail/relay"
	"holdfast/internal/tenant"
)

// Relays are the mail servers that there are. It is safe for concurrent use.
type Relays struct {
	Vault  *links.Vault
	Usual  *relay.Settings // the operator's; nil for none
	From   string          // the address that it sends from
	Name   string          // of the sender where an app has none
	Client relay.Client    // reaches the operator's
	// Guarded reaches those of apps' own: it refuses addresses that the operator does not allow.
	Guarded relay.Client
}

// Sender is how the mails of one app leave.
type Sender struct {
	From, Name string
	ReplyTo    string // "" for none
	Bounces    string // the sender of envelopes, which gets the id of each mail; "" for From
	relay      relay.Settings
	client     relay.Client
}

// Of returns the sender of an app's mails; own is nil for an app without a mail server of its own. It returns false when there is none.
// Settings that cannot be opened are an error.
func (r Relays) Of(app *tenant.App, own *tenant.Mailer) (s Sender, ok bool, err error) {
	if own == nil {
		if r.Usual == nil {
			return s, false, nil
		}
		return Sender{From: r.From, Name: cmp.Or(app.Name, r.Name), relay: *r.Usual, client: r.Client}, true, nil
	}
	s = Sender{From: own.From, Name: cmp.Or(own.FromName, app.Name), ReplyTo: own.ReplyTo, Bounces: own.BounceAddress, client: r.Guarded}
	err = r.Vault.OpenJSON(own.Sealed, own.SealContext(), &s.relay)
	return s, err == nil, err
}

// Send hands one mail to the mail server. It does not log, and its result names nobody.
func (s Sender) Send(ctx context.Context, m *gomail.Msg) relay.Result {
	return s.client.Send(ctx, s.relay, m)
}
