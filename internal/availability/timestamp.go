package availability

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/zones"
)

var clockText = regexp.MustCompile(`^(\d{1,2})(?::(\d{2}))?$`)

// parseClock reads 9, "9", "9:00" and "09:00" up to "24:00" as wall time since midnight.
func parseClock(raw json.RawMessage) (int64, bool) {
	text := string(raw)
	if strings.HasPrefix(text, `"`) && json.Unmarshal(raw, &text) != nil {
		return 0, false
	}
	parts := clockText.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	hours, _ := strconv.Atoi(parts[1])
	minutes, _ := strconv.Atoi(parts[2]) // 0 if there are none
	at := int64(hours)*hour + int64(minutes)*minute
	return at, minutes < 60 && at <= day
}

// parseTimestamp reads an instant, or a wall time in a zone that the caller gives.
func parseTimestamp(text string) (bound, bool) {
	t, kind, ok := zones.Read(text)
	return bound{text, instant(t), kind != zones.Instant}, ok
}

func parseBound(raw json.RawMessage) (bound, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return bound{}, false
	}
	return parseTimestamp(text)
}

// ParseMoment reads
//
//   - "now", and "today", "tomorrow", "yesterday" for the first instant of that date in the zone;
//   - a Span from now, such as "4 weeks", "+4 weeks" or "-1 day";
//   - a timestamp with an offset (Z, +01:00, +0100), or without, which is then wall time of the zone;
//   - a date, such as "2026-12-24", for its first instant in the zone.
//
// Of a wall time that comes twice the first is meant; one that does not exist is read with the offset before the gap.
func ParseMoment(text string, now time.Time, zone *time.Location) (time.Time, error) {
	text = strings.TrimSpace(text)
	today := dateOf(instant(now), zone)
	switch strings.ToLower(text) {
	case "":
		return time.Time{}, errors.New("is missing")
	case "now":
		return now, nil
	case "today":
		return moment(firstOf(today, zone)), nil
	case "tomorrow":
		return moment(firstOf(today+1, zone)), nil
	case "yesterday":
		return moment(firstOf(today-1, zone)), nil
	}
	if at, ok := parseTimestamp(text); ok {
		return at.in(zone), nil
	}
	if back, ok := strings.CutPrefix(text, "-"); ok {
		s, err := zones.ParseSpan(back)
		return s.Before(now, zone), momentError(text, err)
	}
	s, err := zones.ParseSpan(strings.TrimPrefix(text, "+"))
	return s.From(now, zone), momentError(text, err)
}

func momentError(text string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%q is neither a timestamp, such as 2026-12-24T09:00:00+01:00, nor a span from now, such as 4 weeks", text)
}

func (b bound) in(zone *time.Location) time.Time {
	switch {
	case !b.wall:
		return moment(b.at)
	case len(b.text) == len(time.DateOnly):
		return moment(firstOf(floor(b.at, day), zone))
	}
	return moment(instantOf(b.at, zone))
}
