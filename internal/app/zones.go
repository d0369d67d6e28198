package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"holdfast/internal/catalogue"
	"holdfast/internal/postgres"
)

// logUnknownZones logs how many resources have a time zone that the database of zones does not have, and which zones: these
// resources offer nothing until another one is set. That is no reason not to start.
func logUnknownZones(ctx context.Context, db *postgres.Calendars, log *slog.Logger) {
	all, err := db.ResourceZones(ctx)
	if err != nil {
		log.Warn("the time zones of the resources could not be read", "error", err)
		return
	}
	count, unknown := 0, []string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if r := (catalogue.Resource{Timezone: name}); !r.KnownZone() {
			count += all[name]
			unknown = append(unknown, name)
		}
	}
	if count > 0 {
		log.Warn("resources offer nothing because their time zone is unknown: set another one", "resources", count,
			"zones", unknown[:min(len(unknown), 10)])
	}
}
