package timekit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Format is the form of a time in the letters of PHP's date(), as Timekit's clients send it. "" is RFC 3339.
type Format string

// Compact is the form of times in webhooks: no colon in the offset.
const Compact Format = `Y-m-d\TH:i:sO`

const maxFormat = 64 // bytes; the longest in the wild have 20

// step is one character of a format: a part of the time, or itself.
type step struct {
	char byte
	part bool
}

// steps takes a format apart. A backslash makes the next character stand for itself.
func (f Format) steps() []step {
	var all []step
	for i := 0; i < len(f); i++ {
		if f[i] == '\\' && i+1 < len(f) {
			i++
			all = append(all, step{f[i], false})
			continue
		}
		letter := 'a' <= f[i] && f[i] <= 'z' || 'A' <= f[i] && f[i] <= 'Z'
		switch {
		case f[i] == 'c':
			all = append(all, Format(`Y-m-d\TH:i:sP`).steps()...)
		case f[i] == 'r':
			all = append(all, Format("D, d M Y H:i:s O").steps()...)
		default:
			all = append(all, step{f[i], letter})
		}
	}
	return all
}

// Check refuses what no time can be shown in. PHP prints an unknown letter; here it is an error.
func (f Format) Check() error {
	if len(f) > maxFormat {
		return fmt.Errorf("must not be longer than %d bytes", maxFormat)
	}
	if strings.HasSuffix(strings.ReplaceAll(string(f), `\\`, ""), `\`) {
		return errors.New("must not end in a backslash")
	}
	for _, s := range f.steps() {
		if s.char < ' ' || s.char > '~' {
			return errors.New("must be printable ASCII")
		}
		if s.part && shown[s.char] == nil {
			return fmt.Errorf(`has %q, which is no letter of PHP's date(); a letter that is text is written \%c`, s.char, s.char)
		}
	}
	return nil
}

// Show renders a time, in the zone it is in.
func (f Format) Show(t time.Time) string {
	if f == "" {
		return t.Format(time.RFC3339)
	}
	var text strings.Builder
	for _, s := range f.steps() {
		if render := shown[s.char]; s.part && render != nil {
			text.WriteString(render(t))
		} else {
			text.WriteByte(s.char)
		}
	}
	return text.String()
}

// shown has PHP's letters with what they show; c and r are made of the others.
var shown = map[byte]func(time.Time) string{
	'd': layout("02"), 'D': layout("Mon"), 'j': layout("2"), 'l': layout("Monday"), 'S': ordinal,
	'N': count(isoWeekday), 'w': count(func(t time.Time) int { return int(t.Weekday()) }),
	'z': count(func(t time.Time) int { return t.YearDay() - 1 }),
	'W': func(t time.Time) string { _, week := t.ISOWeek(); return fmt.Sprintf("%02d", week) },
	'F': layout("January"), 'm': layout("01"), 'M': layout("Jan"), 'n': layout("1"), 't': count(monthDays),
	'L': func(t time.Time) string {
		return yes(time.Date(t.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay() == 366)
	},
	'o': count(func(t time.Time) int { year, _ := t.ISOWeek(); return year }),
	'Y': layout("2006"), 'y': layout("06"),
	'a': layout("pm"), 'A': layout("PM"), 'B': swatch, 'g': layout("3"), 'G': count(time.Time.Hour), 'h': layout("03"), 'H': layout("15"),
	'i': layout("04"), 's': layout("05"),
	'u': func(t time.Time) string { return fmt.Sprintf("%06d", t.Nanosecond()/1e3) },
	'v': func(t time.Time) string { return fmt.Sprintf("%03d", t.Nanosecond()/1e6) },
	'e': func(t time.Time) string { return t.Location().String() }, 'T': layout("MST"),
	'I': func(t time.Time) string { return yes(t.IsDST()) }, 'O': layout("-0700"), 'P': layout("-07:00"), 'p': zulu,
	'Z': count(func(t time.Time) int { _, offset := t.Zone(); return offset }),
	'U': func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) },
}

func layout(text string) func(time.Time) string {
	return func(t time.Time) string { return t.Format(text) }
}

func count(of func(time.Time) int) func(time.Time) string {
	return func(t time.Time) string { return strconv.Itoa(of(t)) }
}

func yes(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func isoWeekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

func monthDays(t time.Time) int {
	return time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// ordinal is the ending of the day of the month.
func ordinal(t time.Time) string {
	switch t.Day() {
	case 1, 21, 31:
		return "st"
	case 2, 22:
		return "nd"
	case 3, 23:
		return "rd"
	}
	return "th"
}

// zulu is the offset, or Z where the zone is UTC itself: London in winter has +00:00.
func zulu(t time.Time) string {
	if name, _ := t.Zone(); name == "UTC" {
		return "Z"
	}
	return t.Format("-07:00")
}

// swatch is the day in thousand beats, counted from midnight at UTC+1.
func swatch(t time.Time) string {
	const day = 86_400
	return fmt.Sprintf("%03d", ((t.Unix()+3600)%day+day)%day*1000/day)
}
