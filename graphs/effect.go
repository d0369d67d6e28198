package graphs

import (
	"slices"
	"strings"
)

// MaxEffects is how many effects an action can have.
const MaxEffects = 8

// Effect is something that is done outside, after the action that names it has moved the booking. Kind says what; which of the other
// fields it has is a matter of its kind.
type Effect struct {
	Kind string `json:"kind"`
	// Endpoint is the name of the endpoint of the app that is asked.
	Endpoint string `json:"endpoint,omitempty"`
	// Of says what a payment is for: OfDue, OfBalance or OfNoShowFee.
	Of string `json:"of,omitempty"`
	// Share says how much is given back: SharePolicy, ShareAll, or empty for what fits who moved the booking.
	Share string `json:"share,omitempty"`
	// Timeout is how long one try may take, and GiveUpAfter how long the effect is tried again; without them the kind's own.
	Timeout     Duration `json:"timeout,omitempty"`
	GiveUpAfter Duration `json:"give_up_after,omitempty"`
	// Then, Else and OnFailure are actions of the state that the booking has reached. ActorEffect plays one of them when the effect has
	// ended: with the answer yes, with the answer no, or given up. An empty one plays nothing.
	Then      string `json:"then,omitempty"`
	Else      string `json:"else,omitempty"`
	OnFailure string `json:"on_failure,omitempty"`
}

// effectKind is one row of the closed list of effects. A new kind is a file with its row, and its fields in Effect.
type effectKind struct {
	name   string
	level  int             // of the format, see Level
	fields []string        // those of Effect that it can have beside kind, as JSON names them
	fill   func(e *Effect) // sets what is left out
	check  func(v *validator, at string, e *Effect)
	words  func(e *Effect) string // for drawings, such as "call crm"
}

var effectKinds = []*effectKind{&callKind, &openPaymentKind, &endPaymentKind, &capturePaymentKind, &voidPaymentKind, &refundPaymentKind}

// EffectKinds returns the names of the kinds of effects.
func EffectKinds() []string {
	var names []string
	for _, kind := range effectKinds {
		names = append(names, kind.name)
	}
	return names
}

// effectKindOf returns the kind of that name; nil if there is none.
func effectKindOf(name string) *effectKind {
	for _, kind := range effectKinds {
		if kind.name == name {
			return kind
		}
	}
	return nil
}

// EffectsOf returns the effects of an action in a state, in the order in which they are carried out, with the lengths that were left
// out; nil for none. They are of the move to the action's own target, not of its Otherwise.
func (g *Graph) EffectsOf(state, action string) []Effect {
	a, ok := g.action(state, action)
	if !ok {
		return nil
	}
	all := slices.Clone(a.Effects)
	for i := range all {
		all[i] = Filled(all[i])
	}
	return all
}

// Filled returns an effect with what it leaves out.
func Filled(e Effect) Effect {
	if kind := effectKindOf(e.Kind); kind != nil {
		kind.fill(&e)
	}
	return e
}

// Plays returns the actions that the effect can play when it has ended, each once.
func (e *Effect) Plays() []string {
	var names []string
	for _, name := range []string{e.Then, e.Else, e.OnFailure} {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// String returns what the effect does, in words, such as "call crm".
func (e *Effect) String() string {
	if kind := effectKindOf(e.Kind); kind != nil {
		return strings.TrimSpace(kind.words(e))
	}
	return e.Kind
}
