package edge

import (
	"slices"

	"github.com/google/uuid"

	"holdfast/internal/booking"
)

// RequireKind tells whether the kind of the caller's credential is enough.
func (k *Call) RequireKind(need Access) error {
	switch {
	case k.Kind == booking.ServerKey:
		return nil
	case k.Kind == booking.ClientKey && need == RequireClient:
		return nil
	case k.Kind == booking.ClientKey:
		return booking.Errorf(booking.Forbidden, "A client secret may not do this; use a server key.")
	case need == RequireKey:
		return nil
	case k.Kind == booking.WidgetKey:
		return booking.Errorf(booking.Forbidden, "A widget key may not do this; use a server key.")
	case need == RequireResource:
		return nil
	}
	return booking.Errorf(booking.Forbidden, "A resource may not do this; use a server key.")
}

// IsVisitor reports whether the caller is anybody: a page's visitor, or a browser with a widget key. What such a caller may book is
// what is offered.
func (k *Call) IsVisitor() bool { return k.Kind != booking.ServerKey && k.Self == nil }

// RequireOwner refuses a resource what is another's: for it, that does not exist.
func (k *Call) RequireOwner(resource uuid.UUID, what string) error {
	if k.Self != nil && *k.Self != resource {
		return booking.Errorf(booking.NotFound, "%s does not exist.", what)
	}
	return nil
}

// SharesProject tells whether a project's resources are the caller's colleagues: it is one of them itself.
func (k *Call) SharesProject(p *booking.Project) bool {
	return k.Self != nil && p != nil && slices.Contains(p.Resources, *k.Self)
}
