// Package scheduling answers an app's backend about public links and requests for a time, in the shape of Cronofy's /v1, and about the
// secrets, tokens and notifications that tie visitors to the app.
package scheduling

import (
	"log/slog"
	"slices"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/webhook"
)

// Handlers answers an app's backend about public links and requests for a time, and about the secrets and tokens that tie
// visitors to the app. All fields are needed.
type Handlers struct {
	Player    *service.Player
	Tokens    *service.Tokens
	Requests  *postgres.Requests
	Catalogue *postgres.Catalogue
	Calendars *postgres.Calendars
	Access    *postgres.Access
	Outbox    *postgres.Outbox
	Dispatch  *dispatch.Dispatcher
	Vault     *links.Vault
	Targets   webhook.Options               // the rules for the address of notifications
	Wake      func(*edge.Call, []uuid.UUID) // starts the workflows of endpoints that have something to send
	Log       *slog.Logger
}

// Routes returns the rows of the route table that this package answers.
func (h *Handlers) Routes() []edge.Route {
	return slices.Concat(
		(&embedHandlers{
			access: h.Access, outbox: h.Outbox, dispatch: h.Dispatch, vault: h.Vault, targets: h.Targets, wake: h.Wake, log: h.Log,
		}).routes(),
		(&clientSecretHandlers{access: h.Access, vault: h.Vault}).routes(),
		(&publicLinkHandlers{catalogue: h.Catalogue, requests: h.Requests, tokens: h.Tokens}).routes(),
		(&requestHandlers{requests: h.Requests, catalogue: h.Catalogue, calendars: h.Calendars, player: h.Player}).routes(),
	)
}
