package policy_test

import (
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                              ``,
		`{"book":{"notice":"P1DT2H"}}`:    `A time can be booked until 1 day 2 hours before it begins.`,
		`{"book":{"horizon":"2 months"}}`: `A time can be booked from 2 months before it begins.`,
		`{"book":{"from":"2026-12-01"}}`:  `The first day that can be booked is 2026-12-01.`,
		`{"book":{"to":"2026-12-01"}}`:    `The last day that can be booked is 2026-12-01.`,
		`{"book":{"notice":"none"}}`:      ``,
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
