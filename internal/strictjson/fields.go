package strictjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// kind is what sort of value a JSON text begins with.
type kind byte

const (
	object kind = iota + 1
	list
	text
	number
	boolean
	null
)

var kindNames = map[kind]string{
	object: "an object", list: "a list", text: "a text", number: "a number", boolean: "true or false", null: "null",
}

func kindOf(first byte) kind {
	switch {
	case first == '{':
		return object
	case first == '[':
		return list
	case first == '"':
		return text
	case first == '-' || '0' <= first && first <= '9':
		return number
	case first == 't' || first == 'f':
		return boolean
	case first == 'n':
		return null
	}
	return 0
}

// KindOf names what sort of value a JSON text is, for messages.
func KindOf(raw []byte) string {
	if len(raw) == 0 {
		return "nothing"
	}
	return kindNames[kindOf(raw[0])]
}

var (
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	rawMessage      = reflect.TypeFor[json.RawMessage]()
	jsonNumber      = reflect.TypeFor[json.Number]()
)

// reads reports whether a type reads its own JSON.
func reads(t reflect.Type) bool {
	if t == nil || t == rawMessage || t.Kind() == reflect.Pointer && t.Elem() == rawMessage {
		return false
	}
	if t.Kind() != reflect.Pointer {
		t = reflect.PointerTo(t)
	}
	return t.Implements(unmarshaler) || t.Implements(textUnmarshaler)
}

func isObject(t reflect.Type) bool {
	return t != nil && (t.Kind() == reflect.Struct || t.Kind() == reflect.Map)
}

// elem is what the entries of a list become.
func elem(t reflect.Type) reflect.Type {
	if t == nil || t == rawMessage || t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
		return nil
	}
	return t.Elem()
}

// fits notes a fault when a value of one kind cannot become a t.
func (s *scanner) fits(have kind, t reflect.Type) bool {
	want := wanted(t)
	switch {
	case want == 0 || have == null || have == want:
		return true
	case want == object && have == list: // perhaps an empty one
		return true
	case t == jsonNumber && have == text:
		return true
	}
	s.fault("must be %s, not %s", kindNames[want], kindNames[have])
	return false
}

// wanted is the kind of value that a type is made of; 0 for anything.
func wanted(t reflect.Type) kind {
	if t == nil || t == rawMessage {
		return 0
	}
	if t == jsonNumber {
		return number
	}
	switch t.Kind() {
	case reflect.String:
		return text
	case reflect.Bool:
		return boolean
	case reflect.Struct, reflect.Map:
		return object
	case reflect.Slice, reflect.Array:
		return list
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return number
	default:
		return 0
	}
}

// names are those that an object has had, and those that its target has.
type names struct {
	known map[string]reflect.Type // nil when any name will do
	any   reflect.Type            // the type of every value, of a map
	rules *Rules                  // of the outermost object, and of those inside if they are deep
	seen  map[string]bool
}

func (s *scanner) namesOf(t reflect.Type) *names {
	o := &names{seen: map[string]bool{}}
	if t != nil && t.Kind() == reflect.Map {
		o.any = t.Elem()
	}
	if t != nil && t.Kind() == reflect.Struct {
		o.known = fieldsOf(t)
	}
	if (s.depth == 1 || s.rules.Deep) && o.known != nil {
		o.rules = &s.rules
	}
	return o
}

// field notes what is wrong with a name, and gives the type of its value.
func (o *names) field(s *scanner, name string) reflect.Type {
	if o.seen[name] {
		s.fault("is there twice")
	}
	o.seen[name] = true
	if o.known == nil {
		return o.any
	}
	if t, ok := o.known[name]; ok {
		return t
	}
	o.unknown(s, name)
	return nil
}

func (o *names) unknown(s *scanner, name string) {
	var rules Rules
	if o.rules != nil {
		rules = *o.rules
	}
	if slices.Contains(rules.Also, name) {
		return
	}
	known := append(slices.Clone(rules.Also), sorted(o.known)...)
	for _, other := range known {
		if strings.EqualFold(name, other) {
			s.fault("is not known: names are case-sensitive, so write %s", other)
			return
		}
	}
	if rules.Unknown == Ignore || slices.Contains(rules.Skipped, name) {
		return
	}
	meant := Closest(name, known)
	switch {
	case meant != "":
		s.fault("is not known; did you mean %s?", meant)
	case rules.Unknown == RefuseAll:
		s.fault("is not known; known are %s", strings.Join(known, ", "))
	}
}

func sorted(fields map[string]reflect.Type) []string {
	all := make([]string, 0, len(fields))
	for name := range fields {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

var structs sync.Map // reflect.Type to map[string]reflect.Type

// fieldsOf are the names that encoding/json fills in a struct, those of embedded structs too.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := structs.Load(t); ok {
		return known.(map[string]reflect.Type) //nolint:forcetypeassert // only such are stored
	}
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		tag, tagged := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case tag == "-":
		case f.Anonymous && !tagged && inner.Kind() == reflect.Struct:
			for name, t := range fieldsOf(inner) {
				if _, own := fields[name]; !own {
					fields[name] = t
				}
			}
		case !f.IsExported():
		case name != "":
			fields[name] = f.Type
		default:
			fields[f.Name] = f.Type
		}
	}
	structs.Store(t, fields)
	return fields
}

// Names are the fields that a struct, or a pointer to one, can be given.
func Names(target any) []string {
	t := reflect.TypeOf(target)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return sorted(fieldsOf(t))
}
