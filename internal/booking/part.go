package booking

import (
	"cmp"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Part is one resource of a booking that takes several, with the time that it takes of it.
type Part struct {
	Resource uuid.UUID `json:"resource"`
	Calendar uuid.UUID `json:"calendar"`
	Name     string    `json:"name"` // of the resource
	Role     string    `json:"role"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
}

// Resources returns the ids of the resources that the booking takes, the first one's first.
func (b *Booking) Resources() []uuid.UUID {
	all := []uuid.UUID{b.Resource.ID}
	for i, p := range b.Parts {
		if i > 0 {
			all = append(all, p.Resource)
		}
	}
	return all
}

// PartName is what the part of a resource is called: its role, or its number from 1 on.
func (b *Booking) PartName(resource uuid.UUID) string {
	for i, p := range b.Parts {
		if p.Resource == resource {
			return cmp.Or(p.Role, "part "+strconv.Itoa(i+1))
		}
	}
	return ""
}
