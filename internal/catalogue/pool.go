package catalogue

import (
	"slices"

	"github.com/google/uuid"

	"holdfast/internal/assign"
)

// Pool is the resources that a booking's is chosen from as it is put on record, or is counted among.
type Pool struct {
	Project uuid.UUID
	Assign  assign.Assign
	Members []Member   // the project's resources, in order of priority
	Kept    *Member    // whose booking is moved, and who keeps it if free; nil for nobody. It need not be a member any more
	How     assign.How // Named or Kept: the booking has its resource and is only counted. "" = it is chosen
}

// Member is a resource of a pool.
type Member struct {
	Resource Resource
	Calendar Calendar
	WhyNot   string // why it cannot be chosen, whether free or not; "" when it can be
}

// Chooses reports whether the resource of a booking is chosen from the pool. A nil pool chooses nobody.
func (p *Pool) Chooses() bool { return p != nil && p.How == "" }

// Has reports whether a resource is a member.
func (p *Pool) Has(resource uuid.UUID) bool {
	return slices.ContainsFunc(p.Members, func(m Member) bool { return m.Resource.ID == resource })
}

// Candidates returns who the booking's resource can be: who keeps it first, then the members.
func (p *Pool) Candidates() []Member {
	if p.Kept == nil {
		return p.Members
	}
	others := slices.DeleteFunc(slices.Clone(p.Members), func(m Member) bool { return m.Resource.ID == p.Kept.Resource.ID })
	return append([]Member{*p.Kept}, others...)
}
