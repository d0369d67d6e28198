package catalogue

import (
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// embedProject answers with a project as widgets see it.
func (s *Handlers) embedProject(k *edge.Call) error {
	p, err := s.project(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.PublicProject(p))
}

// hostedProject answers with the project of a slug and the newest widget key of its app. It needs no credential, as in Timekit's contract:
// the unmodified widget finds its project by the slug. A widget key is public, since it is in the page of every site that embeds a
// widget. How many slugs one address may try is limited as for a widget key.
func (s *Handlers) hostedProject(k *edge.Call) error {
	slug := k.Param("slug")
	if !edge.GoodSlug.MatchString(slug) {
		return fault.Errorf(fault.NotFound, "The project does not exist.")
	}
	if err := k.TooMany(s.Limits.Slugs.Allow(k.Address())); err != nil {
		return err
	}
	p, err := s.DB.ProjectBySlug(k, slug)
	if err != nil {
		return err
	}
	id, sealed, err := s.DB.WidgetKey(k, p.AppID)
	if err != nil {
		return err
	}
	key, err := s.Vault.Open(sealed, tenant.KeySecret(id))
	if err != nil {
		return err
	}
	view := timekit.PublicProject(p)
	view["app_key"] = string(key)
	return k.Answer(http.StatusOK, view)
}
