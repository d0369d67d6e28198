package timekit

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/zones"
)

// CheckInput refuses a format that cannot be read: one that leaves the day open, or of whose letters one says nothing.
// A time of day that is left open is midnight; PHP would take the clock on the wall.
func (f Format) CheckInput() error {
	if err := f.Check(); err != nil {
		return err
	}
	if strings.ContainsAny(string(f), "?*#!|+") {
		return errors.New("must not hold any of ?*#!|+ when times are read by it")
	}
	letters := ""
	for _, s := range f.steps() {
		if !s.part {
			continue
		}
		if readers[s.char] == nil {
			return fmt.Errorf("has %q, by which no time can be read", s.char)
		}
		letters += string(s.char)
	}
	has := func(some string) bool { return strings.ContainsAny(letters, some) }
	if !has("U") && !(has("Yy") && has("mnMF") && has("dj")) {
		return errors.New("must hold year, month and day (such as Y-m-d), or U")
	}
	if has("gh") && !has("aA") {
		return errors.New("must hold a or A beside an hour of twelve")
	}
	return nil
}

// Read reads a time. One without an offset is of the given zone; see onClock.
func (f Format) Read(text string, zone *time.Location) (time.Time, error) {
	r := reading{rest: text, twelve: -1, weekday: -1}
	for _, s := range f.steps() {
		var ok bool
		if s.part {
			read := readers[s.char]
			ok = read != nil && read(&r)
		} else {
			r.rest, ok = strings.CutPrefix(r.rest, string(rune(s.char)))
		}
		if !ok {
			return time.Time{}, f.unlike()
		}
	}
	if r.rest != "" || !r.clock() {
		return time.Time{}, f.unlike()
	}
	if r.unix != nil {
		return time.Unix(*r.unix, int64(r.nano)).UTC(), nil
	}
	wall := time.Date(r.year, time.Month(r.month), r.day, r.hour, r.minute, r.second, r.nano, time.UTC)
	if !r.is(wall) {
		return time.Time{}, f.unlike()
	}
	return onClock(wall, cmp.Or(r.zone, zone))
}

func (f Format) unlike() error { return fmt.Errorf("must be a time in the format %s", string(f)) }

// reading is a text on its way through a format.
type reading struct {
	rest                                                          string
	year, month, day, weekday, hour, twelve, minute, second, nano int
	afternoon                                                     bool
	unix                                                          *int64
	zone                                                          *time.Location
}

// clock makes an hour of 24 out of one of twelve.
func (r *reading) clock() bool {
	if r.twelve < 0 {
		return true
	}
	r.hour = r.twelve % 12
	if r.afternoon {
		r.hour += 12
	}
	return 1 <= r.twelve && r.twelve <= 12
}

// is reports whether the calendar has what was read: no 31 June, no 24 o'clock, and the day of the week that was named.
func (r *reading) is(t time.Time) bool {
	return t.Year() == r.year && int(t.Month()) == r.month && t.Day() == r.day && t.Hour() == r.hour &&
		t.Minute() == r.minute && t.Second() == r.second && (r.weekday < 0 || int(t.Weekday()) == r.weekday)
}

// readers take their part off the front of the text, and return whether it was there.
var readers = map[byte]func(*reading) bool{
	'd': number(1, 2, func(r *reading) *int { return &r.day }), 'j': number(1, 2, func(r *reading) *int { return &r.day }),
	'm': number(1, 2, func(r *reading) *int { return &r.month }), 'n': number(1, 2, func(r *reading) *int { return &r.month }),
	'M': month, 'F': month, 'D': weekday, 'l': weekday, 'S': ending,
	'Y': number(4, 4, func(r *reading) *int { return &r.year }), 'y': shortYear,
	'H': number(1, 2, func(r *reading) *int { return &r.hour }), 'G': number(1, 2, func(r *reading) *int { return &r.hour }),
	'h': number(1, 2, func(r *reading) *int { return &r.twelve }), 'g': number(1, 2, func(r *reading) *int { return &r.twelve }),
	'a': half, 'A': half,
	'i': number(2, 2, func(r *reading) *int { return &r.minute }), 's': number(2, 2, func(r *reading) *int { return &r.second }),
	'v': fraction(1, 3), 'u': fraction(1, 6),
	'e': zone, 'T': offset, 'O': offset, 'P': offset, 'p': offset, 'U': unix,
}

// digits takes up to most digits off the text; "" when there are fewer than least.
func (r *reading) digits(least, most int) string {
	n := 0
	for n < most && n < len(r.rest) && '0' <= r.rest[n] && r.rest[n] <= '9' {
		n++
	}
	if n < least {
		return ""
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

func number(least, most int, part func(*reading) *int) func(*reading) bool {
	return func(r *reading) bool {
		n, err := strconv.Atoi(r.digits(least, most))
		*part(r) = n
		return err == nil
	}
}

func fraction(least, most int) func(*reading) bool {
	return func(r *reading) bool {
		text := r.digits(least, most)
		r.nano, _ = strconv.Atoi((text + "000000000")[:9])
		return text != ""
	}
}

// shortYear is of 1970 to 2069, as in PHP.
func shortYear(r *reading) bool {
	n, err := strconv.Atoi(r.digits(2, 2))
	r.year = 1900 + n
	if n < 70 {
		r.year += 100
	}
	return err == nil
}

func unix(r *reading) bool {
	rest, negative := strings.CutPrefix(r.rest, "-")
	r.rest = rest
	n, err := strconv.ParseInt(r.digits(1, 12), 10, 64)
	if negative {
		n = -n
	}
	r.unix = &n
	return err == nil
}

// word takes the first of the words that the text begins with, and returns its place.
func (r *reading) word(words ...string) (int, bool) {
	i := slices.IndexFunc(words, func(w string) bool { return len(r.rest) >= len(w) && strings.EqualFold(r.rest[:len(w)], w) })
	if i >= 0 {
		r.rest = r.rest[len(words[i]):]
	}
	return i, i >= 0
}

func ending(r *reading) bool {
	_, ok := r.word("st", "nd", "rd", "th")
	return ok
}

func half(r *reading) bool {
	i, ok := r.word("am", "pm")
	r.afternoon = i == 1
	return ok
}

func month(r *reading) bool {
	for m := time.January; m <= time.December; m++ {
		if _, ok := r.word(m.String(), m.String()[:3]); ok {
			r.month = int(m)
			return true
		}
	}
	return false
}

func weekday(r *reading) bool {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if _, ok := r.word(d.String(), d.String()[:3]); ok {
			r.weekday = int(d)
			return true
		}
	}
	return false
}

var (
	offsetText = regexp.MustCompile(`^(?:Z|UTC|GMT|([+-])(0\d|1[0-4])(?::?([0-5]\d))?)`)
	zoneName   = regexp.MustCompile(`^[A-Za-z]+(?:/[A-Za-z0-9_+-]+)+`)
)

// offset reads +01:00, +0100, +01, Z, UTC and GMT. Other abbreviations name several zones each.
func offset(r *reading) bool {
	found := offsetText.FindStringSubmatch(r.rest)
	if found == nil {
		return false
	}
	r.rest = r.rest[len(found[0]):]
	hours, _ := strconv.Atoi(found[2])
	minutes, _ := strconv.Atoi(found[3])
	seconds := hours*3600 + minutes*60
	if found[1] == "-" {
		seconds = -seconds
	}
	r.zone = time.FixedZone("", seconds)
	return -zones.MaxOffset <= seconds && seconds <= zones.MaxOffset
}

// zone reads a name of the IANA database, or an offset.
func zone(r *reading) bool {
	name := zoneName.FindString(r.rest)
	if name == "" {
		return offset(r)
	}
	r.rest = r.rest[len(name):]
	place, err := zones.Load(name)
	r.zone = place
	return err == nil
}
