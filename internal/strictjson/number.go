package strictjson

import (
	"bytes"
	"math"
	"reflect"
	"strconv"
	"strings"
)

const (
	maxDigits   = 40  // characters of a number as it is written
	maxRendered = 400 // digits of a number without an exponent; the largest double has 309
)

// number reads a number that is to become a t. It must be one that a double can carry, since jsonb keeps any and prints all of
// its digits: 1e131071 is eight bytes, and 131,072 at each read.
func (s *scanner) number(t reflect.Type) error {
	from := s.at
	if s.next() == '-' {
		s.at++
	}
	switch {
	case s.next() == '0':
		s.at++
	case !s.digits():
		return s.broken("a number begins with %s", s.found())
	}
	if c := s.next(); '0' <= c && c <= '9' {
		return s.broken("a number begins with a zero")
	}
	if s.next() == '.' {
		if s.at++; !s.digits() {
			return s.broken("a number has no digits behind its point")
		}
	}
	if c := s.next(); c == 'e' || c == 'E' {
		if s.at++; s.next() == '+' || s.next() == '-' {
			s.at++
		}
		if !s.digits() {
			return s.broken("a number has no digits behind its exponent")
		}
	}
	s.judge(string(s.text[from:s.at]), t)
	return nil
}

// digits skips digits, at least one.
func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}

func (s *scanner) judge(text string, t reflect.Type) {
	value, err := strconv.ParseFloat(text, 64)
	if len(text) > maxDigits || err != nil || math.IsInf(value, 0) || Rendered(text) > maxRendered {
		s.fault("must be a number of at most %d characters that a double can carry (up to 1.7e308)", maxDigits)
		return
	}
	if t == nil {
		return
	}
	fresh := reflect.New(t).Elem()
	switch {
	case fresh.CanInt():
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || fresh.OverflowInt(n) {
			s.fault("must be a whole number, not %s", text)
		}
	case fresh.CanUint():
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || fresh.OverflowUint(n) {
			s.fault("must be a whole number of 0 or more, not %s", text)
		}
	}
}

// Rendered is how many characters a number has when it is written without an exponent, as Postgres prints it from jsonb.
func Rendered(number string) int {
	mantissa, power := []byte(number), 0
	if i := bytes.IndexAny(mantissa, "eE"); i >= 0 {
		n, err := strconv.Atoi(number[i+1:])
		if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
			return math.MaxInt32
		}
		mantissa, power = mantissa[:i], n
	}
	mantissa = bytes.TrimPrefix(mantissa, []byte("-"))
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	left, right := max(len(whole)+power, 1), max(len(fraction)-power, 0)
	return left + right + 2 // a sign and a point
}

// StoredSize is how many bytes a checked JSON text has when its numbers are written without exponents: about what Postgres
// prints of it.
func StoredSize(raw []byte) int {
	size := len(raw)
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case c == '-' || '0' <= c && c <= '9':
			from := i
			for i < len(raw) && strings.IndexByte("+-.eE0123456789", raw[i]) >= 0 {
				i++
			}
			size += max(Rendered(string(raw[from:i]))-(i-from), 0)
			i--
		}
	}
	return size
}
