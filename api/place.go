package api

import (
	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
)

func (s *Server) findPlace(k *call, b *booking.Booking, resourceID, calendarID string, problems booking.Problems) error {
	id := edge.ParseID(resourceID, "resource_id", problems)
	var calendar *uuid.UUID
	if calendarID != "" {
		named := edge.ParseID(calendarID, "calendar_id", problems)
		calendar = &named
	}
	if id == uuid.Nil {
		return nil
	}
	resource, found, err := s.DB.Place(k, k.App.ID, id, calendar)
	if edge.IsMissing(err, "resource_id", problems) || err != nil {
		return edge.UnlessNotFound(err)
	}
	b.Resource = *resource
	if found == nil {
		problems.Add("calendar_id", "does not exist")
		return nil
	}
	b.Calendar = *found
	return nil
}
