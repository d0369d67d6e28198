// Package visitor answers people with pages: public links, where a time is picked and booked, the pages of scheduling requests, and action
// links. A GET changes nothing, but where an app has chosen links that act by one click.
package visitor

import (
	"log/slog"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
)

// Handlers answers people with pages: public links, requests for a time, and action links. All fields are needed.
type Handlers struct {
	Booker    *service.Booker
	Player    *service.Player
	Offers    *service.Offers
	Tokens    *service.Tokens
	Bookings  *postgres.Bookings
	Actions   *postgres.Actions
	Requests  *postgres.Requests
	Catalogue *postgres.Catalogue
	Calendars *postgres.Calendars
	Payments  *postgres.Payments
	Contacts  *postgres.Contacts
	Providers Providers
	Dispatch  *dispatch.Dispatcher
	Rules     rules.Reader
	Edge      *edge.Edge
	Vault     *links.Vault
	Links     links.Maker
	Wait      time.Duration // how long an action waits for its outcome
	Log       *slog.Logger
}

// call is a request for a page.
type call struct {
	*edge.Call

	form *error // how the reading of the form went, once it was tried; see readForm
}

func onPage(handle func(*call) error) func(*edge.Call) error {
	return func(k *edge.Call) error { return handle(&call{Call: k}) }
}

// Routes returns the rows of the route table that this package answers.
func (h *Handlers) Routes() []edge.Route {
	page, times := &pageEdge{edge: h.Edge}, &timePages{offers: h.Offers}
	booker := &timeBooker{Booker: h.Booker, rules: h.Rules, wait: h.Wait}
	requests := &requestOffers{Requests: h.Requests, catalogue: h.Catalogue, offers: h.Offers}
	pages := &requestPages{
		bookings: h.Bookings, actions: h.Actions, catalogue: h.Catalogue, offers: h.Offers, requests: requests, times: times,
		payments: h.Payments,
	}
	actions := &requestActions{player: h.Player, offers: h.Offers, requests: requests, booker: booker, wait: h.Wait}
	return slices.Concat(
		(&publicLinkHandlers{
			offers: h.Offers, page: page, times: times, booker: booker,
			tries:  &tries{bookings: h.Bookings, actions: h.Actions, requests: h.Requests},
			visits: &visits{requests: h.Requests, catalogue: h.Catalogue, tokens: h.Tokens, vault: h.Vault, log: h.Log},
			forms:  &keptForms{requests: h.Requests, vault: h.Vault, log: h.Log},
		}).routes(),
		(&requestHandlers{page: page, requests: requests, pages: pages, actions: actions, links: h.Links}).routes(),
		(&paymentHandlers{
			page: page, payments: h.Payments, bookings: h.Bookings, catalogue: h.Catalogue, actions: actions, providers: h.Providers,
			dispatch: h.Dispatch, log: h.Log,
		}).routes(),
		(&unsubscribeHandlers{page: page, bookings: h.Bookings, contacts: h.Contacts, vault: h.Vault}).routes(),
		(&linkHandlers{
			bookings: h.Bookings, actions: h.Actions, player: h.Player, tokens: h.Tokens, payments: h.Payments, edge: h.Edge, links: h.Links,
			wait:  h.Wait,
			moves: &linkMoves{calendars: h.Calendars, page: page, pages: pages, actions: actions},
		}).routes(),
	)
}

// FailPage shows an error of an address that people open in a browser as a page, also where no handler has seen the request. It reports
// whether the address is one.
func FailPage(e *edge.Edge, c *gin.Context, err error) bool {
	return (&pageEdge{edge: e}).failPage(c, err)
}
