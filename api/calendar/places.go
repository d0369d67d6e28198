package calendar

import (
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

// findPlace loads the resource and the calendar that a body names; the resource's first calendar if it names none. What does not exist is
// a problem of its field. For a resource's token, other resources do not exist.
func findPlace(
	k *edge.Call, db *postgres.Calendars, resourceID, calendarID string, problems fault.Problems,
) (r catalogue.Resource, c catalogue.Calendar, err error) {
	if k.Self != nil && !strings.EqualFold(resourceID, k.Self.String()) {
		problems.Add("resource_id", "does not exist")
		return r, c, nil
	}
	id := edge.ParseID(resourceID, "resource_id", problems)
	var calendar *uuid.UUID
	if calendarID != "" {
		named := edge.ParseID(calendarID, "calendar_id", problems)
		calendar = &named
	}
	if id == uuid.Nil {
		return r, c, nil
	}
	resource, found, err := db.Place(k, k.App.ID, id, calendar)
	if edge.IsMissing(err, "resource_id", problems) || err != nil {
		return r, c, edge.UnlessNotFound(err)
	}
	if found == nil {
		problems.Add("calendar_id", "does not exist")
		return *resource, c, nil
	}
	return *resource, *found, nil
}
