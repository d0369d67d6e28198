// Package bookings answers requests about bookings: creating, listing and moving them, holds, sessions with their seats, and
// several bookings in one request.
package bookings

import (
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// Handlers has what requests about bookings need. All fields are needed.
type Handlers struct {
	Admission *service.Admission
	Booker    *service.Booker
	Player    *service.Player
	Offers    *service.Offers
	Tokens    *service.Tokens
	Bookings  *postgres.Bookings
	Effects   *postgres.Effects
	Payments  *postgres.Payments
	Catalogue *postgres.Catalogue
	Contacts  *postgres.Contacts
	Vault     *links.Vault
	Rules     rules.Reader
	Edge      *edge.Edge
	Links     links.Maker
	Dispatch  *dispatch.Dispatcher
	Wake      func(k *edge.Call, endpoints []uuid.UUID) // starts the workflows of endpoints with deliveries to send
	Wait      time.Duration                             // for the outcome of an action, unless the client says otherwise
	Log       *slog.Logger
}

// Routes returns the rows of the route table that this package answers.
func (h *Handlers) Routes() []edge.Route {
	renderer := &renderer{
		bookings: h.Bookings, effects: h.Effects, payments: h.Payments, catalogue: h.Catalogue, contacts: h.Contacts, vault: h.Vault,
		links: h.Links,
	}
	drafts := &draftReader{booker: h.Booker, offers: h.Offers, rules: h.Rules, wait: h.Wait}
	return slices.Concat(
		(&bookingHandlers{
			bookings: h.Bookings, payments: h.Payments, admission: h.Admission, booker: h.Booker, drafts: drafts, renderer: renderer,
		}).routes(),
		(&bulkHandlers{
			bookings: h.Bookings, payments: h.Payments, admission: h.Admission, booker: h.Booker, player: h.Player, drafts: drafts,
			renderer: renderer, edge: h.Edge, wait: h.Wait, log: h.Log,
		}).routes(),
		(&groupHandlers{bookings: h.Bookings, renderer: renderer}).routes(),
		(&holdHandlers{
			admission: h.Admission, booker: h.Booker, player: h.Player, drafts: drafts, renderer: renderer, wait: h.Wait,
		}).routes(),
		(&rescheduleHandlers{bookings: h.Bookings, booker: h.Booker, tokens: h.Tokens, renderer: renderer, wait: h.Wait}).routes(),
		(&policyHandlers{offers: h.Offers}).routes(),
		(&effectHandlers{bookings: h.Bookings, effects: h.Effects, dispatch: h.Dispatch, wake: h.Wake, log: h.Log}).routes(),
		(&cancelHandlers{bookings: h.Bookings, payments: h.Payments}).routes(),
		(&actionHandlers{bookings: h.Bookings, player: h.Player, renderer: renderer, wait: h.Wait}).routes(),
		(&migrationHandlers{player: h.Player}).routes(),
	)
}

// call is a request about bookings.
type call struct {
	*edge.Call
	proven   bool // the caller has shown the link of the booking's customer
	unlinked bool // the answer hands out no customer's links
}

// with gives a request what the handlers of bookings keep of it.
func with(handle func(*call) error) func(*edge.Call) error {
	return func(k *edge.Call) error {
		return handle(&call{Call: k})
	}
}
