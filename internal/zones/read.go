package zones

import (
	"time"
)

// Kind says how much of a time a text has.
type Kind int

// The kinds.
const (
	Instant Kind = iota // has an offset
	Wall                // date and time of day in a zone that the reader must supply
	Date                // a date alone
)

// MaxOffset is the largest offset from UTC, in seconds, that is read; no place has more (Kiritimati has it).
const MaxOffset = 14 * 60 * 60

// instants are the layouts with an offset; time.Parse reads a fraction of a second with any of them.
var instants = []string{
	time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07:00", "2006-01-02T15:04-0700",
}

var walls = []string{"2006-01-02T15:04:05", "2006-01-02T15:04"}

// Read reads a time: RFC 3339, also with a compact offset, without seconds, with a space for the T, without an offset, or a
// date alone. It cuts fractions of a second off. Without an offset the time is returned in UTC, to be placed in a zone. False
// for any other text, and for an offset of more than 14 hours.
func Read(text string) (time.Time, Kind, bool) {
	if len(text) > len(time.DateOnly) && text[len(time.DateOnly)] == ' ' {
		text = text[:len(time.DateOnly)] + "T" + text[len(time.DateOnly)+1:]
	}
	for _, layout := range instants {
		if t, err := time.Parse(layout, text); err == nil {
			_, offset := t.Zone()
			return Cut(t.UTC()), Instant, -MaxOffset <= offset && offset <= MaxOffset
		}
	}
	for _, layout := range walls {
		if t, err := time.Parse(layout, text); err == nil {
			return Cut(t), Wall, true
		}
	}
	t, err := time.Parse(time.DateOnly, text)
	return t, Date, err == nil
}

// Cut drops the fraction of a second. The record keeps, and answers show, whole seconds only.
func Cut(t time.Time) time.Time { return t.Truncate(time.Second) }
