// Package tenants answers requests about who calls: apps, which are the tenants of a server, their keys and clocks, and the sign-ins and
// credentials of resources.
package tenants

import (
	"context"
	"slices"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/dispatch"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
)

// Handlers has the handlers of apps, clocks, keys, sign-ins and credentials. All fields but Mailers are needed. It is safe for concurrent
// use.
type Handlers struct {
	Access    *postgres.Access
	Calendars *postgres.Calendars
	Clocks    *postgres.Clocks
	Outcomes  *postgres.Outcomes
	Dispatch  *dispatch.Dispatcher
	Vault     *links.Vault
	Edge      *edge.Edge
	Mailers   func(context.Context) error // gives apps that have none what they send mails by; nil on a server without mails
	SignIns   *apps.Passwords             // bounds how many passwords of strangers are checked at once
	Wait      time.Duration               // for an advance of a clock, unless the caller says how long
}

// Routes returns the rows of the route table that this package answers.
func (h *Handlers) Routes() []edge.Route {
	return slices.Concat(
		(&appHandlers{access: h.Access, vault: h.Vault, mailers: h.Mailers}).routes(),
		(&clockHandlers{h.Clocks, h.Outcomes, h.Dispatch, h.Wait}).routes(),
		(&keyHandlers{access: h.Access, vault: h.Vault}).routes(),
		(&signInHandlers{access: h.Access, edge: h.Edge, passwords: h.SignIns}).routes(),
		(&credentialHandlers{access: h.Access, calendars: h.Calendars}).routes(),
	)
}
