package rules

import (
	"time"

	"holdfast/api/edge"
	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/mail"
	"holdfast/internal/strictjson"
	"holdfast/internal/tenant"
)

const maxBuffer = 7 * 24 * time.Hour

// findGraph finds the rule book. An action may be named, as old clients do, but only the one that would be played anyway.
// A bare name is the version that the app has chosen for it.
func (in *BookingInput) findGraph(app *tenant.App, problems fault.Problems) *graphs.Graph {
	if in.Graph == "" {
		problems.Add("graph", "is required")
		return nil
	}
	graph, ok := app.Graphs.Named(in.Graph, app.Settings.GraphVersions)
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

// settings reads the booking's own settings: double bookings, timers, and Timekit's switches at the root of the
// body ({"auto_complete_one_hour_after_booking_ends":{"enabled":false}}).
func (in *BookingInput) settings(graph *graphs.Graph, problems fault.Problems) booking.Settings {
	var settings booking.Settings
	if err := strictjson.Decode(edge.CheckObject(in.Settings, "settings", problems), &settings); err != nil {
		edge.AddFaults(err, "settings", problems)
		return settings
	}
	if most := int(maxBuffer / time.Second); settings.BufferSeconds < 0 || settings.BufferSeconds > most {
		problems.Add("settings.buffer_seconds", "must lie between 0 and %d", most)
		settings.BufferSeconds = 0 // as a duration it may be none
	}
	if len(settings.MailsOff) > 0 {
		problems.Add("settings.mails_off", "is said by the steps: {\"notify_owner_by_email\": {\"enabled\": false}}")
		settings.MailsOff = nil
	}
	for _, step := range mail.Steps {
		if in.off(step, problems) {
			settings.MailsOff = append(settings.MailsOff, step)
		}
	}
	for action, name := range graph.Switches() {
		if in.off(name, problems) {
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

// off reports whether a switch is turned off.
func (in *BookingInput) off(name string, problems fault.Problems) bool {
	raw, ok := in.switches[name]
	if !ok {
		return false
	}
	var toggle struct {
		Enabled *bool `json:"enabled"`
	}
	if err := strictjson.Decode(raw, &toggle); err != nil {
		edge.AddFaults(err, name, problems)
		return false
	}
	return toggle.Enabled != nil && !*toggle.Enabled
}
