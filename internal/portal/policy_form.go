package portal

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// policyForm is the form for the policy of a project or of the app, with what was typed.
type policyForm struct {
	Project   *projectView   // nil: the app's
	Stored    map[string]any // the policy that is set
	Values    url.Values
	Faults    faultList
	Resources []resourceView // that a time can be picked of
	Preview   *preview       // nil where none can be made
	Further   []string       // in words: what holds where the project's policy says nothing
}

// The kinds of fields. All but choices have a value, and beside it, as "NAME.kind", what it is: see measures.
const (
	leadField   = "lead"
	dayField    = "day"
	timesField  = "times"
	lengthField = "length"
	choiceField = "choice"
)

// policyField is a field of the form. Its name is that in the policy's JSON.
type policyField struct {
	Name, Kind, Label, Hint string
	Choices                 []choice // of a choice
}

type policyGroup struct {
	Title, Hint string
	Fields      []policyField
}

var anchors = []choice{{"current", "the start it has now", ""}, {"first_start", "its first start, before all moves", ""}}

var bufferRules = []choice{{"max", "the longer buffer counts", ""}, {"sum", "both buffers count", ""}}

// policyGroups are the fields of the form but for limits.
var policyGroups = []policyGroup{
	{"When a time can be booked", "For every booking, with whatever key it is made.", []policyField{
		{"book.notice", leadField, "Notice", "At the latest so long before the start.", nil},
		{"book.horizon", leadField, "Horizon", "At the earliest so long before the start.", nil},
		{"book.from", dayField, "First day", "", nil},
		{"book.to", dayField, "Last day", "It can still be booked itself.", nil},
	}},
	{"Until when it can be cancelled", "Counted back from the start. At the deadline itself it still can.", []policyField{
		{"cancel.customer.until", leadField, "By the customer", "", nil},
		{"cancel.customer.anchor", choiceField, "The customer's deadline counts back from", "", anchors},
		{"cancel.owner.until", leadField, "By the owner", "", nil},
		{"cancel.owner.anchor", choiceField, "The owner's deadline counts back from", "", anchors},
	}},
	{"Until when and how often it can be moved", "By the customer. The owner can always.", []policyField{
		{"reschedule.customer.until", leadField, "Until", "", nil},
		{"reschedule.customer.anchor", choiceField, "The deadline counts back from", "", anchors},
		{"reschedule.customer.max", timesField, "How often", "", nil},
	}},
	{"Free time around a booking", "Nothing else can be booked in it.", []policyField{
		{"buffer.before", lengthField, "Before", "", nil},
		{"buffer.after", lengthField, "After", "", nil},
		{"buffer.rule", choiceField, "Between two bookings", "", bufferRules},
	}},
}

// measures are what the value of a field can be, beside that the field says nothing and that it lifts the rule.
var measures = map[string][]choice{
	leadField: {
		{"hours", "hours by the clock", ""}, {"days", "days by the calendar", ""}, {"minutes", "minutes", ""},
		{"day_before", "o'clock, the day before", ""}, {"span", "ISO 8601, as P1DT2H", ""},
		{"exact", "ISO 8601, to the minute", ""},
	},
	dayField:    {{"day", "this day", ""}},
	timesField:  {{"times", "times", ""}},
	lengthField: {{"minutes", "minutes", ""}},
}

// absent says what it means that a field says nothing.
func (f *policyForm) absent() choice {
	if f.Project == nil {
		return choice{"", "no rule", ""}
	}
	return choice{"", "as further away says", ""}
}

// Kinds are what a field can say. An app's policy is the furthest, so there is nothing for it to lift.
func (f *policyForm) Kinds(one policyField) []choice {
	all := []choice{f.absent()}
	if one.Kind == choiceField {
		return append(all, one.Choices...)
	}
	if f.Project != nil || f.Values.Get(one.Name+".kind") == lifted {
		all = append(all, choice{lifted, "none", ""})
	}
	return append(all, measures[one.Kind]...)
}

// lifted is the kind of a field that lifts the rule of a policy that is further away.
const lifted = "none"

// isoKinds are the texts of lengths that the form has a kind for.
var isoKinds = []struct {
	kind string
	text *regexp.Regexp
}{
	{"minutes", regexp.MustCompile(`^PT(\d+)M$`)}, {"hours", regexp.MustCompile(`^PT(\d+)H$`)}, {"days", regexp.MustCompile(`^P(\d+)D$`)},
}

// newPolicyForm fills the form with a policy, as the API has it.
func newPolicyForm(p *projectView, policy map[string]any) policyForm {
	f := policyForm{Project: p, Stored: policy, Values: url.Values{}}
	for _, group := range policyGroups {
		for _, one := range group.Fields {
			value, kind := one.typed(lookUp(policy, one.Name))
			f.Values.Set(one.Name, value)
			f.Values.Set(one.Name+".kind", kind)
		}
	}
	limits, ok := policy["limits"].([]any)
	switch {
	case ok && len(limits) == 0 && p != nil:
		f.Values.Set("limits.kind", lifted)
	case len(limits) > 0:
		f.Values.Set("limits.kind", "list")
	}
	for _, one := range limits {
		row, _ := one.(map[string]any)
		for _, name := range limitFields {
			f.Values.Add("limits."+name, textOf(row[name]))
		}
	}
	return f
}

// typed is what the form has for a value of the policy.
func (f policyField) typed(value any) (text, kind string) {
	if form, ok := value.(map[string]any); ok {
		for name, inner := range form {
			return textOf(inner), name
		}
	}
	text = textOf(value)
	switch {
	case value == nil, f.Kind == choiceField:
		return text, ""
	case text == lifted, f.Kind == lengthField && text == noLength:
		return "", lifted
	case f.Kind == dayField, f.Kind == timesField:
		return text, measures[f.Kind][0].Value
	}
	for _, iso := range isoKinds {
		if found := iso.text.FindStringSubmatch(text); found != nil && (f.Kind == leadField || iso.kind == "minutes") {
			return found[1], iso.kind
		}
	}
	if f.Kind == lengthField {
		return wholeMinutes(text), "minutes"
	}
	return text, "span"
}

const noLength = "PT0S"

var hoursAndMinutes = regexp.MustCompile(`^PT(?:(\d+)H)?(?:(\d+)M)?$`)

// wholeMinutes are the minutes of a length of hours and minutes.
func wholeMinutes(iso string) string {
	found := hoursAndMinutes.FindStringSubmatch(iso)
	if found == nil {
		return iso
	}
	hours, _ := strconv.Atoi(cmp.Or(found[1], "0"))
	minutes, _ := strconv.Atoi(cmp.Or(found[2], "0"))
	return plain(60*hours + minutes)
}

// policy is the form as a policy for the API, laid over the one that is set, which may have rules without a field. What was typed and
// has no meaning is a fault.
func (f *policyForm) policy() (map[string]any, faultList) {
	policy, faults := map[string]any{}, faultList{}
	maps.Copy(policy, f.Stored)
	for _, group := range policyGroups {
		for _, one := range group.Fields {
			value, fault := one.meant(f.Values)
			if fault != "" {
				faults[one.Name] = []string{fault}
			}
			put(policy, one.Name, value)
		}
	}
	rows := f.Limits()
	switch kind := f.Values.Get("limits.kind"); {
	case kind != "list" && len(rows) > 0:
		faults["limits"] = []string{"are listed, but not chosen: choose them, or remove them"}
	case kind == lifted, kind == "list":
		list := []any{}
		for _, row := range rows {
			list = append(list, map[string]any{"per": row.Per, "unit": row.Unit, "max": number(row.Max), "count": row.Count})
		}
		policy["limits"] = list
	default:
		delete(policy, "limits")
	}
	return policy, faults
}

var wholeNumber = regexp.MustCompile(`^\d{1,9}$`)

// meant is the value of a field for the API, nil where it says nothing, or what is wrong with it.
func (f policyField) meant(values url.Values) (value any, fault string) {
	text, kind := strings.TrimSpace(values.Get(f.Name)), values.Get(f.Name+".kind")
	switch {
	case f.Kind == choiceField && text != "":
		return text, ""
	case f.Kind == choiceField:
		return nil, ""
	case kind == "" && text != "":
		return nil, "choose what the value is, or clear it"
	case kind == "":
		return nil, ""
	case kind == lifted && f.Kind == lengthField:
		return noLength, ""
	case kind == lifted:
		return lifted, ""
	case kind == "day_before", kind == "exact":
		return map[string]any{kind: text}, ""
	case kind == "span", kind == "day":
		return text, ""
	case !wholeNumber.MatchString(text):
		return nil, "must be a whole number"
	case kind == "times":
		return number(text), ""
	}
	return map[string]string{"minutes": "PT" + text + "M", "hours": "PT" + text + "H", "days": "P" + text + "D"}[kind], ""
}

// limitRow is a limit as it was typed.
type limitRow struct{ Per, Unit, Max, Count string }

var limitFields = []string{"per", "unit", "max", "count"}

// Limits are the rows of limits.
func (f *policyForm) Limits() (rows []limitRow) {
	of := func(name string, row int) string {
		if all := f.Values["limits."+name]; row < len(all) {
			return strings.TrimSpace(all[row])
		}
		return ""
	}
	for i := range f.Values["limits.max"] {
		rows = append(rows, limitRow{of("per", i), of("unit", i), of("max", i), cmp.Or(of("count", i), "bookings")})
	}
	return rows
}

// change adds a row of limits, or takes one away: what the buttons "add" and "remove-N" do. Nothing else that was typed changes.
func (f *policyForm) change(button string) {
	if button == "add" {
		f.Values.Set("limits.kind", "list")
		for i, value := range []string{"customer", "week", "", "bookings"} {
			f.Values.Add("limits."+limitFields[i], value)
		}
	}
	text, ok := strings.CutPrefix(button, "remove-")
	row, err := strconv.Atoi(text)
	if !ok || err != nil || row < 0 || row >= len(f.Limits()) {
		return
	}
	for _, name := range limitFields {
		if all := f.Values["limits."+name]; row < len(all) {
			f.Values["limits."+name] = slices.Delete(slices.Clone(all), row, row+1)
		}
	}
}

// lookUp is the value at a path of names, nil where there is none.
func lookUp(policy map[string]any, path string) any {
	name, rest, more := strings.Cut(path, ".")
	if !more {
		return policy[name]
	}
	inner, _ := policy[name].(map[string]any)
	return lookUp(inner, rest)
}

// put sets the value at a path of names; nil takes it away, with all that is empty then. No map of the policy is changed in place.
func put(policy map[string]any, path string, value any) {
	name, rest, more := strings.Cut(path, ".")
	if more {
		inner := map[string]any{}
		if old, ok := policy[name].(map[string]any); ok {
			maps.Copy(inner, old)
		}
		put(inner, rest, value)
		value = inner
		if len(inner) == 0 {
			value = nil
		}
	}
	if value == nil {
		delete(policy, name)
		return
	}
	policy[name] = value
}

// textOf is a value of JSON as text of a field.
func textOf(value any) string {
	switch one := value.(type) {
	case string:
		return one
	case float64:
		return strconv.FormatFloat(one, 'f', -1, 64)
	}
	return ""
}
