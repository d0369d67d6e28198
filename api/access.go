package api

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"holdfast/internal/apps"
	"holdfast/internal/booking"
)

// appHeader names an app by its slug, where a resource signs in.
const appHeader = "Timekit-App"

// permit tells whether the kind of the caller's credential is enough.
func (k *call) permit(need access) error {
	switch {
	case k.kind == booking.ServerKey:
		return nil
	case k.kind == booking.ClientKey && need == needClient:
		return nil
	case k.kind == booking.ClientKey:
		return booking.Errorf(booking.Forbidden, "A client secret may not do this; use a server key.")
	case need == needKey:
		return nil
	case k.kind == booking.WidgetKey:
		return booking.Errorf(booking.Forbidden, "A widget key may not do this; use a server key.")
	case need == needResource:
		return nil
	}
	return booking.Errorf(booking.Forbidden, "A resource may not do this; use a server key.")
}

// visitor reports whether the caller is anybody: a page's visitor, or a browser with a widget key. What such a caller may book is
// what is offered.
func (k *call) visitor() bool { return k.kind != booking.ServerKey && k.self == nil }

// identifyResource finds the resource of a token. Its e-mail address is the user name, and the app is its own if it is named.
func (s *Server) identifyResource(k *call, token string) error {
	holder, err := s.DB.TokenHolder(k, apps.KeyHash(token))
	if err != nil {
		return err
	}
	user, _, _ := k.Request.BasicAuth()
	slug := k.GetHeader(appHeader)
	if !strings.EqualFold(user, holder.Email) || user == "" || slug != "" && slug != holder.App.Slug {
		return booking.Errorf(booking.Unauthorized, "The token is not known.")
	}
	k.app, k.keyID, k.kind, k.self = holder.App, holder.CredentialID, booking.ResourceToken, &holder.ResourceID
	if k.app.TestMode {
		k.Header("Timekit-TestMode", "true")
	}
	return nil
}

// owns refuses a resource what is another's: for it, that does not exist.
func (k *call) owns(resource uuid.UUID, what string) error {
	if k.self != nil && *k.self != resource {
		return booking.Errorf(booking.NotFound, "%s does not exist.", what)
	}
	return nil
}

// sharesProject tells whether a project's resources are the caller's colleagues: it is one of them itself.
func (k *call) sharesProject(p *booking.Project) bool {
	return k.self != nil && p != nil && slices.Contains(p.Resources, *k.self)
}

// keepOwn refuses a resource that books, holds, moves or takes over the time of another one. Through a project that both belong to it
// may, within what the project offers. For it, others do not exist.
func (d *draft) keepOwn() {
	if d.k.self == nil {
		return
	}
	reaches := func(resource uuid.UUID) bool {
		return resource == *d.k.self || d.k.sharesProject(d.project) && slices.Contains(d.project.Resources, resource)
	}
	switch {
	case d.Resource.ID != uuid.Nil && !reaches(d.Resource.ID):
		d.problems.Add("resource_id", "does not exist")
	case d.source != nil && !reaches(d.source.Resource.ID):
		field := "related.owner_booking_id"
		if d.Related.Reservation != nil {
			field = "reservation_id"
		}
		d.problems.Add(field, "does not exist")
	}
}

// findOwnPlace is findPlace for callers that may be a resource: then there is no other.
func (s *Server) findOwnPlace(k *call, b *booking.Booking, resourceID, calendarID string, problems booking.Problems) error {
	if k.self != nil && !strings.EqualFold(resourceID, k.self.String()) {
		problems.Add("resource_id", "does not exist")
		return nil
	}
	return s.findPlace(k, b, resourceID, calendarID, problems)
}
