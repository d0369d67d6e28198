package policy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                                    ``,
		`{"book":{"notice":"P1DT2H"}}`:          `A time can be booked until 1 day 2 hours before it begins.`,
		`{"book":{"horizon":"2 months"}}`:       `A time can be booked from 2 months before it begins.`,
		`{"book":{"horizon":{"exact":"P14D"}}}`: `A time can be booked from 14 days before it begins.`,
		`{"book":{"from":"2026-12-01"}}`:        `The first day that can be booked is 2026-12-01.`,
		`{"book":{"to":"2026-12-01"}}`:          `The last day that can be booked is 2026-12-01.`,
		`{"book":{"notice":"none"}}`:            ``,
		`{"book":{"from":"none","to":"none"},"reschedule":{"customer":{"max":"none"}}}`:                               ``,
		`{"cancel":{"customer":{"until":{"day_before":"09:05"}}}}`:                                                    `The customer can cancel until 09:05 on the day before the booking begins.`,
		`{"cancel":{"owner":{"until":"PT0S","anchor":"first_start"}}}`:                                                `The owner can cancel until 0 minutes before the time that was booked at first.`,
		`{"reschedule":{"customer":{"until":"PT1M","max":0}}}`:                                                        `The customer can reschedule until 1 minute before the booking begins.|The customer cannot reschedule.`,
		`{"reschedule":{"customer":{"max":1}}}`:                                                                       `The customer can reschedule once.`,
		`{"reschedule":{"customer":{"max":3}}}`:                                                                       `The customer can reschedule 3 times.`,
		`{"buffer":{"after":"PT15M"}}`:                                                                                `0 minutes before and 15 minutes after a booking stay free. Between two bookings the longer buffer counts.`,
		`{"buffer":{"before":"PT1H30M","rule":"sum"}}`:                                                                `1 hour 30 minutes before and 0 minutes after a booking stay free. Between two bookings both buffers count.`,
		`{"limits":[{"per":"app","unit":"day","max":1},{"per":"resource","unit":"week","max":90,"count":"minutes"}]}`: `At most 1 booking a day.|At most 90 minutes a week for each resource.`,
	} {
		if got := strings.Join(read(t, text).Words(), "|"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestNoneLifts: "none" of a nearer policy lifts each rule of one that is further away, and stays as it is written.
func TestNoneLifts(t *testing.T) {
	t.Parallel()
	further := read(t, `{"book":{"notice":"P1D","horizon":"P30D","from":"2026-12-01","to":"2026-12-31"},
		"cancel":{"customer":{"until":"P1D"},"owner":{"until":"P1D"}},"reschedule":{"customer":{"until":"P1D","max":0}}}`)
	const text = `{"book":{"notice":"none","horizon":"none","from":"none","to":"none"},` +
		`"cancel":{"customer":{"until":"none"},"owner":{"until":"none"}},"reschedule":{"customer":{"until":"none","max":"none"}}}`
	nearer := read(t, text)
	if got, err := json.Marshal(nearer); err != nil || string(got) != text {
		t.Errorf("it is written as %s, %v", got, err)
	}
	lifted := policy.Merge(further, nearer)
	problems := fault.Problems{}
	lifted.Check("policy", false, problems)
	start := time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)
	held := policy.Held{Start: start, Moves: 9}
	if len(problems) > 0 || len(lifted.Words()) > 0 || lifted.JudgeStart(start, start, time.UTC, nil) != nil ||
		lifted.JudgeMove(held, start.Add(1), time.UTC, nil) != nil || lifted.JudgeCancel(policy.Owner, held, start.Add(1), time.UTC, nil) != nil {
		t.Errorf("something is left: %v, %v", lifted.Words(), problems)
	}
	for _, wrong := range []string{`{"book":{"from":"0001-01-01"}}`, `{"book":{"to":"never"}}`, `{"reschedule":{"customer":{"max":-1}}}`,
		`{"reschedule":{"customer":{"max":"3"}}}`, `{"reschedule":{"customer":{"max":1.5}}}`} {
		var p policy.Policy
		if err := json.Unmarshal([]byte(wrong), &p); err == nil {
			t.Errorf("%s is read as %s", wrong, p.Words())
		}
	}
}
