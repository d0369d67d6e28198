package graphs

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of the numbers and texts in guards.
const (
	maxSeats      = 100_000
	maxCount      = 1_000
	maxGuardValue = 255 // characters
)

// guardKind is one row of the closed list of guards. A new guard is a field of Guard and a row.
type guardKind struct {
	name   string // of the field in JSON
	set    func(w *Guard) bool
	needs  func(w *Guard, all *FactSet) // nil: the time alone
	allows func(w *Guard, f *Facts) (bool, time.Time)
	words  func(w *Guard) string
	check  func(v *validator, at string, a *Action, w *Guard) // at is the place of the guard's field
}

var guardKinds = []guardKind{
	{
		name: "before_start",
		set:  func(w *Guard) bool { return w.BeforeStart != nil },
		allows: func(w *Guard, f *Facts) (bool, time.Time) {
			last := f.Times.Start.Add(-time.Duration(*w.BeforeStart))
			return !f.Now.After(last), last
		},
		words: func(w *Guard) string { return "until " + aroundText(*w.BeforeStart, "before") + "the start" },
		check: func(v *validator, at string, _ *Action, w *Guard) { checkLength(v, at, *w.BeforeStart) },
	},
	{
		name: "after_end",
		set:  func(w *Guard) bool { return w.AfterEnd != nil },
		allows: func(w *Guard, f *Facts) (bool, time.Time) {
			first := f.Times.End.Add(time.Duration(*w.AfterEnd))
			return !f.Now.Before(first), first
		},
		words: func(w *Guard) string { return "from " + aroundText(*w.AfterEnd, "after") + "the end" },
		check: func(v *validator, at string, _ *Action, w *Guard) { checkLength(v, at, *w.AfterEnd) },
	},
	{
		name:   "has_payment",
		set:    func(w *Guard) bool { return w.HasPayment != nil },
		needs:  func(_ *Guard, all *FactSet) { all.Paid = true },
		allows: func(w *Guard, f *Facts) (bool, time.Time) { return f.Paid == *w.HasPayment, time.Time{} },
		words: func(w *Guard) string {
			if *w.HasPayment {
				return "if it is paid"
			}
			return "if it is not paid"
		},
		check: func(*validator, string, *Action, *Guard) {},
	},
	{
		name:  "input_equals",
		set:   func(w *Guard) bool { return w.InputEquals != nil },
		needs: func(_ *Guard, all *FactSet) { all.Inputs = true },
		allows: func(w *Guard, f *Facts) (bool, time.Time) {
			is, want := f.Inputs[w.InputEquals.Step][w.InputEquals.Field], w.InputEquals.Value
			return f.Offered || is == any(want), time.Time{}
		},
		words: func(w *Guard) string {
			return fmt.Sprintf("if %s.%s is %s", w.InputEquals.Step, w.InputEquals.Field, w.InputEquals.Value)
		},
		check: checkInputEquals,
	},
	{
		name:  "meta_equals",
		set:   func(w *Guard) bool { return w.MetaEquals != nil },
		needs: func(_ *Guard, all *FactSet) { all.Meta = true },
		allows: func(w *Guard, f *Facts) (bool, time.Time) {
			is, ok := f.Meta[w.MetaEquals.Key]
			return ok && sameValue(is, w.MetaEquals.Value), time.Time{}
		},
		words: func(w *Guard) string { return fmt.Sprintf("if meta %s is %v", w.MetaEquals.Key, w.MetaEquals.Value) },
		check: checkMetaEquals,
	},
	{
		name:   "seats_left",
		set:    func(w *Guard) bool { return w.SeatsLeft != nil },
		needs:  func(_ *Guard, all *FactSet) { all.SeatsLeft = true },
		allows: func(w *Guard, f *Facts) (bool, time.Time) { return f.SeatsLeft >= w.SeatsLeft.AtLeast, time.Time{} },
		words:  func(w *Guard) string { return "while at least " + countText(w.SeatsLeft.AtLeast, "seat") + " left" },
		check: func(v *validator, at string, _ *Action, w *Guard) {
			if n := w.SeatsLeft.AtLeast; n < 1 || n > maxSeats {
				v.fault(at+".at_least", "must lie between 1 and %d", maxSeats)
			}
		},
	},
	{
		name:  "count_of",
		set:   func(w *Guard) bool { return w.CountOf != nil },
		needs: func(w *Guard, all *FactSet) { all.Counts = append(all.Counts, w.CountOf.Action) },
		allows: func(w *Guard, f *Facts) (bool, time.Time) {
			return f.Counts[w.CountOf.Action] < w.CountOf.LessThan, time.Time{}
		},
		words: func(w *Guard) string {
			return fmt.Sprintf("while %s was played fewer times than %d", w.CountOf.Action, w.CountOf.LessThan)
		},
		check: func(v *validator, at string, _ *Action, w *Guard) {
			if !hasAction(v.g, w.CountOf.Action) {
				v.fault(at+".action", "counts action %q, which no state has", w.CountOf.Action)
			}
			if n := w.CountOf.LessThan; n < 1 || n > maxCount {
				v.fault(at+".less_than", "must lie between 1 and %d", maxCount)
			}
		},
	},
}

// checkInputEquals requires an input that the action has, and callers that give inputs.
func checkInputEquals(v *validator, at string, a *Action, w *Guard) {
	e, has := w.InputEquals, false
	for _, in := range a.Inputs {
		has = has || in.Step == e.Step && in.Field == e.Field
	}
	if !has {
		v.fault(at, "names input %q.%q, which the action does not have", e.Step, e.Field)
	}
	if a.MayPlay(ActorTimer) || a.MayPlay(ActorEffect) {
		v.fault(at, "asks for an input, which timers and effects do not give")
	}
	checkText(v, at+".value", e.Value)
}

func checkMetaEquals(v *validator, at string, _ *Action, w *Guard) {
	if checkText(v, at+".key", w.MetaEquals.Key); w.MetaEquals.Key == "" {
		v.fault(at+".key", "must not be empty")
	}
	switch value := w.MetaEquals.Value.(type) {
	case bool:
	case string:
		checkText(v, at+".value", value)
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			v.fault(at+".value", "must be a number that JSON has")
		}
	default:
		v.fault(at+".value", "must be a text, a number, true or false")
	}
}

// checkText bounds a text of a guard.
func checkText(v *validator, at, text string) {
	if utf8.RuneCountInString(text) > maxGuardValue || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		v.fault(at, "must be a text of at most %d characters", maxGuardValue)
	}
}

// sameValue reports whether a value of JSON is a text, a number or a boolean of a guard.
func sameValue(is, want any) bool {
	number, ok := want.(float64)
	if !ok {
		text, isText := want.(string)
		truth, isTruth := want.(bool)
		return isText && is == any(text) || isTruth && is == any(truth)
	}
	switch is := is.(type) {
	case float64:
		return is == number
	case int:
		return float64(is) == number
	case json.Number:
		value, err := is.Float64()
		return err == nil && value == number
	}
	return false
}

// aroundText returns "2 hours before ", and nothing for no length.
func aroundText(d Duration, side string) string {
	if d == 0 {
		return ""
	}
	return d.Words() + " " + side + " "
}

// countText returns a number with its noun and verb, such as "1 seat is" and "2 seats are".
func countText(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}
