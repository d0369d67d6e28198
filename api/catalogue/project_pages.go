package catalogue

import (
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// embedProject shows a project to a widget on somebody's page.
func (s *Handlers) embedProject(k *edge.Call) error {
	p, err := s.project(k)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.PublicProject(p))
}

// hostedProject shows a project to anybody who knows its slug, with a widget key to go on with: the newest one of its app. That is
// Timekit's contract: the unmodified widget finds a project by its slug, without a credential. A widget key is public by nature, on
// the page of everybody who embeds the widget, and what it may do is bounded for that; so the key is told, and only how many slugs
// an address may try is limited, as with a widget key.
func (s *Handlers) hostedProject(k *edge.Call) error {
	slug := k.Param("slug")
	if !edge.GoodSlug.MatchString(slug) {
		return fault.Errorf(fault.NotFound, "The project does not exist.")
	}
	if err := k.TooMany(s.Limits.Slugs.Take(k.Address())); err != nil {
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
