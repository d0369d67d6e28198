package graphs_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
)

// Places in sample.
func requested(g *graphs.Graph) *graphs.State   { return &g.States[0] }
func held(g *graphs.Graph) *graphs.State        { return &g.States[1] }
func done(g *graphs.Graph) *graphs.State        { return &g.States[2] }
func failed(g *graphs.Graph) *graphs.State      { return &g.States[4] }
func hold(g *graphs.Graph) *graphs.Action       { return &requested(g).Actions[0] }
func finish(g *graphs.Graph) *graphs.Action     { return &held(g).Actions[0] }
func lapse(g *graphs.Graph) *graphs.Action      { return &held(g).Actions[1] }
func lapseTimer(g *graphs.Graph) *graphs.Timer  { return &held(g).Timers[0] }
func finishTimer(g *graphs.Graph) *graphs.Timer { return &held(g).Timers[1] }

// correct gives done an action of a final state, marked gives lapsed one that leads back, capped gives a timer another end.
func correct(g *graphs.Graph) *graphs.Action {
	done(g).Actions = []graphs.Action{{
		Name: "correct", To: "lapsed", By: []graphs.Actor{graphs.ActorAPI}, Until: []graphs.Moment{{From: graphs.FromEnd, After: graphtest.Minutes(60)}},
	}}
	return &done(g).Actions[0]
}

func capped(g *graphs.Graph) *graphs.Timer {
	lapseTimer(g).NoLaterThan = []graphs.Moment{{From: graphs.FromEnd}}
	return lapseTimer(g)
}

// several makes a timer one of several moments, when gives lapse a guard without a condition.
func several(g *graphs.Graph) *graphs.Timer {
	*lapseTimer(g) = graphs.Timer{
		Action: "lapse", Switch: "lapses", Any: []graphs.Moment{{From: graphs.FromCancelUntil}, {From: graphs.FromStart, Before: graphtest.Minutes(5)}},
	}
	return lapseTimer(g)
}

func when(g *graphs.Graph) *graphs.Guard {
	if lapse(g).When == nil {
		lapse(g).When = make([]graphs.Guard, 1)
	}
	return &lapse(g).When[0]
}

func marked(g *graphs.Graph) *graphs.Action {
	lapsed := &g.States[3]
	lapsed.Holds, lapsed.Actions = graphs.HoldsKept, []graphs.Action{{
		Name: "undo", To: graphs.Previous, By: []graphs.Actor{graphs.ActorAPI}, Until: []graphs.Moment{{From: graphs.FromEntered, After: graphtest.Minutes(60)}},
	}}
	return &lapsed.Actions[0]
}

var long = strings.Repeat("x", 1000)

var faults = []struct {
	fault string
	spoil func(g *graphs.Graph)
	want  string
}{
	{"graph name empty", func(g *graphs.Graph) { g.Name = "" }, `graph name ""`},
	{"graph name with capitals", func(g *graphs.Graph) { g.Name = "Sample" }, `graph name "Sample"`},
	{"graph name too long", func(g *graphs.Graph) { g.Name = strings.Repeat("x", 64) }, `graph name "xxx`},
	{"version", func(g *graphs.Graph) { g.Version = 0 }, `graph sample: version must be at least 1`},
	{"initial unknown", func(g *graphs.Graph) { g.Initial = "nowhere" }, `initial state "nowhere" does not exist`},
	{"initial holds", func(g *graphs.Graph) { requested(g).Holds = graphs.HoldsSeat }, `initial state "requested" must hold nothing`},
	{"initial final", func(g *graphs.Graph) { requested(g).Final = true }, `initial state "requested" must hold nothing and not be final`},
	{"start unknown", func(g *graphs.Graph) { g.Start = "fly" }, `start action "fly" is not an action of the initial state`},
	{"start not by api", func(g *graphs.Graph) { hold(g).By = []graphs.Actor{graphs.ActorOwnerLink} }, `start action "hold" is not open to api`},
	{"error missing", func(g *graphs.Graph) { g.States = g.States[:4] }, `state "error" is missing`},
	{"error not final", func(g *graphs.Graph) {
		failed(g).Final, failed(g).Actions = false, []graphs.Action{{Name: "retry", To: "done", By: []graphs.Actor{graphs.ActorAPI}}}
	}, `state error: must be final`},
	{"arrow into error", func(g *graphs.Graph) { lapse(g).To = "error" }, `state held: action lapse leads to "error", which no action may`},
	{"state name empty", func(g *graphs.Graph) { done(g).Name = "" }, `state name "" is malformed, reserved or used twice`},
	{"state name odd", func(g *graphs.Graph) { done(g).Name = "do ne" }, `state name "do ne" is malformed, reserved or used twice`},
	{"state name twice", func(g *graphs.Graph) { done(g).Name = "lapsed" }, `state name "lapsed" is malformed, reserved or used twice`},
	{"holds unknown", func(g *graphs.Graph) { held(g).Holds = "room" }, `state held: unknown holds "room"`},
	{"holds missing", func(g *graphs.Graph) { done(g).Holds = "" }, `state done: unknown holds ""`},
	{"dead end", func(g *graphs.Graph) { done(g).Final = false }, `state done: a state without actions is final`},
	{"final with action", func(g *graphs.Graph) { held(g).Final = true }, `state held: action finish of a final state must end at some moment, and is for people only`},
	{"final holds", func(g *graphs.Graph) { done(g).Holds = graphs.HoldsSlot }, `state done: a final state holds nothing`},
	{"action name odd", func(g *graphs.Graph) { lapse(g).Name = "9" }, `state held: action name "9" is malformed or used twice`},
	{"action name twice", func(g *graphs.Graph) { lapse(g).Name = "finish" }, `state held: action name "finish" is malformed or used twice`},
	{"action to nowhere", func(g *graphs.Graph) { lapse(g).To = "nowhere" }, `state held: action lapse leads to unknown state "nowhere"`},
	{"action by nobody", func(g *graphs.Graph) { finish(g).By = nil }, `state held: action finish is open to nobody`},
	{"actor unknown", func(g *graphs.Graph) { finish(g).By[0] = "boss" }, `state held: action finish names unknown actor "boss"`},
	{"input sets no timer", func(g *graphs.Graph) { finish(g).Inputs[0].Timer = "nap" }, `state held: action finish: input "finish" sets timer "nap", which does not exist, or has no length`},
	{"actor twice", func(g *graphs.Graph) { finish(g).By[0] = graphs.ActorTimer }, `state held: action finish names unknown actor "timer", or names it twice`},
	{"conflict missing", func(g *graphs.Graph) { hold(g).OnConflict = "" }, `state requested: action hold needs on_conflict, "refuse" or a state, exactly when`},
	{"conflict unknown", func(g *graphs.Graph) { hold(g).OnConflict = "wait" }, `action hold has on_conflict "wait", which is neither "refuse" nor a state`},
	{"conflict needless", func(g *graphs.Graph) { finish(g).OnConflict = graphs.ConflictRefuse }, `state held: action finish needs on_conflict, "refuse" or a state, exactly when`},
	{"input odd", func(g *graphs.Graph) { finish(g).Inputs[0].Field = "a.b" }, `state held: action finish: input "finish"."a.b" is malformed or used twice`},
	{"input step empty", func(g *graphs.Graph) { finish(g).Inputs[0].Step = "" }, `state held: action finish: input ""."message" is malformed`},
	{"input twice", func(g *graphs.Graph) { finish(g).Inputs = append(finish(g).Inputs, finish(g).Inputs[0]) },
		`state held: action finish: input "finish"."message" is malformed or used twice`},
	{"timer without action", func(g *graphs.Graph) { lapseTimer(g).Action = "fly" }, `state held: timer fires unknown action "fly"`},
	{"timer may not play", func(g *graphs.Graph) { lapse(g).By = []graphs.Actor{graphs.ActorAPI} }, `state held: action lapse has a timer but is not open to timers`},
	{"timer from unknown", func(g *graphs.Graph) { lapseTimer(g).From = "birth" }, `state held: timer lapse counts from unknown moment "birth"`},
	{"timer below its bounds", func(g *graphs.Graph) { lapseTimer(g).Min = graphtest.Minutes(6) }, `state held: timer lapse must lie within its own bounds`},
	{"timer above its bounds", func(g *graphs.Graph) { lapseTimer(g).Max = graphtest.Minutes(4) }, `state held: timer lapse must lie within its own bounds`},
	{"timer negative", func(g *graphs.Graph) { finishTimer(g).Min = -graphtest.Minutes(1) }, `state held: timer finish must lie within its own bounds`},
	{"timer of ages", func(g *graphs.Graph) { finishTimer(g).Max = graphs.MaxAfter + graphtest.Minutes(1) }, `and those between PT0S and P3650D`},
	{"timer too fine", func(g *graphs.Graph) { finishTimer(g).After++ }, `state held: timer finish must be whole seconds`},
	{"timer twice", func(g *graphs.Graph) { finishTimer(g).Action, finishTimer(g).Switch = "lapse", "lapses" }, `state held: action "lapse" has two timers`},
	{"switch odd", func(g *graphs.Graph) { lapseTimer(g).Switch = "Off!" }, `state held: timer lapse: switch "Off!" is malformed`},
	{"switches differ", func(g *graphs.Graph) {
		requested(g).Actions = append(requested(g).Actions, graphs.Action{Name: "lapse", To: "lapsed", By: []graphs.Actor{graphs.ActorTimer}})
		requested(g).Timers = []graphs.Timer{{Action: "lapse", From: graphs.FromEntered}}
	}, `state held: timer lapse has switch "lapses" and elsewhere ""`},
	{"timer on a final state", func(g *graphs.Graph) { done(g).Timers = []graphs.Timer{{Action: "finish", From: graphs.FromEnd}} },
		`state done: timer fires unknown action "finish"`},
	{"unreachable", func(g *graphs.Graph) {
		g.States = append(g.States, graphs.State{Name: "island", Holds: graphs.HoldsNothing, Final: true})
	},
		`state island cannot be reached`},
	{"no way to an end", func(g *graphs.Graph) {
		g.States = append(g.States, graphs.State{Name: "limbo", Holds: graphs.HoldsNothing, Actions: []graphs.Action{{Name: "stay", To: "limbo", By: []graphs.Actor{graphs.ActorAPI}}}})
		requested(g).Actions = append(requested(g).Actions, graphs.Action{Name: "lose", To: "limbo", By: []graphs.Actor{graphs.ActorAPI}})
	}, `state limbo: no way leads on to a final state`},
	{"timer circle", func(g *graphs.Graph) { lapse(g).To = "held" }, `state held: timers alone lead back to it, without end`},
	{"description too long", func(g *graphs.Graph) { g.Description = long }, `description has 1000 characters, at most 500 are allowed`},
	{"too many states", func(g *graphs.Graph) { g.States = make([]graphs.State, 65) }, `graph has 65 states, at most 64 are allowed`},
	{"too many actions", func(g *graphs.Graph) { held(g).Actions = make([]graphs.Action, 33) }, `state held: has 33 actions, at most 32 are allowed`},
	{"too many arrows", func(g *graphs.Graph) {
		g.States = make([]graphs.State, 9)
		for i := range g.States {
			g.States[i].Actions = make([]graphs.Action, 29)
		}
	}, `graph has 261 actions, at most 256 are allowed`},
	{"too many timers", func(g *graphs.Graph) { held(g).Timers = make([]graphs.Timer, 9) }, `state held: has 9 timers, at most 8 are allowed`},
	{"state called previous", func(g *graphs.Graph) { done(g).Name = "previous" }, `state name "previous" is malformed, reserved`},
	{"final action without an end", func(g *graphs.Graph) { correct(g).Until = nil }, `state done: action correct of a final state must end`},
	{"final action by a timer", func(g *graphs.Graph) { correct(g).By = graphtest.AllActors }, `state done: action correct of a final state must end`},
	{"final state with notices", func(g *graphs.Graph) { done(g).Notices = held(g).Notices }, `state done: a final state has no timers and no notices`},
	{"final state keeps time", func(g *graphs.Graph) { correct(g); done(g).Holds = graphs.HoldsSeat }, `state done: a final state holds nothing, or what was held before`},
	{"back from a state that holds", func(g *graphs.Graph) { finish(g).To = graphs.Previous }, `state held: action finish may lead to "previous" only from a state that keeps`},
	{"back by a timer", func(g *graphs.Graph) { marked(g).By = graphtest.AllActors }, `state lapsed: action undo may lead to "previous" only`},
	{"back with a conflict", func(g *graphs.Graph) { marked(g).OnConflict = graphs.ConflictRefuse }, `state lapsed: action undo may lead to "previous" only`},
	{"on from a state that keeps", func(g *graphs.Graph) { marked(g).To = "done" }, `state lapsed: action undo must lead to "previous"`},
	{"bound and timed", func(g *graphs.Graph) { lapse(g).NotBefore = []graphs.Moment{{From: graphs.FromStart}} }, `state held: action lapse is bound in time, so it is for people only`},
	{"bound to nothing", func(g *graphs.Graph) { correct(g).NotBefore = []graphs.Moment{{From: "birth"}} }, `state done: action correct counts from unknown moment "birth"`},
	{"before and after", func(g *graphs.Graph) { correct(g).Until[0].Before = 1 }, `state done: action correct counts from unknown moment "end", or to both sides`},
	{"before it was entered", func(g *graphs.Graph) {
		correct(g).Until[0] = graphs.Moment{From: graphs.FromEntered, Before: graphtest.Minutes(1)}
	}, `state done: action correct counts from unknown moment "entered", or to both sides`},
	{"bound of ages", func(g *graphs.Graph) { correct(g).Until[0].After = graphs.MaxAfter + graphtest.Minutes(1) }, `state done: action correct must have whole seconds between PT0S and P3650D`},
	{"bound too fine", func(g *graphs.Graph) { correct(g).Until[0].After++ }, `state done: action correct must have whole seconds`},
	{"bound negative", func(g *graphs.Graph) { correct(g).Until[0].After = -graphtest.Minutes(1) }, `state done: action correct must have whole seconds`},
	{"timer no later than ages", func(g *graphs.Graph) { capped(g).NoLaterThan[0].Before = graphs.MaxAfter + 1 }, `state held: timer lapse must have whole seconds`},
	{"timer no later than nothing", func(g *graphs.Graph) { capped(g).NoLaterThan[0].From = "" }, `state held: timer lapse counts from unknown moment ""`},
	{"notice of no timer", func(g *graphs.Graph) { held(g).Notices[0].Timer = "fly" }, `state held: notice half goes with unknown timer "fly"`},
	{"notice at once", func(g *graphs.Graph) { held(g).Notices[0].Percent = 0 }, `state held: notice half must come after 1 to 99 percent`},
	{"notice at the end", func(g *graphs.Graph) { held(g).Notices[0].Percent = 100 }, `state held: notice half must come after 1 to 99 percent`},
	{"notice named as a state", func(g *graphs.Graph) { held(g).Notices[0].Name = "done" }, `state held: notice name "done" is malformed, a state's or used twice`},
	{"notice twice", func(g *graphs.Graph) { held(g).Notices = append(held(g).Notices, held(g).Notices[0]) }, `state held: notice name "half" is malformed`},
	{"notice odd", func(g *graphs.Graph) { held(g).Notices[0].Name = "x y" }, `state held: notice name "x y" is malformed`},
	{"error with actions", func(g *graphs.Graph) { failed(g).Actions = []graphs.Action{*correct(g)} }, `state error: must not have actions`},
	{"too many notices", func(g *graphs.Graph) { held(g).Notices = make([]graphs.Notice, 9) }, `state held: has 9 notices, at most 8 are allowed`},
	{"too many bounds", func(g *graphs.Graph) { correct(g).Until = make([]graphs.Moment, 5) }, `state done: action correct has 5 moments, at most 4 are allowed`},
	{"too many ends of a timer", func(g *graphs.Graph) { lapseTimer(g).NoLaterThan = make([]graphs.Moment, 5) }, `state held: timer lapse has 5 moments, at most 4 are allowed`},
	{"conflict into error", func(g *graphs.Graph) { hold(g).OnConflict = "error" }, `state requested: action hold leads to "error", which no action may`},
	{"conflict takes too", func(g *graphs.Graph) { waiting(g).Holds = graphs.HoldsSeat }, `action hold has on_conflict "waiting", which takes time or a seat itself`},
	{"state called refuse", func(g *graphs.Graph) { done(g).Name = "refuse" }, `states[2].name: state name "refuse" is malformed, reserved`},
	{"timer circle by a conflict", func(g *graphs.Graph) {
		w := waiting(g)
		w.Timers = []graphs.Timer{{Action: "hold", Any: []graphs.Moment{{From: graphs.FromEntered}}}}
		w.Actions[0].By, w.Actions[0].OnConflict = graphtest.AllActors, "waiting"
	}, `states[5]: state waiting: timers alone lead back to it`},
	{"timer of both forms", func(g *graphs.Graph) { lapseTimer(g).Any = []graphs.Moment{{From: graphs.FromEnd}} }, `states[1].timers[0]: state held: timer lapse has any, so`},
	{"timer of any ages", func(g *graphs.Graph) { several(g).Any[1].Before = graphs.MaxAfter + graphtest.Minutes(1) }, `states[1].timers[0].any[1]: state held: timer lapse must have whole seconds`},
	{"timer of any unknown", func(g *graphs.Graph) { several(g).Any[1].From = "birth" }, `states[1].timers[0].any[1]: state held: timer lapse counts from unknown moment "birth"`},
	{"timer of deadlines only", func(g *graphs.Graph) { several(g).Any[1].From = graphs.FromMoveUntil }, `states[1].timers[0]: state held: timer lapse needs a moment that every booking has`},
	{"timer from a deadline only", func(g *graphs.Graph) { lapseTimer(g).From = graphs.FromCancelUntil }, `timer lapse needs a moment that every booking has`},
	{"too many moments of any", func(g *graphs.Graph) { several(g).Any = make([]graphs.Moment, 5) }, `states[1].timers[0].any: state held: timer lapse has 5 moments, at most 4`},
	{"input sets a timer of any", func(g *graphs.Graph) { several(g); finish(g).Inputs[0].Timer = "lapse" }, `states[1].actions[0].inputs[0].timer: `},
	{"final action until a deadline", func(g *graphs.Graph) { correct(g).Until[0] = graphs.Moment{From: graphs.FromCancelUntil} }, `state done: action correct of a final state must end`},
	{"final action by an effect", func(g *graphs.Graph) { correct(g).By = []graphs.Actor{graphs.ActorEffect} }, `state done: action correct of a final state must end`},
	{"bound and by an effect", func(g *graphs.Graph) { calling(g); lapse(g).Until = []graphs.Moment{{From: graphs.FromStart}} }, `state held: action lapse is bound in time`},
	{"back by an effect", func(g *graphs.Graph) { marked(g).By = []graphs.Actor{graphs.ActorEffect} }, `state lapsed: action undo may lead to "previous" only`},
	{"guard of nothing", func(g *graphs.Graph) { lapse(g).When = make([]graphs.Guard, 1) }, `states[1].actions[1].when[0]: must have exactly one of before_start, after_end, `},
	{"guard of two", func(g *graphs.Graph) {
		when(g).AfterEnd, when(g).BeforeStart = new(graphs.Duration), new(graphs.Duration)
	}, `states[1].actions[1].when[0]: must have exactly one of`},
	{"guard too fine", func(g *graphs.Graph) { d := graphs.Duration(1); when(g).BeforeStart = &d }, `states[1].actions[1].when[0].before_start: must be whole seconds`},
	{"guard of ages", func(g *graphs.Graph) { d := graphs.MaxAfter + graphtest.Minutes(1); when(g).AfterEnd = &d }, `when[0].after_end: must be whole seconds between PT0S and P3650D`},
	{"guard negative", func(g *graphs.Graph) { d := -graphtest.Minutes(1); when(g).AfterEnd = &d }, `when[0].after_end: must be whole seconds`},
	{"guard on an unknown input", func(g *graphs.Graph) { when(g).InputEquals = &graphs.InputEquals{Step: "x", Field: "y"} }, `when[0].input_equals: names input "x"."y", which the action does not have`},
	{"guard on an input of a timer", func(g *graphs.Graph) {
		finish(g).When = []graphs.Guard{{InputEquals: &graphs.InputEquals{Step: "finish", Field: "message"}}}
	}, `states[1].actions[0].when[0].input_equals: asks for an input, which timers and effects do not give`},
	{"guard on a long text", func(g *graphs.Graph) { when(g).InputEquals = &graphs.InputEquals{Value: long} }, `when[0].input_equals.value: must be a text of at most 255 characters`},
	{"guard on no key", func(g *graphs.Graph) { when(g).MetaEquals = &graphs.MetaEquals{Value: true} }, `when[0].meta_equals.key: must not be empty`},
	{"guard on a long key", func(g *graphs.Graph) { when(g).MetaEquals = &graphs.MetaEquals{Key: long, Value: true} }, `when[0].meta_equals.key: must be a text of at most 255`},
	{"guard on a list", func(g *graphs.Graph) { when(g).MetaEquals = &graphs.MetaEquals{Key: "x", Value: []any{}} }, `when[0].meta_equals.value: must be a text, a number, true or false`},
	{"guard on nothing", func(g *graphs.Graph) { when(g).MetaEquals = &graphs.MetaEquals{Key: "x"} }, `when[0].meta_equals.value: must be a text, a number`},
	{"guard on a long value", func(g *graphs.Graph) { when(g).MetaEquals = &graphs.MetaEquals{Key: "x", Value: long} }, `when[0].meta_equals.value: must be a text of at most 255`},
	{"guard on no number", func(g *graphs.Graph) { when(g).MetaEquals = &graphs.MetaEquals{Key: "x", Value: math.Inf(1)} }, `when[0].meta_equals.value: must be a number that JSON has`},
	{"guard on no seats", func(g *graphs.Graph) { when(g).SeatsLeft = &graphs.SeatsLeft{} }, `when[0].seats_left.at_least: must lie between 1 and 100000`},
	{"guard on many seats", func(g *graphs.Graph) { when(g).SeatsLeft = &graphs.SeatsLeft{AtLeast: 100_001} }, `when[0].seats_left.at_least: must lie between`},
	{"guard on an unknown action", func(g *graphs.Graph) { when(g).CountOf = &graphs.CountOf{Action: "fly", LessThan: 1} }, `when[0].count_of.action: counts action "fly", which no state has`},
	{"guard on no count", func(g *graphs.Graph) { when(g).CountOf = &graphs.CountOf{Action: "hold"} }, `when[0].count_of.less_than: must lie between 1 and 1000`},
	{"too many guards", func(g *graphs.Graph) { lapse(g).When = make([]graphs.Guard, 9) }, `states[1].actions[1].when: state held: action lapse has 9 guards, at most 8`},
	{"effect of no kind", func(g *graphs.Graph) { calling(g).Kind = "fly" }, `states[0].actions[0].effects[0].kind: unknown kind "fly" of effects`},
	{"call of no endpoint", func(g *graphs.Graph) { calling(g).Endpoint = "" }, `effects[0].endpoint: name of an endpoint "" must be`},
	{"call too short", func(g *graphs.Graph) { calling(g).Timeout = 1 }, `effects[0].timeout: must be whole seconds between PT1S and PT30S`},
	{"call too long", func(g *graphs.Graph) { calling(g).Timeout = graphtest.Minutes(1) }, `effects[0].timeout: must be whole seconds between PT1S and PT30S`},
	{"call for seconds", func(g *graphs.Graph) { calling(g).GiveUpAfter = graphs.Duration(time.Second) }, `effects[0].give_up_after: must be whole seconds between PT1M and P7D`},
	{"call for ages", func(g *graphs.Graph) { calling(g).GiveUpAfter = graphs.MaxAfter }, `effects[0].give_up_after: must be whole seconds between PT1M and P7D`},
	{"effect plays the unknown", func(g *graphs.Graph) { calling(g).Then = "fly" }, `effects[0].then: plays "fly", which state held does not have, or not open to effect`},
	{"effect plays what is not open to it", func(g *graphs.Graph) { calling(g); lapse(g).By = lapse(g).By[:1] }, `effects[0].on_failure: plays "lapse", which state held does not have, or not`},
	{"effect plays else", func(g *graphs.Graph) { calling(g).Else = "hold" }, `effects[0].else: plays "hold", which`},
	{"effect circle", func(g *graphs.Graph) {
		calling(g)
		finish(g).To, finish(g).Effects = "held", []graphs.Effect{{Kind: graphs.CallEffect, Endpoint: "crm", Else: "finish"}}
		held(g).Timers = held(g).Timers[:1]
	}, `states[1].actions[0]: state held: timers and effects alone lead back to action finish, without end`},
	{"effect and timer circle", func(g *graphs.Graph) {
		calling(g)
		finish(g).To, held(g).Timers = "requested", held(g).Timers[:1]
		hold(g).By = append(hold(g).By, graphs.ActorTimer)
		requested(g).Timers = []graphs.Timer{{Action: "hold", Any: []graphs.Moment{{From: graphs.FromEntered}}}}
	}, `timers and effects alone lead back to action `},
	{"effect circle by a conflict", func(g *graphs.Graph) {
		w := waiting(g)
		w.Actions = []graphs.Action{{
			Name: "back", To: "requested", By: graphtest.AllActors, Effects: []graphs.Effect{{Kind: graphs.CallEffect, Endpoint: "crm", Then: "hold"}},
		}}
		w.Timers = []graphs.Timer{{Action: "back", Any: []graphs.Moment{{From: graphs.FromEntered}}}}
		hold(g).By = graphtest.AllActors
	}, `timers and effects alone lead back to action`},
	{"too many effects", func(g *graphs.Graph) { hold(g).Effects = make([]graphs.Effect, 9) }, `states[0].actions[0].effects: state requested: action hold has 9 effects, at most 8`},
	{"too many inputs", func(g *graphs.Graph) { finish(g).Inputs = make([]graphs.Input, 9) }, `state held: action finish has 9 inputs, at most 8 are allowed`},
}

// TestFaultsHaveTheirPlace: every place of a fault is one of the graph's JSON, or a field that is missing in it.
func TestFaultsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range faults {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			g := graphtest.Sample()
			c.spoil(g)
			for _, fault := range g.Faults() {
				if err := find(reflect.ValueOf(*g), fault.Path); err != nil || fault.Path == "" || fault.Text == "" {
					t.Errorf("%+v: %v", fault, err)
				}
			}
		})
	}
}

// find looks for a place such as states[3].actions[1].name in a value.
func find(in reflect.Value, place string) error {
	for _, part := range strings.FieldsFunc(place, func(r rune) bool { return r == '.' || r == '[' }) {
		if in.Kind() == reflect.Pointer {
			in = in.Elem()
		}
		if index, ok := strings.CutSuffix(part, "]"); ok {
			n, err := strconv.Atoi(index)
			if err != nil || in.Kind() != reflect.Slice || n >= in.Len() {
				return fmt.Errorf("no entry %q", part)
			}
			in = in.Index(n)
			continue
		}
		if in.Kind() != reflect.Struct {
			return fmt.Errorf("no object has %q", part)
		}
		field := -1
		for i := range in.NumField() {
			if name, _, _ := strings.Cut(in.Type().Field(i).Tag.Get("json"), ","); name == part {
				field = i
			}
		}
		if field < 0 {
			return fmt.Errorf("no field %q", part)
		}
		in = in.Field(field)
	}
	return nil
}

// TestValidateRefuses spoils one thing at a time; the message has to name the place.
func TestValidateRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range faults {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			g := graphtest.Sample()
			c.spoil(g)
			if err := g.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("said %v, want it to say %s", err, c.want)
			}
		})
	}
}

func TestValidateAccepts(t *testing.T) {
	t.Parallel()
	for name, alter := range map[string]func(g *graphs.Graph){
		"the sample":                 func(*graphs.Graph) {},
		"a timer with two ends":      func(g *graphs.Graph) { capped(g) },
		"a timer of several moments": func(g *graphs.Graph) { several(g) },
		"a timer from a deadline, or at the start at the latest": func(g *graphs.Graph) {
			lapseTimer(g).From, lapseTimer(g).NoLaterThan = graphs.FromMoveUntil, []graphs.Moment{{From: graphs.FromStart}}
		},
		"another state on a conflict": func(g *graphs.Graph) { waiting(g) },
		"a call":                      func(g *graphs.Graph) { calling(g) },
		"a call without answers":      func(g *graphs.Graph) { *calling(g) = graphs.Effect{Kind: graphs.CallEffect, Endpoint: "crm"} },
		"a call again by hand": func(g *graphs.Graph) {
			lapse(g).By = append(lapse(g).By, graphs.ActorEffect)
			held(g).Actions = append(held(g).Actions, graphs.Action{
				Name: "again", To: "held", By: []graphs.Actor{graphs.ActorAPI},
				Effects: []graphs.Effect{{Kind: graphs.CallEffect, Endpoint: "crm", Then: "lapse"}},
			})
		},
		"an action of a final state":    func(g *graphs.Graph) { correct(g) },
		"a final state that leads back": func(g *graphs.Graph) { correct(g); marked(g) },
		"a circle somebody walks": func(g *graphs.Graph) {
			held(g).Actions = append(held(g).Actions, graphs.Action{Name: "again", To: "requested", By: graphtest.AllActors})
		},
		"an action that stays": func(g *graphs.Graph) {
			held(g).Actions = append(held(g).Actions, graphs.Action{Name: "note", To: "held", By: graphtest.AllActors})
		},
		"the largest description": func(g *graphs.Graph) { g.Description = strings.Repeat("é", graphs.MaxDescription) },
		"the longest names": func(g *graphs.Graph) {
			g.Name, finish(g).Inputs[0].Step = strings.Repeat("x", 63), strings.Repeat("y", 63)
		},
		"timers of the longest spans": func(g *graphs.Graph) { finishTimer(g).After, finishTimer(g).Max = graphs.MaxAfter, graphs.MaxAfter },
		"the most actions": func(g *graphs.Graph) {
			for i := len(held(g).Actions); i < graphs.MaxActions; i++ {
				held(g).Actions = append(held(g).Actions, graphs.Action{Name: fmt.Sprintf("a%d", i), To: "done", By: graphtest.AllActors})
			}
		},
		"the most states": func(g *graphs.Graph) {
			for i := len(g.States); i < graphs.MaxStates; i++ {
				g.States = append(g.States, graphs.State{Name: fmt.Sprintf("s%d", i), Holds: graphs.HoldsNothing, Final: true})
			}
			for i := 5; i < graphs.MaxStates; i++ {
				from := []*graphs.State{requested(g), held(g)}[i%2]
				from.Actions = append(from.Actions, graphs.Action{Name: fmt.Sprintf("a%d", i), To: g.States[i].Name, By: graphtest.AllActors})
			}
		},
		"a seat for a slot": func(g *graphs.Graph) {
			g.States = append(g.States, graphs.State{Name: "seated", Holds: graphs.HoldsSeat, Actions: []graphs.Action{{Name: "leave", To: "done", By: graphtest.AllActors}}})
			held(g).Actions = append(held(g).Actions, graphs.Action{Name: "sit", To: "seated", By: graphtest.AllActors, OnConflict: graphs.ConflictRefuse})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graphtest.Sample()
			alter(g)
			if err := g.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestValidateTellsAllFaultsAtOnceAndStaysShort(t *testing.T) {
	t.Parallel()
	g := graphtest.Sample()
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
		g := rapid.OneOf(rapid.Custom(graphtest.AnyGraph), rapid.Custom(graphtest.SpoiledGraph)).Draw(t, "graph")
		_ = g.Validate()
	})
}

// FuzzGraphJSON feeds what a stranger could send as a custom graph to everything that reads a graph. Fuzz with
// -fuzzminimizetime 5x: making inputs of this size smaller otherwise takes all the time.
func FuzzGraphJSON(f *testing.F) {
	graphtest.SeedJSON(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		var g graphs.Graph
		if json.Unmarshal(text, &g) != nil {
			return
		}
		valid := g.Validate() == nil
		for i := range g.States {
			s := &g.States[i]
			for k := range s.Actions {
				a := &s.Actions[k]
				if _, err := g.Next(s.Name, a.Name, graphs.ActorAPI); valid && err != nil && a.MayPlay(graphs.ActorAPI) {
					t.Errorf("%s in %s: %v", a.Name, s.Name, err)
				}
			}
			g.Deadlines(s.Name, graphs.Times{}, graphs.Overrides{"x": "PT1S"})
		}
	})
}
