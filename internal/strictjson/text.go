package strictjson

import (
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a text in double quotes. Half a surrogate pair and the null character are refused: no database stores them, and
// encoding/json makes another character of the first.
func (s *scanner) str() (string, error) {
	from, plain := s.at, true
	s.at++
	for {
		if s.at >= len(s.text) {
			return "", s.broken("a text has no closing quote")
		}
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return unquoted(s.text[from:s.at], plain), nil
		case c == '\\':
			plain = false
			if err := s.escape(); err != nil {
				return "", err
			}
		case c < ' ':
			return "", s.broken("a text holds %s as it is: write it with a backslash", s.found())
		case c < utf8.RuneSelf:
			s.at++
		default:
			r, size := utf8.DecodeRune(s.text[s.at:])
			if r == utf8.RuneError && size <= 1 {
				return "", s.broken("a text holds a byte that is not UTF-8")
			}
			s.at += size
		}
	}
}

func unquoted(raw []byte, plain bool) (value string) {
	if plain {
		return string(raw[1 : len(raw)-1])
	}
	_ = json.Unmarshal(raw, &value) // it has been checked
	return value
}

// escape reads a backslash and what belongs to it.
func (s *scanner) escape() error {
	s.at++
	switch s.next() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return nil
	case 'u':
	default:
		s.at--
		return s.broken("a backslash stands before what needs none")
	}
	first, ok := s.hex()
	switch {
	case !ok:
		return s.broken("\\u needs four digits of 0-9 and a-f")
	case first == 0:
		return s.broken("a text holds the null character")
	case !utf16.IsSurrogate(first):
		return nil
	}
	if s.at+1 < len(s.text) && s.text[s.at] == '\\' && s.text[s.at+1] == 'u' {
		s.at++
		if second, ok := s.hex(); ok && utf16.DecodeRune(first, second) != utf8.RuneError {
			return nil
		}
	}
	return s.broken("a text holds half a surrogate pair")
}

// hex reads the u of an escape and its four digits.
func (s *scanner) hex() (rune, bool) {
	if s.at+5 > len(s.text) {
		return 0, false
	}
	digits := string(s.text[s.at+1 : s.at+5])
	n, err := strconv.ParseUint(digits, 16, 16)
	if err != nil || digits[0] == '+' || digits[0] == '-' {
		return 0, false
	}
	s.at += 5
	return rune(n), true
}

// shown is a name as it may stand in a message.
func shown(name string) string {
	const most = 80
	if len(name) <= most {
		return name
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + "…"
}
