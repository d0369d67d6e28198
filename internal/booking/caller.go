package booking

import (
	"slices"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// Caller is whom a request comes from, as its credential says. A visitor of a page has the kind of a widget key, and no key.
type Caller struct {
	App   *tenant.App    // nil where no credential is asked for
	KeyID uuid.UUID      // of the key, client secret or token
	Kind  tenant.KeyKind // of the credential
	Self  *uuid.UUID     // the resource whose token was sent; nil for a key of the app
}

// IsVisitor reports whether the caller is anybody: a page's visitor, or a browser with a widget key. What such a caller may book is
// what is offered.
func (c Caller) IsVisitor() bool { return c.Kind != tenant.ServerKey && c.Self == nil }

// Is reports whether the caller is the resource.
func (c Caller) Is(resource uuid.UUID) bool { return c.Self != nil && *c.Self == resource }

// RequireOwner returns NotFound when a resource asks for another resource's data.
func (c Caller) RequireOwner(resource uuid.UUID, what string) error {
	if c.Self != nil && *c.Self != resource {
		return fault.Errorf(fault.NotFound, "%s does not exist.", what)
	}
	return nil
}

// RequirePart returns NotFound when a resource asks for a booking that it has no part in.
func (c Caller) RequirePart(b *Booking) error {
	if c.Self != nil && !slices.Contains(b.Resources(), *c.Self) {
		return c.RequireOwner(b.Resource.ID, "The booking")
	}
	return nil
}

// SharesProject reports whether the caller is a resource of the project. The project's other resources are its colleagues then.
func (c Caller) SharesProject(p *catalogue.Project) bool {
	return c.Self != nil && p != nil && slices.Contains(p.Resources, *c.Self)
}
