// Package catalogue answers requests about projects, locations and services. It also refuses the requests of Timekit's contract that this
// server does not support.
package catalogue

import (
	"net/http"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/catalogue"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// Handlers has the handlers of projects, locations and services. All fields are needed. It is safe for concurrent use.
type Handlers struct {
	DB        *postgres.Catalogue
	Resources *postgres.Calendars
	Vault     *links.Vault
	Limits    edge.Limits
	Rules     rules.Reader
	// Views renders resources as the caller may see them, with the parts that ?include= names.
	Views func(k *edge.Call, all []*catalogue.Resource) ([]timekit.Object, error)
}

// Routes returns the rows of the route table that this package answers.
func (s *Handlers) Routes() []edge.Route {
	return append([]edge.Route{
		edge.On(http.MethodGet, "/v2/projects", edge.RequireKey, s.listProjects),
		edge.On(http.MethodPost, "/v2/projects", edge.RequireServer, s.createProject).Once(),
		edge.On(http.MethodGet, "/v2/projects/embed/:id", edge.RequireKey, s.embedProject),
		edge.On(http.MethodGet, "/v2/projects/hosted/:slug", edge.RequireNothing, s.hostedProject),
		edge.On(http.MethodGet, "/v2/projects/:id", edge.RequireServer, s.getProject),
		edge.On(http.MethodPut, "/v2/projects/:id", edge.RequireServer, s.updateProject),
		edge.On(http.MethodDelete, "/v2/projects/:id", edge.RequireServer, s.deleteProject),
		edge.On(http.MethodGet, "/v2/projects/:id/resources", edge.RequireServer, s.listProjectResources),
		edge.On(http.MethodPost, "/v2/projects/:id/resources", edge.RequireServer, s.addProjectResource).Once(),
		edge.On(http.MethodPut, "/v2/projects/:id/resources", edge.RequireServer, s.setProjectResources),
		edge.On(http.MethodDelete, "/v2/projects/:id/resources/:rid", edge.RequireServer, s.dropProjectResource),

		edge.On(http.MethodGet, "/v2/locations", edge.RequireKey, s.listLocations),
		edge.On(http.MethodPost, "/v2/locations", edge.RequireServer, s.createLocation).Once(),
		edge.On(http.MethodGet, "/v2/locations/:id", edge.RequireKey, s.getLocation),
		edge.On(http.MethodPut, "/v2/locations/:id", edge.RequireServer, s.updateLocation),
		edge.On(http.MethodDelete, "/v2/locations/:id", edge.RequireServer, s.deleteLocation),
		edge.On(http.MethodGet, "/v2/location/services", edge.RequireKey, s.listServices),
		edge.On(http.MethodPost, "/v2/location/services", edge.RequireServer, s.createService).Once(),
		edge.On(http.MethodGet, "/v2/location/services/:id", edge.RequireKey, s.getService),
		edge.On(http.MethodPut, "/v2/location/services/:id", edge.RequireServer, s.updateService),
		edge.On(http.MethodDelete, "/v2/location/services/:id", edge.RequireServer, s.deleteService),

		edge.On(http.MethodGet, "/v2/accounts", edge.RequireResource, s.listAccounts),
	}, refusals()...)
}
