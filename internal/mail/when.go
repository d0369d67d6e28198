package mail

import (
	"strconv"
	"strings"
	"time"
)

// When is the time of a booking for one reader: in the zone of its place and, where the clocks there show something else, in the reader's
// own zone as well. Either zone may be nil, which stands for the other one; the place's counts. Every mail, subject and page of one reader
// has this text.
func When(l Language, start, end time.Time, place, reader *time.Location) string {
	if place == nil {
		place, reader = reader, nil
	}
	if place == nil {
		place = time.UTC
	}
	text := l.span(start.In(place), end.In(place), true) + " (" + place.String() + ")"
	if reader == nil || sameClock(start.In(place), start.In(reader)) && sameClock(end.In(place), end.In(reader)) {
		return text
	}
	own := l.span(start.In(reader), end.In(reader), !sameDay(start.In(place), start.In(reader)))
	return text + ", " + strings.NewReplacer("{time}", own, "{zone}", reader.String()).Replace(catalogue[l].Yours)
}

func sameClock(a, b time.Time) bool { return a.Format(time.DateTime) == b.Format(time.DateTime) }

func sameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

// span is a stretch of time by one zone's clocks. The name of the clock separates the two times of a night on which they change.
func (l Language) span(start, end time.Time, dated bool) string {
	text := ""
	if dated {
		text = l.date(start) + ", "
	}
	if sameDay(start, end) && clockName(start) == clockName(end) {
		return text + start.Format("15:04") + "–" + end.Format("15:04") + " " + clockName(start)
	}
	text += start.Format("15:04") + " " + clockName(start) + " – "
	if !sameDay(start, end) {
		text += l.date(end) + ", "
	}
	return text + end.Format("15:04") + " " + clockName(end)
}

// date is a day with its weekday.
func (l Language) date(t time.Time) string {
	of := catalogue[l]
	return strings.NewReplacer(
		"{weekday}", of.Weekdays[t.Weekday()], "{day}", strconv.Itoa(t.Day()), "{month}", of.Months[t.Month()-1],
		"{year}", strconv.Itoa(t.Year()),
	).Replace(of.Date)
}

// clockName is what the clocks of a zone show at a moment: CET, CEST, or the distance from UTC where they have no name.
func clockName(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") || name == "" {
		return "UTC" + t.Format("-07:00")
	}
	return name
}
