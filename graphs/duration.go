package graphs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time that JSON has as ISO 8601 text (PT5M, PT1H30M, P7D). A day is 24 hours. Years and months are refused,
// since their length is not fixed.
type Duration time.Duration

var isoDuration = regexp.MustCompile(`^P(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?$`)

// tooLong is the shortest length that String writes with more days than ParseDuration reads.
const tooLong = 100_000 * 24 * time.Hour

// ParseDuration reads whole days, hours, minutes and seconds. Anything else is an error, and so is a length of 100,000 days or more.
func ParseDuration(text string) (Duration, error) {
	parts := isoDuration.FindStringSubmatch(text)
	if parts == nil || strings.HasSuffix(text, "T") || text == "P" {
		return 0, fmt.Errorf("%q is not an ISO 8601 duration of days, hours, minutes and seconds", text)
	}
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	var total time.Duration
	for i, unit := range units {
		if parts[i+1] == "" {
			continue
		}
		n, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil {
			return 0, err
		}
		if total += time.Duration(n) * unit; total < 0 || total >= tooLong {
			return 0, fmt.Errorf("%q is too long a duration", text)
		}
	}
	return Duration(total), nil
}

// String returns the shortest ISO 8601 form. Fractions of a second are cut. A negative length, which ParseDuration and Validate
// refuse, has a leading minus.
func (d Duration) String() string {
	seconds := int64(time.Duration(d) / time.Second)
	if seconds == 0 {
		return "PT0S"
	}
	text := "P"
	if seconds < 0 {
		text, seconds = "-P", -seconds
	}
	if days := seconds / 86400; days > 0 {
		text += fmt.Sprintf("%dD", days)
	}
	if seconds %= 86400; seconds == 0 {
		return text
	}
	text += "T"
	for _, unit := range []struct {
		size int64
		mark string
	}{{3600, "H"}, {60, "M"}, {1, "S"}} {
		if n := seconds / unit.size; n > 0 {
			text += fmt.Sprintf("%d%s", n, unit.mark)
		}
		seconds %= unit.size
	}
	return text
}

// Words returns the length for people, such as "2 hours" or "1 day 30 minutes". Fractions of a second are cut.
func (d Duration) Words() string {
	left := int64(time.Duration(d) / time.Second)
	var words []string
	for _, unit := range []struct {
		size int64
		name string
	}{{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}} {
		n := left / unit.size
		left %= unit.size
		switch {
		case n == 1:
			words = append(words, "1 "+unit.name)
		case n != 0:
			words = append(words, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	if words == nil {
		return "0 seconds"
	}
	return strings.Join(words, " ")
}

// MarshalText writes the ISO 8601 form.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	*d = parsed
	return err
}

// within reports whether the length is whole seconds between two bounds, both included.
func (d Duration) within(least, most Duration) bool {
	return least <= d && d <= most && time.Duration(d)%time.Second == 0
}
