// Package strictjson decodes JSON that strangers have written. encoding/json alone takes a name in any case, the last of two
// equal names, texts that are not UTF-8, and numbers that a database prints as 131,072 digits. Here one pass over the text
// checks all of that against the type of the target, names every fault with its path, and only then lets encoding/json fill
// the target.
package strictjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Unknown says what happens to a field that the target does not have.
type Unknown int

// What happens to unknown fields. A name that differs from a known one by case alone is always a fault.
const (
	Ignore         Unknown = iota // they are skipped
	RefuseMisspelt                // those that look like a misspelling of a known name are faults
	RefuseAll                     // all are faults
)

// Rules say what is expected beside the target's own fields. They are about the outermost object; inside it unknown fields are
// skipped, unless Deep is set.
type Rules struct {
	Unknown Unknown
	Deep    bool     // they are about all objects inside the text, too
	Also    []string // names that are known although the target has no field for them; their values are anything
	Skipped []string // names that clients are known to send in vain
}

// Fault is one thing that is wrong with a value. Text continues a sentence that begins with the name of the field.
type Fault struct {
	Path string // names and positions joined by dots, such as "customer.name"; "" for the whole text
	Text string
}

// Faults are all that was found, in the order of the text, 20 at most.
type Faults []Fault

const maxFaults = 20

// Error lists the faults.
func (all Faults) Error() string {
	lines := make([]string, len(all))
	for i, one := range all {
		lines[i] = strings.TrimSpace(one.Path + " " + one.Text)
	}
	return strings.Join(lines, "; ")
}

// SyntaxError says where a text stops being JSON. Line and Column count from 1, columns in characters.
type SyntaxError struct {
	Line, Column int
	Text         string // a clause: what is there, and what is missing
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// Decode fills target, a pointer, from a text by the usual rules: unknown fields are skipped. The error is a *SyntaxError, or
// Faults; then the target is as it was.
func Decode(text []byte, target any) error { return Rules{}.Decode(text, target) }

// Decode fills target, a pointer, from a text. The error is a *SyntaxError, or Faults; then the target is as it was. An empty
// list counts as an empty object wherever an object is expected: clients written in PHP cannot distinguish them.
func (r Rules) Decode(text []byte, target any) error {
	s := &scanner{text: text, rules: r}
	if err := s.document(reflect.TypeOf(target)); err != nil {
		return err
	}
	if len(s.faults) > 0 {
		return s.faults
	}
	if err := json.Unmarshal(s.mended(), target); err != nil {
		return Faults{{"", "cannot be read: " + err.Error()}} // a type that the scanner reads less of than encoding/json
	}
	return nil
}

// Check reports whether a text is JSON that can be stored: its syntax, names, texts and numbers.
func Check(text []byte) error {
	s := &scanner{text: text}
	if err := s.document(nil); err != nil {
		return err
	}
	if len(s.faults) > 0 {
		return s.faults
	}
	return nil
}
