// Package catalogue answers requests about projects, locations, services and an app's own graphs. It also refuses the requests of
// Timekit's contract that this server does not support.
package catalogue

import (
	"slices"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/catalogue"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// Handlers has the handlers of projects, locations, services and own graphs. All fields are needed. It is safe for concurrent use.
type Handlers struct {
	Catalogue *postgres.Catalogue
	Calendars *postgres.Calendars
	Graphs    *postgres.Graphs
	Vault     *links.Vault
	Limits    edge.Limits
	Rules     rules.Reader
	Views     ResourceViews
}

// ResourceViews renders resources as the caller may see them, with the parts that ?include= names.
type ResourceViews func(k *edge.Call, all []*catalogue.Resource) ([]timekit.Object, error)

// Routes returns the rows of the route table that this package answers.
func (h *Handlers) Routes() []edge.Route {
	projects := &projectHandlers{catalogue: h.Catalogue, rules: h.Rules}
	return slices.Concat(
		projects.routes(),
		(&projectPages{catalogue: h.Catalogue, projects: projects, vault: h.Vault, limits: h.Limits}).routes(),
		(&projectResourceHandlers{catalogue: h.Catalogue, calendars: h.Calendars, projects: projects, views: h.Views}).routes(),
		(&locationHandlers{catalogue: h.Catalogue}).routes(),
		(&serviceHandlers{catalogue: h.Catalogue}).routes(),
		(&graphHandlers{graphs: h.Graphs}).routes(),
		unsupportedRoutes(),
	)
}
