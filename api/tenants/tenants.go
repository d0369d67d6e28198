// Package tenants answers requests about who calls: apps, which are the tenants of a server, their keys, and the sign-ins and
// credentials of resources.
package tenants

import (
	"slices"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
)

// Handlers has the handlers of apps, keys, sign-ins and credentials. All fields are needed. It is safe for concurrent use.
type Handlers struct {
	Access    *postgres.Access
	Calendars *postgres.Calendars
	Vault     *links.Vault
	Edge      *edge.Edge
	SignIns   *apps.Passwords // bounds how many passwords of strangers are checked at once
}

// Routes returns the rows of the route table that this package answers.
func (h *Handlers) Routes() []edge.Route {
	return slices.Concat(
		(&appHandlers{access: h.Access, vault: h.Vault}).routes(),
		(&keyHandlers{access: h.Access, vault: h.Vault}).routes(),
		(&signInHandlers{access: h.Access, edge: h.Edge, passwords: h.SignIns}).routes(),
		(&credentialHandlers{access: h.Access, calendars: h.Calendars}).routes(),
	)
}
