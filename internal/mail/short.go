package mail

import (
	"cmp"
	"strings"
	"time"
)

// What a text message has room for, in signs. One of 160 is one part, of 306 two; signs outside of GSM 03.38 halve that.
const (
	shortApp     = 30
	shortHeading = 80
	shortTitle   = 40
)

// Short writes a message as a text message (SMS): who says it, the mail's heading, what and when, and a link where there is one. Signs
// that no receiver needs, and that would halve the room, are written plainly.
func Short(m Mail, l Language, a About) string {
	of, l, _ := a.wording(m, l)
	text := cut(a.fill(of.Heading, l), shortHeading) + ". " + cut(a.title(l), shortTitle) + ", " + moment(l, a.Start, a.Place, a.Reader) + "."
	if app := Line(a.App); app != "" {
		text = cut(app, shortApp) + ": " + text
	}
	text = plainly.Replace(text)
	if link := cmp.Or(a.Pay, a.Manage); link != "" {
		text += " " + link
	}
	return text
}

var plainly = strings.NewReplacer(
	"…", "...", "–", "-", "—", "-", "’", "'", "‘", "'", "“", `"`, "”", `"`, "„", `"`, "\u00a0", " ", "?.", "?", "!.", "!",
)

// cut is a line of so many signs at most.
func cut(text string, most int) string {
	if signs := []rune(Line(text)); len(signs) > most {
		return strings.TrimSpace(string(signs[:most-1])) + "…"
	}
	return Line(text)
}

// moment is the start of a booking by the clocks of its place and, where they show something else, by those of the reader.
func moment(l Language, start time.Time, place, reader *time.Location) string {
	if place == nil {
		place, reader = reader, nil
	}
	if place == nil {
		place = time.UTC
	}
	there := start.In(place)
	text := l.date(there) + ", " + there.Format("15:04") + " " + clockName(there)
	if reader == nil || sameClock(there, start.In(reader)) {
		return text
	}
	here := start.In(reader)
	own := here.Format("15:04") + " " + clockName(here)
	if !sameDay(there, here) {
		own = l.date(here) + ", " + own
	}
	return text + " (" + own + ")"
}
