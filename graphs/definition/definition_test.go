package definition_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/graphs"
	"holdfast/graphs/definition"
	"holdfast/graphs/graphtest"
)

// TestExamplesAreValid: the worked examples are graphs that a tenant could have.
func TestExamplesAreValid(t *testing.T) {
	t.Parallel()
	for _, example := range definition.Examples() {
		g, faults := definition.CheckOwn(example.Text, nil)
		if faults != nil || g.Name != example.Name || g.Version != 1 || g.Description == "" {
			t.Errorf("%s: %v", example.Name, faults)
		}
	}
	if n := len(definition.Examples()); n != 3 {
		t.Errorf("%d examples", n)
	}
}

// TestBuiltinsAreReadStrictly: what is built in could have been written by a tenant, but for its name and version.
func TestBuiltinsAreReadStrictly(t *testing.T) {
	t.Parallel()
	builtin := func(name string) bool { _, ok := graphs.Named(name, nil); return ok }
	for _, g := range graphs.Published() {
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		if again, faults := definition.CheckOwn(text, nil); faults != nil || !reflect.DeepEqual(again, g) {
			t.Errorf("%s: %v", g.Ref(), faults)
		}
		_, faults := definition.CheckOwn(text, builtin)
		if want := []graphs.Fault{{Path: "name", Text: fmt.Sprintf("graph name %q is reserved", g.Name)}}; !slices.Equal(faults, want) {
			t.Errorf("%s: %v", g.Ref(), faults)
		}
	}
}

// sample returns the JSON of the sample with one text replaced by another.
func sample(t *testing.T, old, text string) []byte {
	t.Helper()
	whole, err := json.Marshal(graphtest.Sample())
	if err != nil || !bytes.Contains(whole, []byte(old)) {
		t.Fatalf("%s has no %s, %v", whole, old, err)
	}
	return bytes.Replace(whole, []byte(old), []byte(text), 1)
}

// TestFaultsOfTexts: each fault has its place in the text.
func TestFaultsOfTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, text, want string }{
		{`"states"`, `"states"x`, "line 1, column "},
		{`"initial"`, `"start_state"`, "start_state: is not known; known are description, initial,"},
		{`"holds":"slot"`, `"holds":7`, "states[1].holds: must be a text, not a number"},
		{`"from":"end"`, `"form":"end"`, "states[1].timers[1].form: is not known; did you mean from?"},
		{`"after":"PT5M"`, `"after":"5 min"`, `states[1].timers[0].after: "5 min" is not an ISO 8601 duration`},
		{`"after":"PT5M"`, `"after":"PT5M","after":"PT6M"`, "states[1].timers[0].after: is there twice"},
		{`"on_conflict":"refuse"`, `"on_conflict":"refuse","when":[{"full_moon":true}]`, "states[0].actions[0].when[0].full_moon: is not known; known are after_end, before_start,"},
		{`"on_conflict":"refuse"`, `"on_conflict":"refuse","when":[{"has_payment":"yes"}]`, "states[0].actions[0].when[0].has_payment: must be true or false"},
		{`"on_conflict":"refuse"`, `"on_conflict":"refuse","effects":[{"kind":"call","url":"x"}]`, "states[0].actions[0].effects[0].url: is not known"},
		{`"initial":"requested"`, `"initial":"nowhere"`, `initial: initial state "nowhere" does not exist`},
		{`"version":1`, `"version":-1`, "version: graph sample: version must be at least 1"},
		{`"min":"PT1M"`, `"min":"PT0S"`, "states[1].timers[0].min: must lie between PT1S and P400D in a graph of one's own"},
		{`"max":"PT1H"`, `"max":"P401D"`, "states[1].timers[0].max: must lie between PT1S and P400D"},
		{`"max":"PT1H30M"`, `"max":"P401D"`, "states[1].timers[1].max: must lie between PT0S and P400D"},
		{`"on_conflict":"refuse"`, `"on_conflict":"refuse","until":[{"from":"start","before":"P401D"}]`, "states[0].actions[0].until[0]: must lie between PT0S and P400D"},
		{`"on_conflict":"refuse"`, `"on_conflict":"refuse","not_before":[{"from":"start","before":"P401D"}]`, "states[0].actions[0].not_before[0]: must lie between PT0S and P400D"},
		{`"on_conflict":"refuse"`, `"on_conflict":"refuse","when":[{"before_start":"P401D"}]`, "states[0].actions[0].when[0].before_start: must lie between PT0S and P400D"},
		{`"on_conflict":"refuse"`, `"on_conflict":"refuse","when":[{"after_end":"P401D"}]`, "states[0].actions[0].when[0].after_end: must lie between PT0S and P400D"},
		{`"after":"PT5M","from":"entered","min":"PT1M","max":"PT1H"`, `"any":[{"from":"entered"}]`, "states[1].timers[0].any[0]: must lie between PT1S and P400D"},
		{`"switch":"lapses"`, `"switch":"lapses","no_later_than":[{"from":"entered"}]`, "states[1].timers[0].no_later_than[0]: must lie between PT1S and P400D"},
	} {
		g, faults := definition.CheckOwn(sample(t, c.old, c.text), nil)
		if g != nil || !slices.ContainsFunc(faults, func(f graphs.Fault) bool { return strings.HasPrefix(f.Error(), c.want) }) {
			t.Errorf("%s: %v, want %s", c.text, faults, c.want)
		}
	}
}

// TestFaultsComeTogether: those of the format and those of the bounds of one's own.
func TestFaultsComeTogether(t *testing.T) {
	t.Parallel()
	text := bytes.Replace(sample(t, `"initial":"requested"`, `"initial":"nowhere"`), []byte(`"PT1M"`), []byte(`"PT0S"`), 1)
	_, faults := definition.CheckOwn(text, func(string) bool { return true })
	for _, want := range []string{"initial", "name", "states[1].timers[0].min"} {
		if !slices.ContainsFunc(faults, func(f graphs.Fault) bool { return f.Path == want }) {
			t.Errorf("%v has none of %s", faults, want)
		}
	}
	if _, faults := definition.Parse(text); len(faults) == 0 || slices.ContainsFunc(faults, func(f graphs.Fault) bool { return f.Path == "name" }) {
		t.Errorf("by the format alone: %v", faults)
	}
}

// TestOwnGraphsAreSmaller: each bound is reached, and passed by one.
func TestOwnGraphsAreSmaller(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
	for i := len(g.States); i < 40; i++ {
		g.States = append(g.States, graphs.State{Name: fmt.Sprintf("s%d", i), Holds: graphs.HoldsNothing, Final: true})
	}
	arrow := func(from, n, to int) {
		g.States[from].Actions = append(g.States[from].Actions, graphs.Action{Name: fmt.Sprintf("a%d", n), To: g.States[to].Name, By: []graphs.Actor{graphs.ActorAPI}})
	}
	for to := 5; to < 40; to++ {
		arrow(to%2, to, to)
	}
	for i := 5; i < 14; i++ {
		g.States[i].Final = false
		for n := range 18 {
			arrow(i, n, 2)
		}
	}
	check := func(want string) {
		t.Helper()
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		_, faults := definition.CheckOwn(text, nil)
		if want == "" && faults != nil || want != "" && (len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), want)) {
			t.Errorf("%v, want %q", faults, want)
		}
	}
	check("")
	arrow(5, 18, 2)
	check("states: a graph of one's own has at most 200 actions, not 201")
	g.States[5].Actions = g.States[5].Actions[:17]
	g.States = append(g.States, graphs.State{Name: "more", Holds: graphs.HoldsNothing, Final: true})
	arrow(5, 17, 40)
	check("states: a graph of one's own has at most 40 states, not 41")
	text := append(sample(t, `"name"`, `"name"`), bytes.Repeat([]byte(" "), definition.MaxBytes)...)
	if _, faults := definition.CheckOwn(text[:definition.MaxBytes], nil); faults != nil {
		t.Error(faults)
	}
	if _, faults := definition.CheckOwn(text[:definition.MaxBytes+1], nil); len(faults) != 1 || !strings.Contains(faults[0].Text, "65537 bytes") {
		t.Error(faults)
	}
}

// TestWhatIsLeftOut: the version is 1, and a timer without bounds has a fixed length.
func TestWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	text := sample(t, `"version":1,`, ``)
	text = bytes.Replace(text, []byte(`,"min":"PT1M","max":"PT1H"`), nil, 1)
	g, faults := definition.CheckOwn(text, nil)
	if faults != nil {
		t.Fatal(faults)
	}
	until := []byte(`"on_conflict":"refuse","until":[{"from":"entered"}]`)
	if _, faults := definition.CheckOwn(bytes.Replace(text, []byte(`"on_conflict":"refuse"`), until, 1), nil); faults != nil {
		t.Errorf("an action of no time: %v", faults)
	}
	if timer := g.States[1].Timers[0]; g.Version != 1 || timer.Min != graphtest.Minutes(5) || timer.Max != graphtest.Minutes(5) {
		t.Errorf("version %d, %+v", g.Version, timer)
	}
}

func TestSameGraphsHaveOneDigest(t *testing.T) {
	t.Parallel()
	digest := func(text []byte) string {
		t.Helper()
		g, faults := definition.Parse(text)
		if faults != nil {
			t.Fatal(faults)
		}
		sum, err := definition.Digest(g)
		if err != nil || len(sum) != 64 {
			t.Fatal(sum, err)
		}
		return sum
	}
	plain := sample(t, `"name"`, `"name"`)
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, plain, "", "  "); err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(plain, &fields); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	want := digest(plain)
	for what, text := range map[string][]byte{
		"spaced": spaced.Bytes(), "sorted": sorted, "another version": sample(t, `"version":1`, `"version":7`),
		"no version": sample(t, `"version":1,`, ``), "not final": sample(t, `"name":"held",`, `"name":"held","final":false,`),
		"an empty list": sample(t, `"name":"done",`, `"name":"done","actions":[],`),
	} {
		if digest(text) != want {
			t.Errorf("%s: another digest", what)
		}
	}
	for what, text := range map[string][]byte{
		"another name": sample(t, `"name":"sample"`, `"name":"simple"`), "another length": sample(t, `"after":"PT5M"`, `"after":"PT6M"`),
	} {
		if digest(text) == want {
			t.Errorf("%s: the same digest", what)
		}
	}
}

// TestCanonicalBytesMakeTheSameGraph: nothing but the version is lost.
func TestCanonicalBytesMakeTheSameGraph(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := graphtest.ValidGraph(t)
		text, err := definition.Canonical(g)
		if err != nil {
			t.Fatal(err)
		}
		back, faults := definition.Parse(text)
		if faults != nil {
			t.Fatal(faults)
		}
		again, err := definition.Canonical(back)
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%s became %s, %v", text, again, err)
		}
	})
}

// TestSchemaHasTheFormat: every field of every type is in the schema, and the other way round, and so is every word of a closed list.
func TestSchemaHasTheFormat(t *testing.T) {
	t.Parallel()
	var schema struct {
		Defs map[string]struct {
			Enum       []string                   `json:"enum"`
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(definition.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	var kind struct{ Enum []string }
	if err := json.Unmarshal(schema.Defs["Effect"].Properties["kind"], &kind); err != nil || !slices.Equal(kind.Enum, graphs.EffectKinds()) {
		t.Errorf("kinds of effects %v, want %v, %v", kind.Enum, graphs.EffectKinds(), err)
	}
	structs := map[string]reflect.Type{}
	collect(reflect.TypeFor[graphs.Graph](), structs)
	for name, of := range structs {
		got := slices.Sorted(maps.Keys(schema.Defs[name].Properties))
		if want := fieldsOf(of); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, the type %v", name, got, want)
		}
	}
	for name, def := range schema.Defs {
		if structs[name] == nil && len(def.Properties) > 0 {
			t.Errorf("%s is in the schema, and no type of the format", name)
		}
	}
	var actors []string
	for _, actor := range graphtest.AllActors {
		actors = append(actors, string(actor))
	}
	if got := schema.Defs["Actor"].Enum; !slices.Equal(got, actors) {
		t.Errorf("actors %v, want %v", got, actors)
	}
	for _, from := range schema.Defs["From"].Enum {
		text := sample(t, `"from":"end"`, `"from":"`+from+`","no_later_than":[{"from":"end"}]`)
		if _, faults := definition.Parse(text); faults != nil {
			t.Errorf("%s: %v", from, faults)
		}
	}
}

// collect adds the structs that a type is made of, by their names.
func collect(of reflect.Type, all map[string]reflect.Type) {
	switch of.Kind() { //nolint:exhaustive // nothing else is made of others here
	case reflect.Pointer, reflect.Slice:
		collect(of.Elem(), all)
	case reflect.Struct:
		if all[of.Name()] == nil {
			all[of.Name()] = of
			for field := range of.Fields() {
				collect(field.Type, all)
			}
		}
	}
}

func fieldsOf(of reflect.Type) (names []string) {
	for field := range of.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "-" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// FuzzCheckOwn reads what strangers could send.
func FuzzCheckOwn(f *testing.F) {
	graphtest.SeedJSON(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		g, faults := definition.CheckOwn(text, nil)
		if (g == nil) != (len(faults) > 0) {
			t.Fatalf("%v, %v", g, faults)
		}
		if g != nil && g.Validate() != nil {
			t.Fatal(g.Validate())
		}
	})
}
