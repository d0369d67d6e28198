package service

import (
	"testing"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/requires"
)

// TestWhoseRequirementCounts: the draft's own, then that of the hold whose place it takes, then the project's. A booking that is moved has
// what it was made with, also if that is nothing; a seat requires nothing.
func TestWhoseRequirementCounts(t *testing.T) {
	t.Parallel()
	own, held, projects := &requires.Requires{}, &requires.Requires{}, &requires.Requires{}
	seats, _ := graphs.Named("group_customer", nil)
	old := uuid.New()
	project := &Project{Project: &catalogue.Project{Requires: projects}}
	for name, c := range map[string]struct {
		draft Draft
		want  *requires.Requires
	}{
		"its own":                {Draft{in: NewBooking{Requires: own, Project: project}, source: &booking.Booking{Requires: held}}, own},
		"of a hold":              {Draft{in: NewBooking{Project: project}, source: &booking.Booking{Requires: held}}, held},
		"of a hold without any":  {Draft{in: NewBooking{Project: project}, source: &booking.Booking{}}, projects},
		"of the project":         {Draft{in: NewBooking{Project: project}}, projects},
		"of nobody":              {Draft{}, nil},
		"moved":                  {Draft{Booking: &booking.Booking{Related: booking.Related{RescheduledFrom: &old}}, in: NewBooking{Project: project}, source: &booking.Booking{Requires: held}}, held},
		"moved, and without any": {Draft{Booking: &booking.Booking{Related: booking.Related{RescheduledFrom: &old}}, in: NewBooking{Project: project}, source: &booking.Booking{}}, nil},
		"a seat":                 {Draft{graph: seats, in: NewBooking{Requires: own, Project: project}}, nil},
	} {
		if c.draft.Booking == nil {
			c.draft.Booking = &booking.Booking{}
		}
		if got := c.draft.required(); got != c.want {
			t.Errorf("%s: %p of %p, %p and %p", name, got, own, held, projects)
		}
	}
}
