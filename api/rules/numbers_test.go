package rules

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/webhook"
)

// TestNumbersThatOverflow: a number is compared before it is multiplied.
func TestNumbersThatOverflow(t *testing.T) {
	t.Parallel()
	instant, _ := graphs.Named("instant", nil)
	for _, seconds := range []string{"18446744074", "9223372037", "604801", "-1", "9223372036854775807"} {
		problems := fault.Problems{}
		in := BookingInput{Settings: json.RawMessage(`{"buffer_seconds":` + seconds + `}`)}
		in.settings(instant, problems)
		if len(problems["settings.buffer_seconds"]) != 1 {
			t.Errorf("a buffer of %s: %v", seconds, problems)
		}
	}
	for _, text := range []string{"9223372036854775807 years", "768614336404564651 years", "9223372036854775807 days", "9223372036854775807 weeks", "99999999999 hours"} {
		problems := fault.Problems{}
		if span(text, "buffer", problems); len(problems["buffer"]) != 1 {
			t.Errorf("%s passes", text)
		}
	}
	for unit := range reminderUnits {
		for _, n := range []int{math.MaxInt64, math.MaxInt64 / 1000, 5124096, 5124095577, 2562048} {
			var in reminderInput
			in.Type, in.When.Type, in.When.Unit, in.When.Time = "webhook", "before", unit, n
			problems := fault.Problems{}
			in.check(webhook.Options{}, "r", problems)
			if short := time.Duration(n) < maxReminder/reminderUnits[unit]; (problems["r.when.time"] == nil) != short {
				t.Errorf("%d %s: %v", n, unit, problems)
			}
		}
	}
}
