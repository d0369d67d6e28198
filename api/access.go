package api

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"holdfast/internal/booking"
)

// keepOwn refuses a resource that books, holds, moves or takes over the time of another one. Through a project that both belong to it
// may, within what the project offers. For it, others do not exist.
func (d *draft) keepOwn() {
	if d.k.Self == nil {
		return
	}
	reaches := func(resource uuid.UUID) bool {
		return resource == *d.k.Self || d.k.SharesProject(d.project) && slices.Contains(d.project.Resources, resource)
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
	if k.Self != nil && !strings.EqualFold(resourceID, k.Self.String()) {
		problems.Add("resource_id", "does not exist")
		return nil
	}
	return s.findPlace(k, b, resourceID, calendarID, problems)
}
