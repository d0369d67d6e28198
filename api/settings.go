package api

import (
	"encoding/json"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
)

const maxBuffer = 7 * 24 * time.Hour

// graph finds the rule book. An action may be named, as old clients do, but only the one that would be played anyway.
func (in bookingInput) graph(problems booking.Problems) *graphs.Graph {
	if in.Graph == "" {
		problems.Add("graph", "is required")
		return nil
	}
	graph, ok := graphs.Latest(in.Graph)
	if !ok {
		problems.Add("graph", "is not a graph of this server; GET /v2/graphs lists them")
		return nil
	}
	oldName := in.Action == "tentative" && graph.Name == "instant_payment"
	if in.Action != "" && in.Action != graph.Start && !oldName {
		problems.Add("action", "Cannot apply action '%s' to current state '%s'", in.Action, graph.Initial)
	}
	return graph
}

// settings reads what the booking wants for itself: double bookings, timers, and Timekit's switches at the root of the
// body ({"auto_complete_one_hour_after_booking_ends":{"enabled":false}}).
func (in bookingInput) settings(graph *graphs.Graph, body map[string]json.RawMessage, problems booking.Problems) booking.Settings {
	var settings booking.Settings
	if raw := object(in.Settings, "settings", problems); json.Unmarshal(raw, &settings) != nil {
		problems.Add("settings", "must hold allow_double_bookings (true or false) and timers (ISO 8601 durations by action)")
		return settings
	}
	if settings.BufferSeconds < 0 || settings.Buffer() > maxBuffer {
		problems.Add("settings.buffer_seconds", "must lie between 0 and %d", int(maxBuffer/time.Second))
	}
	for action, name := range graph.Switches() {
		var toggle struct {
			Enabled *bool `json:"enabled"`
		}
		raw, ok := body[name]
		if !ok || string(raw) == "[]" {
			continue
		}
		if json.Unmarshal(raw, &toggle) != nil {
			problems.Add(name, "must be an object with enabled: true or false")
			continue
		}
		if toggle.Enabled != nil && !*toggle.Enabled {
			if settings.Timers == nil {
				settings.Timers = graphs.Overrides{}
			}
			settings.Timers[action] = graphs.Off
		}
	}
	for action, problem := range graph.CheckOverrides(settings.Timers) {
		problems.Add("settings.timers."+action, "%s", problem)
	}
	return settings
}
