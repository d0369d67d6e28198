package portal

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// requiredPart is a part of a booking of several resources: exactly one of Resource, Any and Pool says who can have it.
type requiredPart struct {
	Resource string `json:"resource"`
	Any      struct {
		N    int      `json:"n"`
		From []string `json:"from"`
	} `json:"any_of"`
	Pool   string `json:"pool"`
	Role   string `json:"role"`
	Offset string `json:"offset"`
	Length string `json:"length"`
}

// parts are those of a booking that takes several resources; none where the project requires nothing.
func (p *projectView) parts() []requiredPart {
	var required struct {
		AllOf []requiredPart `json:"all_of"`
	}
	_ = json.Unmarshal(p.Requires, &required) // what cannot be read is not said in words
	return required.AllOf
}

var (
	strategies = []choice{
		{"", "nobody: a booking names its resource", ""}, {"fair", "who is furthest behind their share", ""},
		{"least_busy", "who has the least to do", ""}, {"longest_idle", "who was chosen the longest time ago", ""},
		{"priority", "the first of the project's resources that is free", ""}, {"random", "by lot", ""},
		{"same_as_last", "whom the customer had last, else as their share says", ""},
	}
	counts   = []choice{{"", "bookings, as usual", ""}, {"bookings", "bookings", ""}, {"minutes", "minutes", ""}}
	windows  = []choice{{"", "30 days, as usual", ""}, {"D", "days", ""}, {"W", "weeks", ""}}
	catching = []choice{{"", "gets more later, as usual", ""}, {"true", "gets more later", ""}, {"false", "gets no more later", ""}}
)

// Strategies, Counts, Windows and Catching are what the fields of the choosing can say.
func (f *takingForm) Strategies() []choice { return strategies }

// Counts are what can be counted.
func (f *takingForm) Counts() []choice { return counts }

// Windows are the units of how far back is counted.
func (f *takingForm) Windows() []choice { return windows }

// Catching is what becomes of a turn that somebody could not take.
func (f *takingForm) Catching() []choice { return catching }

// Words say what a booking through the project takes, as it is on record.
func (f *takingForm) Words() (all []string) {
	all = append(all, f.unitWords())
	parts := f.Project.parts()
	if len(f.Project.Assign) > 0 {
		all = append(all, f.assignWords()...)
	}
	if len(parts) == 0 {
		return all
	}
	all = append(all, "A booking takes all of these or none:")
	for _, part := range parts {
		all = append(all, f.partWords(part))
	}
	if len(f.Project.Assign) > 0 {
		all = append(all, "As long as several resources are required, the choosing by a strategy has no meaning.")
	}
	return all
}

func (f *takingForm) unitWords() string {
	usual, _ := strconv.Atoi(f.Project.setting("units"))
	most, _ := strconv.Atoi(f.Project.setting("max_units"))
	usual = max(usual, 1)
	text := "A booking takes " + plural(usual, "unit") + " of its resource"
	if most > usual {
		return text + ", or as many as its customer asks for, up to " + plain(most) + "."
	}
	return text + "."
}

// assignWords say how a resource is chosen. What the strategy does not use is not set.
func (f *takingForm) assignWords() (all []string) {
	assign := f.Project.Assign
	strategy, count := textOf(assign["strategy"]), textOf(assign["count"])
	one := slices.IndexFunc(strategies, func(c choice) bool { return c.Value == strategy })
	if one < 0 || strategy == "" {
		return nil
	}
	text := "A booking that names no resource gets one: " + strategies[one].Label
	if slices.Contains([]string{"fair", "same_as_last", "least_busy"}, strategy) {
		text += ", by the " + cmp.Or(count, "bookings") + " of the last " + windowWords(textOf(assign["window"]))
	}
	all = append(all, text+".")
	if weights, _ := assign["weights"].(map[string]any); len(weights) > 0 {
		var each []string
		for _, id := range slices.Sorted(maps.Keys(weights)) {
			name, _ := f.nameOf(id)
			each = append(each, name+" "+textOf(weights[id]))
		}
		all = append(all, "Weights: "+strings.Join(each, ", ")+"; all others 1.")
	}
	if catches, set := assign["catch_up"].(bool); set && !catches {
		all = append(all, "Who could not be chosen gets no more later.")
	}
	return all
}

// windowWords is a window of counting, such as P2W, in words.
func windowWords(iso string) string {
	found := windowText.FindStringSubmatch(cmp.Or(iso, "P30D"))
	if found == nil {
		return iso
	}
	n, _ := strconv.Atoi(found[1])
	return plural(n, map[string]string{"D": "day", "W": "week"}[found[2]])
}

// partWords say who takes a part, and when.
func (f *takingForm) partWords(p requiredPart) string {
	var who string
	switch {
	case p.Resource != "":
		who, _ = f.nameOf(p.Resource)
	case p.Pool != "":
		name, _ := f.nameOf(p.Pool)
		who = "one of the resources of " + name
	default:
		var names []string
		for _, id := range p.Any.From {
			name, _ := f.nameOf(id)
			names = append(names, name)
		}
		who = plain(max(p.Any.N, 1)) + " of " + strings.Join(names, ", ")
	}
	if p.Role != "" {
		who = phrase(p.Role) + ": " + who
	}
	if p.Offset != "" {
		minutes := wholeMinutes(strings.TrimPrefix(p.Offset, "-"))
		side := map[bool]string{true: "before", false: "after"}[strings.HasPrefix(p.Offset, "-")]
		who += ", from " + minutes + " minutes " + side + " the start on"
	}
	if p.Length != "" {
		who += ", for " + wholeMinutes(p.Length) + " minutes"
	}
	return who + "."
}

// Example is what the form's example says in words, as JSON. Its ids stand for those of resources and of a project.
func (f *takingForm) Example() string {
	return `{"all_of": [
  {"role": "doctor",
   "resource": "ID of Dr Grau"},
  {"role": "nurse",
   "any_of": {"n": 2, "from": [
     "ID of Ida", "ID of Jon",
     "ID of Kim"]}},
  {"role": "room",
   "pool": "ID of project Rooms",
   "offset": "-PT15M",
   "length": "PT1H30M"}
]}`
}
