package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how many objects and lists may stand inside each other.
const maxDepth = 64

// scanner walks over a text once. It stops at the first error of syntax, and collects faults.
type scanner struct {
	text   []byte
	at     int
	depth  int
	rules  Rules
	faults Faults
	path   []string
	lists  []int // where empty lists begin that are to be empty objects
}

// document reads the only value of the text.
func (s *scanner) document(t reflect.Type) error {
	s.space()
	if s.at == len(s.text) {
		return s.broken("there is nothing")
	}
	if err := s.value(t); err != nil {
		return err
	}
	if s.space(); s.at < len(s.text) {
		return s.broken("there is something behind the end of the JSON")
	}
	return nil
}

// mended is the text with empty objects where they are meant.
func (s *scanner) mended() []byte {
	if len(s.lists) == 0 {
		return s.text
	}
	text := append([]byte{}, s.text...)
	for _, at := range s.lists {
		text[at] = '{'
		text[at+bytes.IndexByte(text[at:], ']')] = '}'
	}
	return text
}

func (s *scanner) broken(format string, args ...any) error {
	before := s.text[:min(s.at, len(s.text))]
	last := bytes.LastIndexByte(before, '\n')
	return &SyntaxError{
		Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(before[last+1:]), Text: fmt.Sprintf(format, args...),
	}
}

// fault notes what is wrong with the value at the path.
func (s *scanner) fault(format string, args ...any) {
	if len(s.faults) < maxFaults {
		s.faults = append(s.faults, Fault{strings.Join(s.path, "."), fmt.Sprintf(format, args...)})
	}
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// next is the next byte, 0 at the end.
func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// found names what stands at the scanner, for messages.
func (s *scanner) found() string {
	if s.at >= len(s.text) {
		return "the end"
	}
	r, size := utf8.DecodeRune(s.text[s.at:])
	if r == utf8.RuneError && size <= 1 {
		return "a byte that is not UTF-8"
	}
	return strconv.QuoteRune(r)
}

// value reads one value that is to become a t; nil for anything.
func (s *scanner) value(t reflect.Type) error {
	for t != nil && t.Kind() == reflect.Pointer && !reads(t) {
		t = t.Elem()
	}
	if reads(t) {
		return s.custom(t)
	}
	kind := kindOf(s.next())
	if kind == 0 {
		return s.broken("a value is missing: there is %s", s.found())
	}
	if !s.fits(kind, t) {
		t = nil
	}
	switch kind {
	case object:
		return s.nested(t, s.object)
	case list:
		return s.nested(t, s.list)
	case text:
		_, err := s.str()
		return err
	case number:
		return s.number(t)
	case boolean, null:
		return s.word()
	default:
		return nil
	}
}

// custom reads a value whose type reads itself.
func (s *scanner) custom(t reflect.Type) error {
	from, before := s.at, len(s.faults)
	if err := s.value(nil); err != nil || len(s.faults) > before {
		return err
	}
	raw := s.text[from:s.at]
	if string(raw) == "null" {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
		s.fault("%s", err)
	}
	return nil
}

func (s *scanner) nested(t reflect.Type, read func(reflect.Type) error) error {
	if s.depth++; s.depth > maxDepth {
		return s.broken("objects and lists stand more than %d deep in each other", maxDepth)
	}
	defer func() { s.depth-- }()
	return read(t)
}

// list reads a list. An empty one where an object is expected is noted, to become one.
func (s *scanner) list(t reflect.Type) error {
	from := s.at
	s.at++
	if s.space(); s.next() == ']' {
		s.at++
		if isObject(t) {
			s.lists = append(s.lists, from)
		}
		return nil
	}
	if isObject(t) {
		s.fault("must be an object, not a list")
		t = nil
	}
	return s.entries(elem(t))
}

func (s *scanner) entries(t reflect.Type) error {
	for i := 0; ; i++ {
		s.space()
		s.path = append(s.path, strconv.Itoa(i))
		if err := s.value(t); err != nil {
			return err
		}
		s.path = s.path[:len(s.path)-1]
		s.space()
		switch s.next() {
		case ',':
			s.at++
		case ']':
			s.at++
			return nil
		default:
			return s.broken("the list goes on with ',' or ends with ']', but there is %s", s.found())
		}
	}
}

// object reads an object, whose names must be known once each.
func (s *scanner) object(t reflect.Type) error {
	s.at++
	if s.space(); s.next() == '}' {
		s.at++
		return nil
	}
	o := s.namesOf(t)
	for {
		if s.space(); s.next() != '"' {
			return s.broken("a name in double quotes is missing: there is %s", s.found())
		}
		name, err := s.str()
		if err != nil {
			return err
		}
		if s.space(); s.next() != ':' {
			return s.broken("a colon is missing behind the name: there is %s", s.found())
		}
		s.at++
		s.space()
		s.path = append(s.path, shown(name))
		if err := s.value(o.field(s, name)); err != nil {
			return err
		}
		s.path = s.path[:len(s.path)-1]
		s.space()
		switch s.next() {
		case ',':
			s.at++
		case '}':
			s.at++
			return nil
		default:
			return s.broken("the object goes on with ',' or ends with '}', but there is %s", s.found())
		}
	}
}

// word reads true, false or null.
func (s *scanner) word() error {
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(string(s.text[s.at:min(s.at+5, len(s.text))]), word) {
			s.at += len(word)
			return nil
		}
	}
	return s.broken("a value is missing: there is %s", s.found())
}
