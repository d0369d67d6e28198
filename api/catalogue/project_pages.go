package catalogue

import (
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// projectPages answers the pages and widgets that show a project.
type projectPages struct {
	catalogue *postgres.Catalogue
	projects  *projectHandlers
	vault     *links.Vault
	limits    edge.Limits
}

func (h *projectPages) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodGet, "/v2/projects/embed/:id", edge.RequireKey, h.embedProject),
		edge.On(http.MethodGet, "/v2/projects/hosted/:slug", edge.RequireNothing, h.hostedProject),
	}
}

// embedProject answers with a project as widgets see it.
func (h *projectPages) embedProject(k *edge.Call) error {
	p, err := h.projects.project(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.PublicProject(p))
}

// hostedProject answers with the project of a slug and the newest widget key of its app. It needs no credential, as in Timekit's contract:
// the unmodified widget finds its project by the slug. A widget key is public, since it is in the page of every site that embeds a
// widget. How many slugs one address may try is limited as for a widget key.
func (h *projectPages) hostedProject(k *edge.Call) error {
	slug := k.Param("slug")
	if !edge.GoodSlug.MatchString(slug) {
		return fault.Errorf(fault.NotFound, "The project does not exist.")
	}
	if err := k.TooMany(h.limits.Slugs.Allow(k.Address())); err != nil {
		return err
	}
	p, err := h.catalogue.ProjectBySlug(k, slug)
	if err != nil {
		return err
	}
	id, sealed, err := h.catalogue.WidgetKey(k, p.AppID)
	if err != nil {
		return err
	}
	key, err := h.vault.Open(sealed, tenant.KeySecret(id))
	if err != nil {
		return err
	}
	view := timekit.PublicProject(p)
	view["app_key"] = string(key)
	return k.Answer(http.StatusOK, view)
}
