package graphs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// sample returns a small valid graph to spoil: requested -> held (the slot) -> done or lapsed.
func sample() *Graph {
	return &Graph{
		Name: "sample", Version: 1, Initial: "requested", Start: "hold",
		States: []State{
			{Name: "requested", Holds: HoldsNothing, Actions: []Action{
				{Name: "hold", To: "held", By: []Actor{ActorAPI}, OnConflict: ConflictRefuse},
			}},
			{Name: "held", Holds: HoldsSlot, Actions: []Action{
				{Name: "finish", To: "done", By: []Actor{ActorAPI, ActorTimer}, Inputs: []Input{{Step: "finish", Field: "message"}}},
				{Name: "lapse", To: "lapsed", By: []Actor{ActorTimer}},
			}, Timers: []Timer{
				{Action: "lapse", After: minutes(5), From: FromEntered, Min: minutes(1), Max: minutes(60), Switch: "lapses"},
				{Action: "finish", After: minutes(60), From: FromEnd, Max: minutes(90)},
			}},
			{Name: "done", Holds: HoldsNothing, Final: true},
			{Name: "lapsed", Holds: HoldsNothing, Final: true},
			{Name: "error", Holds: HoldsNothing, Final: true},
		},
	}
}

func minutes(n int) Duration { return Duration(time.Duration(n) * time.Minute) }

// Places in sample.
func requested(g *Graph) *State   { return &g.States[0] }
func held(g *Graph) *State        { return &g.States[1] }
func done(g *Graph) *State        { return &g.States[2] }
func failed(g *Graph) *State      { return &g.States[4] }
func hold(g *Graph) *Action       { return &requested(g).Actions[0] }
func finish(g *Graph) *Action     { return &held(g).Actions[0] }
func lapse(g *Graph) *Action      { return &held(g).Actions[1] }
func lapseTimer(g *Graph) *Timer  { return &held(g).Timers[0] }
func finishTimer(g *Graph) *Timer { return &held(g).Timers[1] }

var long = strings.Repeat("x", 1000)

var faults = []struct {
	fault string
	spoil func(g *Graph)
	want  string
}{
	{"graph name empty", func(g *Graph) { g.Name = "" }, `graph name ""`},
	{"graph name with capitals", func(g *Graph) { g.Name = "Sample" }, `graph name "Sample"`},
	{"graph name too long", func(g *Graph) { g.Name = strings.Repeat("x", 64) }, `graph name "xxx`},
	{"version", func(g *Graph) { g.Version = 0 }, `graph sample: version must be at least 1`},
	{"initial unknown", func(g *Graph) { g.Initial = "nowhere" }, `initial state "nowhere" does not exist`},
	{"initial holds", func(g *Graph) { requested(g).Holds = HoldsSeat }, `initial state "requested" must hold nothing`},
	{"initial final", func(g *Graph) { requested(g).Final = true }, `initial state "requested" must hold nothing and not be final`},
	{"start unknown", func(g *Graph) { g.Start = "fly" }, `start action "fly" is not an action of the initial state`},
	{"start not by api", func(g *Graph) { hold(g).By = []Actor{ActorOwnerLink} }, `start action "hold" is not open to api`},
	{"error missing", func(g *Graph) { g.States = g.States[:4] }, `state "error" is missing`},
	{"error not final", func(g *Graph) {
		failed(g).Final, failed(g).Actions = false, []Action{{Name: "retry", To: "done", By: []Actor{ActorAPI}}}
	}, `state error: must be final`},
	{"arrow into error", func(g *Graph) { lapse(g).To = "error" }, `state held: action lapse leads to "error", which no action may`},
	{"state name empty", func(g *Graph) { done(g).Name = "" }, `state name "" is malformed or used twice`},
	{"state name odd", func(g *Graph) { done(g).Name = "do ne" }, `state name "do ne" is malformed or used twice`},
	{"state name twice", func(g *Graph) { done(g).Name = "lapsed" }, `state name "lapsed" is malformed or used twice`},
	{"holds unknown", func(g *Graph) { held(g).Holds = "room" }, `state held: unknown holds "room"`},
	{"holds missing", func(g *Graph) { done(g).Holds = "" }, `state done: unknown holds ""`},
	{"dead end", func(g *Graph) { done(g).Final = false }, `state done: a state is final exactly when it has no action`},
	{"final with action", func(g *Graph) { held(g).Final = true }, `state held: a state is final exactly when it has no action`},
	{"final holds", func(g *Graph) { done(g).Holds = HoldsSlot }, `state done: a final state holds nothing`},
	{"action name odd", func(g *Graph) { lapse(g).Name = "9" }, `state held: action name "9" is malformed or used twice`},
	{"action name twice", func(g *Graph) { lapse(g).Name = "finish" }, `state held: action name "finish" is malformed or used twice`},
	{"action to nowhere", func(g *Graph) { lapse(g).To = "nowhere" }, `state held: action lapse leads to unknown state "nowhere"`},
	{"action by nobody", func(g *Graph) { finish(g).By = nil }, `state held: action finish is open to nobody`},
	{"actor unknown", func(g *Graph) { finish(g).By[0] = "boss" }, `state held: action finish names unknown actor "boss"`},
	{"input sets no timer", func(g *Graph) { finish(g).Inputs[0].Timer = "nap" }, `state held: action finish: input "finish" sets timer "nap", which does not exist`},
	{"actor twice", func(g *Graph) { finish(g).By[0] = ActorTimer }, `state held: action finish names unknown actor "timer", or names it twice`},
	{"conflict missing", func(g *Graph) { hold(g).OnConflict = "" }, `state requested: action hold needs on_conflict "refuse" exactly when`},
	{"conflict unknown", func(g *Graph) { hold(g).OnConflict = "wait" }, `state requested: action hold needs on_conflict "refuse" exactly when`},
	{"conflict needless", func(g *Graph) { finish(g).OnConflict = ConflictRefuse }, `state held: action finish needs on_conflict "refuse" exactly when`},
	{"input odd", func(g *Graph) { finish(g).Inputs[0].Field = "a.b" }, `state held: action finish: input "finish"."a.b" is malformed or used twice`},
	{"input step empty", func(g *Graph) { finish(g).Inputs[0].Step = "" }, `state held: action finish: input ""."message" is malformed`},
	{"input twice", func(g *Graph) { finish(g).Inputs = append(finish(g).Inputs, finish(g).Inputs[0]) },
		`state held: action finish: input "finish"."message" is malformed or used twice`},
	{"timer without action", func(g *Graph) { lapseTimer(g).Action = "fly" }, `state held: timer fires unknown action "fly"`},
	{"timer may not play", func(g *Graph) { lapse(g).By = []Actor{ActorAPI} }, `state held: action lapse has a timer but is not open to timers`},
	{"timer from unknown", func(g *Graph) { lapseTimer(g).From = "birth" }, `state held: timer lapse counts from unknown moment "birth"`},
	{"timer below its bounds", func(g *Graph) { lapseTimer(g).Min = minutes(6) }, `state held: timer lapse must lie within its own bounds`},
	{"timer above its bounds", func(g *Graph) { lapseTimer(g).Max = minutes(4) }, `state held: timer lapse must lie within its own bounds`},
	{"timer negative", func(g *Graph) { finishTimer(g).Min = -minutes(1) }, `state held: timer finish must lie within its own bounds`},
	{"timer of ages", func(g *Graph) { finishTimer(g).Max = MaxAfter + minutes(1) }, `and those between PT0S and P3650D`},
	{"timer too fine", func(g *Graph) { finishTimer(g).After++ }, `state held: timer finish must be whole seconds`},
	{"timer twice", func(g *Graph) { finishTimer(g).Action, finishTimer(g).Switch = "lapse", "lapses" }, `state held: action "lapse" has two timers`},
	{"switch odd", func(g *Graph) { lapseTimer(g).Switch = "Off!" }, `state held: timer lapse: switch "Off!" is malformed`},
	{"switches differ", func(g *Graph) {
		requested(g).Actions = append(requested(g).Actions, Action{Name: "lapse", To: "lapsed", By: []Actor{ActorTimer}})
		requested(g).Timers = []Timer{{Action: "lapse", From: FromEntered}}
	}, `state held: timer lapse has switch "lapses" and elsewhere ""`},
	{"timer on a final state", func(g *Graph) { done(g).Timers = []Timer{{Action: "finish", From: FromEnd}} },
		`state done: timer fires unknown action "finish"`},
	{"unreachable", func(g *Graph) { g.States = append(g.States, State{Name: "island", Holds: HoldsNothing, Final: true}) },
		`state island cannot be reached`},
	{"no way to an end", func(g *Graph) {
		g.States = append(g.States, State{Name: "limbo", Holds: HoldsNothing, Actions: []Action{{Name: "stay", To: "limbo", By: []Actor{ActorAPI}}}})
		requested(g).Actions = append(requested(g).Actions, Action{Name: "lose", To: "limbo", By: []Actor{ActorAPI}})
	}, `state limbo: no way leads on to a final state`},
	{"timer circle", func(g *Graph) { lapse(g).To = "held" }, `state held: timers alone lead back to it, without end`},
	{"description too long", func(g *Graph) { g.Description = long }, `description has 1000 characters, at most 500 are allowed`},
	{"too many states", func(g *Graph) { g.States = make([]State, 65) }, `graph has 65 states, at most 64 are allowed`},
	{"too many actions", func(g *Graph) { held(g).Actions = make([]Action, 33) }, `state held: has 33 actions, at most 32 are allowed`},
	{"too many arrows", func(g *Graph) {
		g.States = make([]State, 9)
		for i := range g.States {
			g.States[i].Actions = make([]Action, 29)
		}
	}, `graph has 261 actions, at most 256 are allowed`},
	{"too many timers", func(g *Graph) { held(g).Timers = make([]Timer, 9) }, `state held: has 9 timers, at most 8 are allowed`},
	{"too many inputs", func(g *Graph) { finish(g).Inputs = make([]Input, 9) }, `state held: action finish has 9 inputs, at most 8 are allowed`},
}

// TestValidateRefuses spoils one thing at a time; the message has to name the place.
func TestValidateRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range faults {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			g := sample()
			c.spoil(g)
			if err := g.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("said %v, want it to say %s", err, c.want)
			}
		})
	}
}

func TestValidateAccepts(t *testing.T) {
	t.Parallel()
	for name, alter := range map[string]func(g *Graph){
		"the sample": func(*Graph) {},
		"a circle somebody walks": func(g *Graph) {
			held(g).Actions = append(held(g).Actions, Action{Name: "again", To: "requested", By: allActors})
		},
		"an action that stays": func(g *Graph) {
			held(g).Actions = append(held(g).Actions, Action{Name: "note", To: "held", By: allActors})
		},
		"the largest description":     func(g *Graph) { g.Description = strings.Repeat("é", MaxDescription) },
		"the longest names":           func(g *Graph) { g.Name, finish(g).Inputs[0].Step = strings.Repeat("x", 63), strings.Repeat("y", 63) },
		"timers of the longest spans": func(g *Graph) { finishTimer(g).After, finishTimer(g).Max = MaxAfter, MaxAfter },
		"the most actions": func(g *Graph) {
			for i := len(held(g).Actions); i < MaxActions; i++ {
				held(g).Actions = append(held(g).Actions, Action{Name: fmt.Sprintf("a%d", i), To: "done", By: allActors})
			}
		},
		"the most states": func(g *Graph) {
			for i := len(g.States); i < MaxStates; i++ {
				g.States = append(g.States, State{Name: fmt.Sprintf("s%d", i), Holds: HoldsNothing, Final: true})
			}
			for i := 5; i < MaxStates; i++ {
				from := []*State{requested(g), held(g)}[i%2]
				from.Actions = append(from.Actions, Action{Name: fmt.Sprintf("a%d", i), To: g.States[i].Name, By: allActors})
			}
		},
		"a seat for a slot": func(g *Graph) {
			g.States = append(g.States, State{Name: "seated", Holds: HoldsSeat, Actions: []Action{{Name: "leave", To: "done", By: allActors}}})
			held(g).Actions = append(held(g).Actions, Action{Name: "sit", To: "seated", By: allActors, OnConflict: ConflictRefuse})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := sample()
			alter(g)
			if err := g.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestValidateTellsAllFaultsAtOnceAndStaysShort(t *testing.T) {
	t.Parallel()
	g := sample()
	g.Version, lapse(g).To, done(g).Name = 0, "nowhere", "ñ"+strings.Repeat("é", 1_000_000)
	err := g.Validate()
	for _, want := range []string{"version", `unknown state "nowhere"`, "state name", "cannot be reached"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("said %v, want it to say %s too", err, want)
		}
	}
	if n := len(fmt.Sprint(err)); n > 5000 {
		t.Errorf("said it in %d bytes", n)
	}
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) < 4 {
		t.Errorf("%T does not list its faults", err)
	}
}

func TestValidateNeverPanics(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.OneOf(rapid.Custom(anyGraph), rapid.Custom(spoiledGraph)).Draw(t, "graph")
		_ = g.Validate()
	})
}

// FuzzGraphJSON feeds what a stranger could send as a custom graph to everything that takes a graph. Fuzz with
// -fuzzminimizetime 5x: making inputs of this size smaller otherwise takes all the time.
func FuzzGraphJSON(f *testing.F) {
	for _, g := range Published() {
		text, err := json.Marshal(g)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"initial":"a","start":"x","states":[{"name":"a","actions":[{"name":"x","to":"a"}],"timers":[{"action":"x","after":"PT0S"}]}]}`))
	f.Add([]byte(`{"name":"</title><script>","initial":"]]>","states":[{"name":"]]>","final":true,"actions":[{"name":"-->\n[*]","to":"]]>"}]}]}`))
	f.Add([]byte(`{"states":[{},{"name":"error","actions":[{"to":""}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var g Graph
		if json.Unmarshal(text, &g) != nil {
			return
		}
		valid := g.Validate() == nil
		path := []string{g.Initial}
		for _, s := range g.drawn() {
			path = append(path, s.Name)
			for _, a := range s.drawn() {
				if _, err := g.Next(s.Name, a.Name, ActorAPI); valid && err != nil && a.MayPlay(ActorAPI) {
					t.Errorf("%s in %s: %v", a.Name, s.Name, err)
				}
			}
			g.Deadlines(s.Name, Times{}, Overrides{"x": "PT1S"})
		}
		checkMermaid(t, g.Mermaid())
		checkSVG(t, g.SVG())
		checkSVG(t, g.SVGWalked(path))
		checkPicture(t, arrange(&g))
	})
}
