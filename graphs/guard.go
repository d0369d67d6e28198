package graphs

import "time"

// Guard is one condition of an action. Exactly one field is set. A guard without any that this release has forbids.
type Guard struct {
	BeforeStart *Duration    `json:"before_start,omitempty"` // until this long before the start, inclusive
	AfterEnd    *Duration    `json:"after_end,omitempty"`    // from this long after the end on, inclusive
	HasPayment  *bool        `json:"has_payment,omitempty"`  // whether the booking is paid
	InputEquals *InputEquals `json:"input_equals,omitempty"`
	MetaEquals  *MetaEquals  `json:"meta_equals,omitempty"`
	SeatsLeft   *SeatsLeft   `json:"seats_left,omitempty"`
	CountOf     *CountOf     `json:"count_of,omitempty"`
}

// InputEquals requires that an input of the action has a value.
type InputEquals struct {
	Step  string `json:"step"`
	Field string `json:"field"`
	Value string `json:"value"`
}

// MetaEquals requires that a field of the booking's meta has a value: a string, a float64 or a bool.
type MetaEquals struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// SeatsLeft requires that a session has seats that nobody has taken: the booking itself, or the session of which it is a seat.
type SeatsLeft struct {
	AtLeast int `json:"at_least"`
}

// CountOf requires that the booking was moved by an action fewer times than LessThan. What was refused does not count.
type CountOf struct {
	Action   string `json:"action"`
	LessThan int    `json:"less_than"`
}

// Facts are what guards ask about a booking. Needs says which of them an action's guards read; the others can be left empty.
type Facts struct {
	Now   time.Time
	Times Times
	// Offered says that the action is not played yet, only offered. It has no inputs then, and guards on them forbid nothing.
	Offered   bool
	Inputs    map[string]map[string]any // of the action that is played, by step and field
	Meta      map[string]any            // of the booking; numbers are float64, json.Number or int
	SeatsLeft int                       // 0 without a session
	Paid      bool
	Counts    map[string]int // how often the booking was moved by an action
}

// FactSet says which facts guards need beside the time.
type FactSet struct {
	Inputs    bool
	Meta      bool
	SeatsLeft bool
	Paid      bool
	Counts    []string // the actions to count
}

// OfRecord reports whether the record has to be read for the facts.
func (n FactSet) OfRecord() bool { return n.Meta || n.SeatsLeft || n.Paid || len(n.Counts) > 0 }

// Blocked says which guard forbids an action.
type Blocked struct {
	Guard string    // its name in JSON; empty for one that this release does not have
	At    time.Time // the last moment of before_start, the first one of after_end; zero for other guards
	Text  string    // a sentence for people, without an end mark
}

// Needs returns the facts that the guards of an action need; nothing for an action that the state does not have.
func (g *Graph) Needs(state, action string) (all FactSet) {
	a, ok := g.action(state, action)
	if !ok {
		return all
	}
	for i := range a.When {
		if kind := a.When[i].kind(); kind != nil && kind.needs != nil {
			kind.needs(&a.When[i], &all)
		}
	}
	return all
}

// IsGuarded reports whether an action of a state has guards.
func (g *Graph) IsGuarded(state, action string) bool {
	a, ok := g.action(state, action)
	return ok && len(a.When) > 0
}

// Blocked returns the first guard of an action that forbids it; nil if none does, or if the state has no such action.
func (g *Graph) Blocked(state, action string, f Facts) *Blocked {
	a, ok := g.action(state, action)
	if !ok {
		return nil
	}
	for i := range a.When {
		guard := &a.When[i]
		kind := guard.kind()
		if kind == nil {
			return &Blocked{Text: "Action '" + action + "' has a condition that this release does not have"}
		}
		allowed, at := kind.allows(guard, &f)
		if !allowed {
			return &Blocked{Guard: kind.name, At: at, Text: "Action '" + action + "' is possible only " + guard.String()}
		}
	}
	return nil
}

// Name returns the guard's name in JSON; empty for a guard that this release does not have.
func (w *Guard) Name() string {
	if kind := w.kind(); kind != nil {
		return kind.name
	}
	return ""
}

// String returns the condition in words, such as "until 2 hours before the start".
func (w *Guard) String() string {
	if kind := w.kind(); kind != nil {
		return kind.words(w)
	}
	return "by an unknown condition"
}

// kind returns the kind of the guard; nil unless it has exactly one.
func (w *Guard) kind() (found *guardKind) {
	for i := range guardKinds {
		if !guardKinds[i].set(w) {
			continue
		}
		if found != nil {
			return nil
		}
		found = &guardKinds[i]
	}
	return found
}
