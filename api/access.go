package api

import (
	"strings"

	"holdfast/internal/booking"
)

// findOwnPlace is findPlace for callers that may be a resource: then there is no other.
func (s *Server) findOwnPlace(k *call, b *booking.Booking, resourceID, calendarID string, problems booking.Problems) error {
	if k.Self != nil && !strings.EqualFold(resourceID, k.Self.String()) {
		problems.Add("resource_id", "does not exist")
		return nil
	}
	return s.findPlace(k, b, resourceID, calendarID, problems)
}
