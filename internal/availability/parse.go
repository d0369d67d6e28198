package availability

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// maxConstraints is the longest list that is read.
const maxConstraints = 500

// shape is what a constraint's name stands for.
type shape struct {
	dim    dimension
	days   days     // for names that say them
	fields []string // that must be there, and no others
}

// shapes has the names without allow_ and block_.
var shapes = map[string]shape{
	"day":          {byDay, 0, []string{"day"}},
	"weekdays":     {byDay, weekdays, nil},
	"weekends":     {byDay, weekends, nil},
	"hours":        {byHours, anyDay, []string{"start", "end"}},
	"day_and_time": {byDayAndTime, 0, []string{"day", "start", "end"}},
	"period":       {byPeriod, 0, []string{"start", "end"}},
}

// faults are texts by position, such as "constraints.2.allow_hours.start": "must be …".
type faults map[string][]string

func (f faults) add(where, what string) { f[where] = append(f[where], what) }

// ParseConstraints reads a list of objects with one key each:
//
//	{"allow_day": {"day": "Monday"}}                              {"block_day": …}
//	{"allow_hours": {"start": 9, "end": "17:30"}}                 {"block_hours": …}
//	{"allow_day_and_time": {"day": "mon", "start": 9, "end": 12}} {"block_day_and_time": …}
//	{"allow_period": {"start": "2026-12-24", "end": "2026-12-27T12:00:00+01:00"}} {"block_period": …}
//	{"allow_weekdays": {}}  {"block_weekdays": {}}  {"allow_weekends": {}}  {"block_weekends": {}}
//
// Days are English, in any case, also with three letters. Hours are 0 to 24 or HH:MM; an end before the start is on the
// next day, so {"day": "Monday", "start": 22, "end": 6} ends on Tuesday morning. (With allow_day beside it, allow_hours
// from 22 to 6 leaves of a Monday its own morning and its own evening: hours are a time of day, and each date is by itself.) A
// period's bounds are timestamps or dates; without an offset they are wall time of the resource's zone, and a date is
// its midnight. An absent list, or null, has no rules; [] does for {}, as PHP writes it.
//
// If any rule is malformed, no rules are returned but texts by position, such as "constraints.2.allow_hours.start".
func ParseConstraints(raw json.RawMessage) (Constraints, map[string][]string) {
	items, problem := listOfRules(raw)
	if problem != "" {
		return nil, faults{"constraints": {problem}}
	}
	var rules Constraints
	wrong := faults{}
	for i, item := range items {
		rules = append(rules, parseConstraint(item, fmt.Sprintf("constraints.%d", i), wrong))
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return rules, nil
}

func listOfRules(raw json.RawMessage) (items []json.RawMessage, problem string) {
	switch err := json.Unmarshal(raw, &items); {
	case len(bytes.TrimSpace(raw)) == 0:
		return nil, ""
	case err != nil:
		return nil, "must be a list"
	case len(items) > maxConstraints:
		return nil, fmt.Sprintf("has more than %d rules", maxConstraints)
	}
	return items, ""
}

func parseConstraint(raw json.RawMessage, where string, wrong faults) Constraint {
	var item map[string]json.RawMessage
	if json.Unmarshal(raw, &item) != nil || len(item) != 1 {
		wrong.add(where, "must be an object with one key, the rule's name")
		return Constraint{}
	}
	name := slices.Collect(maps.Keys(item))[0]
	where += "." + name
	kind, block := strings.CutPrefix(name, "block_")
	kind, allow := strings.CutPrefix(kind, "allow_")
	s, known := shapes[kind]
	if !known || block == allow {
		wrong.add(where, unknownRule(name))
		return Constraint{}
	}
	c := Constraint{name: name, block: block, dim: s.dim, days: s.days, hours: [2]int64{0, day}}
	if fields := readFields(item[name], s.fields, where, wrong); fields != nil {
		return c.read(fields, where, wrong)
	}
	return c
}

// RuleNames returns the names of all rules, sorted.
func RuleNames() []string {
	var names []string
	for _, kind := range slices.Sorted(maps.Keys(shapes)) {
		names = append(names, "allow_"+kind, "block_"+kind)
	}
	slices.Sort(names)
	return names
}

// unknownRule returns a text with the most similar name of a rule, and all names.
func unknownRule(name string) string {
	text := "is not a rule that is known; "
	plain := strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(name))
	for _, known := range RuleNames() {
		if plain == known || strings.TrimSuffix(plain, "s") == strings.TrimSuffix(known, "s") ||
			strings.ReplaceAll(plain, "_", "") == strings.ReplaceAll(known, "_", "") {
			text += "did you mean " + known + "? "
		}
	}
	return text + "there are " + strings.Join(RuleNames(), ", ")
}

// readFields returns nil if there are not exactly the fields that are wanted.
func readFields(raw json.RawMessage, want []string, where string, wrong faults) map[string]json.RawMessage {
	fields, before := map[string]json.RawMessage{}, len(wrong)
	if !isEmptyList(raw) && json.Unmarshal(raw, &fields) != nil {
		wrong.add(where, "must be an object")
	}
	for name := range fields {
		if !slices.Contains(want, name) {
			wrong.add(where+"."+name, "is not a field of this rule")
		}
	}
	for _, name := range want {
		if _, has := fields[name]; !has && len(wrong[where]) == 0 {
			wrong.add(where+"."+name, "is missing")
		}
	}
	if len(wrong) > before {
		return nil
	}
	return fields
}

func isEmptyList(raw json.RawMessage) bool {
	var list []json.RawMessage
	return json.Unmarshal(raw, &list) == nil && len(list) == 0
}

// read takes the fields of the rule's dimension, which are all there.
func (c Constraint) read(fields map[string]json.RawMessage, where string, wrong faults) Constraint {
	if raw, has := fields["day"]; has {
		var ok bool
		if c.days, ok = parseDay(raw); !ok {
			wrong.add(where+".day", "must be a day's name, such as Monday")
		}
	}
	switch _, has := fields["start"]; {
	case c.dim == byPeriod:
		return c.readPeriod(fields, where, wrong)
	case has:
		return c.readHours(fields, where, wrong)
	}
	return c
}

func (c Constraint) readPeriod(fields map[string]json.RawMessage, where string, wrong faults) Constraint {
	var ok [2]bool
	c.begin, ok[0] = parseBound(fields["start"])
	c.end, ok[1] = parseBound(fields["end"])
	// An instant and a wall time cannot be compared without a zone; if they are the wrong way round, nothing is in
	// between.
	late := c.begin.wall == c.end.wall && c.begin.at >= c.end.at
	wrong.addBounds(ok, "must be a timestamp or a date, such as 2026-12-24", where, late, "must be after the start")
	return c
}

func (c Constraint) readHours(fields map[string]json.RawMessage, where string, wrong faults) Constraint {
	var ok [2]bool
	c.hours[0], ok[0] = parseClock(fields["start"])
	c.hours[1], ok[1] = parseClock(fields["end"])
	ok[0] = ok[0] && c.hours[0] < day
	same := c.hours[0] == c.hours[1]
	wrong.addBounds(ok, "must be an hour from 0 to 24 or a time such as 17:30", where, same, "must differ from the start")
	return c
}

// addBounds adds what is wrong with start and end themselves or, if they are well, with the one after the other.
func (f faults) addBounds(ok [2]bool, what, where string, clash bool, clashWhat string) {
	if !ok[0] {
		f.add(where+".start", what)
	}
	if !ok[1] {
		f.add(where+".end", what)
	}
	if ok[0] && ok[1] && clash {
		f.add(where+".end", clashWhat)
	}
}

func parseDay(raw json.RawMessage) (days, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return 0, false
	}
	text = strings.ToLower(text)
	for w := time.Sunday; w <= time.Saturday; w++ {
		if full := strings.ToLower(w.String()); text == full || text == full[:3] {
			return 1 << w, true
		}
	}
	return 0, false
}
