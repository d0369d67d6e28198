package visitor

import (
	"strings"
	"time"

	"holdfast/api/edge"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

// zoneGroup is a part of the world with its zones, for a list to choose from.
type zoneGroup struct {
	Name  string
	Zones []zoneChoice
}

type zoneChoice struct{ Name, Text string }

var zoneGroups = readZones(mustRead("pages/zones.txt"))

// readZones sorts a list of names, one a line and in order, by the part before the first slash.
func readZones(text string) (groups []zoneGroup) {
	for name := range strings.Lines(text) {
		name = strings.TrimSpace(name)
		part, _, _ := strings.Cut(name, "/")
		if len(groups) == 0 || groups[len(groups)-1].Name != part {
			groups = append(groups, zoneGroup{Name: part})
		}
		last := &groups[len(groups)-1]
		last.Zones = append(last.Zones, zoneChoice{name, zoneText(name)})
	}
	return groups
}

// zoneText is a zone's name as people read it.
func zoneText(name string) string { return strings.ReplaceAll(name, "_", " ") }

// zoneOf finds a zone of the database by its name: the first of several that is one.
func zoneOf(names ...string) *time.Location {
	for _, name := range names {
		problems := fault.Problems{}
		if len(name) > 64 {
			continue
		}
		if edge.CheckZone(name, "tz", problems); len(problems) == 0 {
			return (&catalogue.Resource{Timezone: name}).Zone()
		}
	}
	return time.UTC
}

// whenText is a range of time as a visitor reads it.
func whenText(start, end time.Time, zone *time.Location) string {
	const dash = "\u00a0–\u2060\u00a0" // a range of hours stays on one line
	start, end = start.In(zone), end.In(zone)
	const day = "Monday, 2 January 2006, "
	text := start.Format(day) + clockText(start) + dash
	if start.Format(time.DateOnly) != end.Format(time.DateOnly) {
		text += end.Format(day)
	}
	return text + clockText(end)
}

// clockText is what clocks show. Where they show it twice, since they are put back over it, it says which one is meant.
func clockText(at time.Time) string {
	if isShownTwice(at) {
		return at.Format("15:04 (MST)")
	}
	return at.Format("15:04")
}

// isShownTwice reports whether the clocks of the time's zone show this time twice.
func isShownTwice(at time.Time) bool {
	_, offset := at.Zone()
	for _, away := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		_, other := at.Add(away).Zone()
		again := at.Add(time.Duration(offset-other) * time.Second)
		if _, there := again.Zone(); there == other && other != offset {
			return true
		}
	}
	return false
}

// isListed reports whether the list has a zone.
func isListed(name string) bool {
	for _, group := range zoneGroups {
		for _, zone := range group.Zones {
			if zone.Name == name {
				return true
			}
		}
	}
	return false
}

// saidZone is the zone that the address of a page names, or its form where that was read; nil for none.
func (k *call) saidZone() *time.Location {
	for _, name := range []string{k.Query("tz"), k.formValue("tz")} {
		if name != "" {
			return zoneOf(name)
		}
	}
	return nil
}

// inZone is a refusal by a rule with its moment in a zone of the visitor's, nil for that of the message. Other errors stay as they are.
func inZone(err *fault.Error, zone *time.Location) *fault.Error {
	joint := map[fault.Code]string{
		fault.TooLate: "That was possible until ", fault.TooEarly: "That is possible from ", fault.LimitReached: "The next period begins at ",
		fault.OutsideWindow: "The window ends or begins at ",
	}[err.Code]
	r := err.Rule
	if zone == nil || joint == "" || r == nil || r.Ends.IsZero() || r.Name == fault.Begun {
		return err
	}
	known := *err
	known.Message = joint + momentText(r.Ends, zone) + " (" + zoneText(zone.String()) + ")."
	if r.Text != "" {
		known.Message = r.Text + ". " + known.Message
	}
	return &known
}
