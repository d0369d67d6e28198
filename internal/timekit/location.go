package timekit

import (
	"time"

	"holdfast/internal/catalogue"
)

// Location renders a location. Its distance is in km, null when it was not requested or is unknown.
func Location(l *catalogue.Location, c Clock) Object {
	return Object{
		"id": l.ID, "name": l.Name, "description": l.Description, "latitude": l.Latitude, "longitude": l.Longitude,
		"distance": l.Distance, "use_custom_hours": l.UseCustomHours, "meta": orObject(l.Meta),
		"created_at": c.Show(l.CreatedAt, time.UTC), "updated_at": c.Show(l.UpdatedAt, time.UTC),
	}
}

// Service renders a service.
func Service(s *catalogue.Service, c Clock) Object {
	return Object{
		"id": s.ID, "name": s.Name, "description": s.Description, "meta": orObject(s.Meta), "policy": s.Policy,
		"created_at": c.Show(s.CreatedAt, time.UTC), "updated_at": c.Show(s.UpdatedAt, time.UTC),
	}
}
