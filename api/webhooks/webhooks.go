// Package webhooks answers requests about webhooks: the endpoints themselves, their deliveries and attempts, tests and replays, and the
// feed of events, which is what a receiver catches up with. It answers about mails, their templates and text messages, too.
package webhooks

import (
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/mail/mailer"
	"holdfast/internal/postgres"
	"holdfast/internal/webhook"
)

// Handlers answers requests about webhooks, their deliveries and the feed of events. All fields are needed.
type Handlers struct {
	Outbox        *postgres.Outbox
	Contacts      *postgres.Contacts
	Mailers       *postgres.Mailers
	Bookings      *postgres.Bookings
	Relays        mailer.Relays
	Templates     *postgres.Templates
	Outcomes      *postgres.Outcomes
	Dispatch      *dispatch.Dispatcher
	Vault         *links.Vault
	Links         links.Maker
	Targets       webhook.Options // the rules for targets, checked when a webhook is made or changed
	PausedBacklog int             // how many deliveries wait for a paused webhook at most; only shown
	Wait          time.Duration   // how long a test waits for its attempt
	Log           *slog.Logger
}

// Routes returns the rows of the route table that this package answers.
func (h *Handlers) Routes() []edge.Route {
	waker := h.newWaker()
	deliveries := &deliveryHandlers{outbox: h.Outbox, links: h.Links, waker: waker}
	return slices.Concat(
		(&webhookHandlers{
			outbox: h.Outbox, dispatch: h.Dispatch, vault: h.Vault, targets: h.Targets, pausedBacklog: h.PausedBacklog, waker: waker, log: h.Log,
		}).routes(),
		(&mailHandlers{mailers: h.Mailers, contacts: h.Contacts, bookings: h.Bookings, vault: h.Vault, waker: waker}).routes(),
		(&mailerHandlers{
			mailers: h.Mailers, vault: h.Vault, relays: h.Relays, targets: h.Targets, waker: waker, log: h.Log,
		}).routes(),
		(&bounceHandlers{mailers: h.Mailers, contacts: h.Contacts, bookings: h.Bookings, vault: h.Vault, waker: waker}).routes(),
		(&templateHandlers{templates: h.Templates}).routes(),
		(&textMessageHandlers{contacts: h.Contacts, vault: h.Vault}).routes(),
		(&testHandlers{outbox: h.Outbox, outcomes: h.Outcomes, deliveries: deliveries, waker: waker, wait: h.Wait}).routes(),
		(&replayHandlers{outbox: h.Outbox, waker: waker}).routes(),
		deliveries.routes(),
	)
}

func (h *Handlers) newWaker() *waker { return &waker{dispatch: h.Dispatch, log: h.Log} }

// Wake starts the workflows of endpoints that have deliveries to send. A failure is logged and not returned: the sweep starts them later.
func (h *Handlers) Wake(k *edge.Call, endpoints []uuid.UUID) { h.newWaker().wake(k, endpoints) }

// Events returns the feed of events.
func (h *Handlers) Events() *EventFeed { return &EventFeed{outbox: h.Outbox} }
