package graphs

import "time"

// CallEffect is the effect that sends a signed request to an endpoint of the app. The answer says yes or no.
const CallEffect = "call"

// Bounds of a call, and what it has unless it says more.
const (
	minCallTimeout, callTimeout, maxCallTimeout = Duration(time.Second), Duration(10 * time.Second), Duration(30 * time.Second)
	minCallTries, callTries, maxCallTries       = Duration(time.Minute), Duration(time.Hour), Duration(7 * 24 * time.Hour)
)

var callKind = effectKind{
	name:   CallEffect,
	level:  levelOwn,
	fields: []string{"endpoint", "timeout", "give_up_after", "then", "else", "on_failure"},
	fill: func(e *Effect) {
		if e.Timeout == 0 {
			e.Timeout = callTimeout
		}
		if e.GiveUpAfter == 0 {
			e.GiveUpAfter = callTries
		}
	},
	check: func(v *validator, at string, e *Effect) {
		if !name.MatchString(e.Endpoint) {
			v.fault(at+".endpoint", "name of an endpoint %q must be lower-case letters, digits and underscores", e.Endpoint)
		}
		if e.Timeout != 0 && !e.Timeout.within(minCallTimeout, maxCallTimeout) {
			v.fault(at+".timeout", "must be whole seconds between %s and %s", minCallTimeout, maxCallTimeout)
		}
		if e.GiveUpAfter != 0 && !e.GiveUpAfter.within(minCallTries, maxCallTries) {
			v.fault(at+".give_up_after", "must be whole seconds between %s and %s", minCallTries, maxCallTries)
		}
	},
	words: func(e *Effect) string { return "call " + e.Endpoint },
}
