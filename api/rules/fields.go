package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Field is a field of a form that asks for a customer.
type Field struct {
	Name     string
	Label    string
	Type     string // of an input; textarea, select
	Required bool
	Options  []string
}

// simple are the formats of a project's fields that a page without scripts can ask for, as types of HTML.
var simple = map[string]string{
	"": "text", "text": "text", "string": "text", "email": "email", "tel": "tel", "phone": "tel", "url": "url", "number": "number",
	"textarea": "textarea", "checkbox": "checkbox", "boolean": "checkbox", "select": "select", "enum": "select",
}

// CustomerFields reads those of a project's customer fields that are simple, by name; a comment comes last.
func CustomerFields(raw json.RawMessage) (fields []Field) {
	var all map[string]struct {
		Title    string `json:"title"`
		Format   string `json:"format"`
		Required bool   `json:"required"`
		ReadOnly bool   `json:"readonly"`
		Hidden   bool   `json:"hidden"`
		Enum     []any  `json:"enum"`
	}
	_ = json.Unmarshal(raw, &all) // what the widget can read that this cannot is left out
	for _, name := range slices.Sorted(maps.Keys(all)) {
		in := all[name]
		kind, ok := simple[strings.ToLower(in.Format)]
		if !ok || in.ReadOnly || in.Hidden || kind == "select" && len(in.Enum) == 0 {
			continue
		}
		one := Field{Name: name, Label: in.Title, Type: kind, Required: in.Required}
		switch {
		case in.Format == "" && name == "phone":
			one.Type = "tel"
		case in.Format == "" && name == "comment":
			one.Type = "textarea"
		}
		if one.Label == "" {
			one.Label = strings.ReplaceAll(name, "_", " ")
		}
		for _, option := range in.Enum {
			one.Options = append(one.Options, fmt.Sprint(option))
		}
		fields = append(fields, one)
	}
	slices.SortStableFunc(fields, func(a, b Field) int { return last(a) - last(b) })
	return fields
}

func last(f Field) int {
	if f.Name == "comment" {
		return 1
	}
	return 0
}

// FormFields are the names that every form of a page uses itself.
var FormFields = []string{"name", "email", "visit", "start", "end", "resource", "tz", "operation"}
