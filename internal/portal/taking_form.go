package portal

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// takingForm is the form for what a booking through a project takes: units, somebody who is chosen, several resources at once; with what
// was typed. Its fields have the names that they have in the JSON of a project, and so have their faults.
type takingForm struct {
	Project   *projectView
	Values    url.Values
	Faults    faultList
	Hosts     []resourceView // of the project
	Resources []resourceView // of the app: by their ids parts are written
	Pools     []projectView  // by whose ids parts are written
}

const weightField = "assign.weights."

// newTakingForm fills the form with what a project has, as the API answers it.
func newTakingForm(p *projectView) takingForm {
	f := takingForm{Project: p, Values: url.Values{"requires": {p.required()}}}
	for _, name := range unitFields {
		f.Values.Set("booking."+name, p.setting(name))
	}
	for _, name := range []string{"strategy", "count"} {
		f.Values.Set("assign."+name, textOf(p.Assign[name]))
	}
	if catches, ok := p.Assign["catch_up"].(bool); ok {
		f.Values.Set("assign.catch_up", strconv.FormatBool(catches))
	}
	if found := windowText.FindStringSubmatch(textOf(p.Assign["window"])); found != nil {
		f.Values.Set("assign.window", found[1])
		f.Values.Set("assign.window.kind", found[2])
	}
	weights, _ := p.Assign["weights"].(map[string]any)
	for id, weight := range weights {
		f.Values.Set(weightField+id, textOf(weight))
	}
	return f
}

var (
	unitFields = []string{"units", "max_units"}
	windowText = regexp.MustCompile(`^P(\d+)([DW])$`)
)

// setting is a field of the project's settings for bookings as text; "" where it has none.
func (p *projectView) setting(name string) string {
	if text := string(p.Booking[name]); text != "null" {
		return text
	}
	return ""
}

// required is what the project requires, as text of several lines; "" where it requires nothing.
func (p *projectView) required() string {
	if text := string(p.Requires); text != "" && text != "null" {
		return pretty(text)
	}
	return ""
}

// text is what was typed into a field, with the line breaks of this system.
func (f *takingForm) text(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(f.Values.Get(name), "\r\n", "\n"))
}

// body is what changes the project to what was typed: only those of its fields that differ. What was typed and has no meaning is a fault.
func (f *takingForm) body() (body map[string]any, faults faultList) {
	body, faults = map[string]any{}, faultList{}
	f.putUnits(body)
	f.putAssign(body, faults)
	f.putRequires(body, faults)
	return body, faults
}

// putUnits lays the units over the other settings for bookings, which stay.
func (f *takingForm) putUnits(body map[string]any) {
	settings := map[string]any{}
	for name, raw := range f.Project.Booking {
		settings[name] = raw
	}
	for _, name := range unitFields {
		text := f.text("booking." + name)
		if text == f.Project.setting(name) {
			continue
		}
		if settings[name] = number(text); text == "" {
			delete(settings, name)
		}
		body["booking"] = settings
	}
}

// putAssign has an empty assign where all of its fields are empty, which ends the choosing.
func (f *takingForm) putAssign(body map[string]any, faults faultList) {
	assign, weights := map[string]any{}, map[string]any{}
	for _, name := range []string{"strategy", "count"} {
		if text := f.text("assign." + name); text != "" {
			assign[name] = text
		}
	}
	if text := f.text("assign.catch_up"); text != "" {
		assign["catch_up"] = text == "true"
	}
	switch text, kind := f.text("assign.window"), f.text("assign.window.kind"); {
	case kind == "" && text != "":
		faults["assign.window"] = []string{"choose what the value is, or clear it"}
	case kind != "" && !wholeNumber.MatchString(text):
		faults["assign.window"] = []string{"must be a whole number"}
	case kind != "":
		assign["window"] = "P" + text + kind
	}
	for name := range f.Values {
		if id, ok := strings.CutPrefix(name, weightField); ok && f.text(name) != "" {
			weights[id] = number(f.text(name))
			assign["weights"] = weights
		}
	}
	if len(assign) > 0 || len(f.Project.Assign) > 0 {
		body["assign"] = assign
	}
}

func (f *takingForm) putRequires(body map[string]any, faults faultList) {
	text := f.text("requires")
	switch fault := notJSON(text); {
	case text == f.Project.required():
	case text == "":
		body["requires"] = nil
	case fault != "":
		faults["requires"] = []string{fault}
	default:
		body["requires"] = json.RawMessage(text)
	}
}

// notJSON says where a text stops to be JSON; "" where it is JSON.
func notJSON(text string) string {
	var value any
	err := json.Unmarshal([]byte(text), &value)
	syntax, is := errors.AsType[*json.SyntaxError](err)
	if err == nil || !is {
		return ""
	}
	before := text[:min(int(syntax.Offset), len(text))]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return fmt.Sprintf("is not JSON: %s, in line %d at character %d", syntax, strings.Count(before, "\n")+1, utf8.RuneCountInString(line))
}

// askTaking shows the form for what a booking through the project in the address takes.
func askTaking(v *visit) error {
	p, err := loadProject(v)
	if err != nil {
		return err
	}
	return showTakingForm(v, http.StatusOK, newTakingForm(p))
}

// postTaking saves the form, or shows it again with what is wrong.
func postTaking(v *visit) error {
	p, err := loadProject(v)
	if err != nil {
		return err
	}
	form := takingForm{Project: p, Values: v.r.PostForm}
	body, faults := form.body()
	if len(faults) == 0 && len(body) > 0 {
		err = v.call(request{method: http.MethodPut, path: at("projects", p.ID), body: body}, nil)
		if found, is := faultsOf(err); is {
			faults, err = found, nil
		}
	}
	if form.Faults = faults; err != nil {
		return err
	}
	if len(faults) > 0 {
		return showTakingForm(v, http.StatusUnprocessableEntity, form)
	}
	return v.redirectWithNotice("taking_saved", "projects", p.ID)
}

func showTakingForm(v *visit, status int, form takingForm) (err error) {
	if form.Pools, err = fetch[[]projectView](v, at("projects"), url.Values{"limit": {"50"}}); err != nil {
		return err
	}
	if err = form.loadNames(v); err != nil {
		return err
	}
	return v.show(status, "taking", "Bookings through "+form.Project.Name, &form)
}

// loadNames finds the names of resources and pools that the project names.
func (f *takingForm) loadNames(v *visit) (err error) {
	if f.Hosts, err = fetch[[]resourceView](v, at("projects", f.Project.ID, "resources"), nil); err != nil {
		return err
	}
	if f.Resources, err = fetch[[]resourceView](v, at("resources"), url.Values{"limit": {listedResources}}); err != nil {
		return err
	}
	for _, part := range f.Project.parts() {
		ids := part.Any.From
		if part.Resource != "" {
			ids = append(ids, part.Resource)
		}
		for _, id := range ids {
			if _, known := f.nameOf(id); known {
				continue
			}
			one, err := fetch[resourceView](v, at("resources", id), nil)
			if err != nil && !isMissing(err) {
				return err
			}
			if err == nil {
				f.Resources = append(f.Resources, one)
			}
		}
		if _, known := f.nameOf(part.Pool); part.Pool == "" || known {
			continue
		}
		pool, err := fetch[projectView](v, at("projects", part.Pool), nil)
		if err != nil && !isMissing(err) {
			return err
		}
		if err == nil {
			f.Pools = append(f.Pools, pool)
		}
	}
	return nil
}

// nameOf is the name of a resource or a pool; its id where it is not known.
func (f *takingForm) nameOf(id string) (name string, known bool) {
	for _, one := range slices.Concat(f.Hosts, f.Resources) {
		if one.ID == id {
			return one.Name, true
		}
	}
	for _, one := range f.Pools {
		if one.ID == id {
			return one.Name, true
		}
	}
	return id, false
}

// weightRow is the weight of one resource.
type weightRow struct{ Field, Name, Value string }

// Weights are a row for each resource of the project, and for each other one that has a weight.
func (f *takingForm) Weights() (rows []weightRow) {
	ids := slices.Clone(f.Project.Resources)
	for _, name := range slices.Sorted(maps.Keys(f.Values)) {
		if id, ok := strings.CutPrefix(name, weightField); ok && f.text(name) != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		name, _ := f.nameOf(id)
		rows = append(rows, weightRow{weightField + id, name, f.Values.Get(weightField + id)})
	}
	return rows
}

// RequiresFaults are what is wrong with the required parts, each with its path.
func (f *takingForm) RequiresFaults() (texts []string) {
	for _, name := range slices.Sorted(maps.Keys(f.Faults)) {
		path, inside := strings.CutPrefix(name, "requires.")
		for _, text := range f.Faults[name] {
			switch {
			case inside:
				texts = append(texts, path+" "+text)
			case name == "requires":
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// Problems are the faults with the labels of their fields.
func (f *takingForm) Problems() (all []choice) {
	labels := map[string]string{
		"booking.units": "Units of a booking", "booking.max_units": "Units at most",
		"assign.strategy": "Who is chosen", "assign.window": "How far back",
		"assign.count": "What is counted", "assign.catch_up": "Who could not be chosen",
		"assign.weights": "Weights", "requires": "Several resources",
	}
	for _, row := range f.Weights() {
		labels[row.Field] = "Weight of " + row.Name
	}
	for _, name := range slices.Sorted(maps.Keys(f.Faults)) {
		label, path := labels[name], ""
		if rest, ok := strings.CutPrefix(name, "requires."); ok {
			label, path = labels["requires"], rest+" "
		}
		if label == "" && name != "form" {
			label = phrase(name)
		}
		for _, text := range f.Faults[name] {
			all = append(all, choice{"", label, path + text})
		}
	}
	return all
}
