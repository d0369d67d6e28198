package webhook

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var failed = Result{Verdict: Retry, Status: 500, ErrorCode: "http_500"}

func middle() float64 { return 0.5 }

// ladder walks all attempts of a delivery that ends the same each time, and gives the waits between them.
func ladder(last Result, rnd func() float64) []time.Duration {
	var waits []time.Duration
	now := time.Unix(0, 0)
	for attempt := 0; ; attempt++ {
		next, ok := Next(attempt, last, now, rnd)
		if !ok {
			return waits
		}
		waits = append(waits, next.Sub(now))
		now = next
	}
}

func sum(waits []time.Duration) (total time.Duration) {
	for _, w := range waits {
		total += w
	}
	return total
}

func TestLadderOverThreeDays(t *testing.T) {
	t.Parallel()
	waits := ladder(failed, middle)
	if len(waits) != MaxAttempts || waits[0] != 0 || waits[1] != 5*time.Second || waits[11] != 24*time.Hour {
		t.Errorf("got %v", waits)
	}
	const whole = 75*time.Hour + 42*time.Minute + 35*time.Second
	if sum(waits) != whole {
		t.Errorf("lasts %v, want %v", sum(waits), whole)
	}
	if got := sum(ladder(failed, func() float64 { return 0 })); got != whole*8/10 {
		t.Errorf("lasts at least %v", got)
	}
	if got := sum(ladder(failed, func() float64 { return 1 })); got != whole*12/10 {
		t.Errorf("lasts at most %v", got)
	}
}

func TestWaitsStayWithinAFifth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(1, MaxAttempts-1).Draw(t, "attempt")
		drawn := rapid.Float64().Draw(t, "drawn") // a bad source must not break the schedule either
		next, ok := Next(attempt, failed, time.Unix(0, 0), func() float64 { return drawn })
		wait, base := next.Sub(time.Unix(0, 0)), delays[attempt]
		if !ok || wait < base*8/10 || wait > base*12/10 || wait < time.Second {
			t.Fatalf("attempt %d waits %v", attempt+1, wait)
		}
	})
}

func TestNextAfterAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attempt int
		last    Result
		want    time.Duration
	}{
		"500":                      {1, failed, 5 * time.Second},
		"404":                      {1, Result{Verdict: Retry, Status: 404}, 5 * time.Second},
		"refused":                  {1, Result{Verdict: Retry, ErrorCode: CodeConnectRefused}, 5 * time.Second},
		"429":                      {1, Result{Verdict: Retry, Status: 429}, time.Minute},
		"502":                      {1, Result{Verdict: Retry, Status: 502}, time.Minute},
		"503":                      {2, Result{Verdict: Retry, Status: 503}, time.Minute},
		"504":                      {2, Result{Verdict: Retry, Status: 504}, time.Minute},
		"timeout":                  {1, Result{Verdict: Retry, ErrorCode: CodeTimeout}, time.Minute},
		"connect timeout":          {1, Result{Verdict: Retry, ErrorCode: CodeConnectTimeout}, time.Minute},
		"429 later in the ladder":  {4, Result{Verdict: Retry, Status: 429}, 10 * time.Minute},
		"429 asks for 120 s":       {1, Result{Verdict: Retry, Status: 429, RetryAfter: 2 * time.Minute}, 2 * time.Minute},
		"429 asks for less":        {4, Result{Verdict: Retry, Status: 429, RetryAfter: time.Second}, 10 * time.Minute},
		"503 asks for a month":     {1, Result{Verdict: Retry, Status: 503, RetryAfter: 720 * time.Hour}, 12 * time.Hour},
		"503 cap, later than that": {11, Result{Verdict: Retry, Status: 503, RetryAfter: 720 * time.Hour}, 24 * time.Hour},
		"500 may not ask":          {1, Result{Verdict: Retry, Status: 500, RetryAfter: time.Hour}, 5 * time.Second},
		"nothing known":            {1, Result{}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Unix(1000, 0)
			next, ok := Next(c.attempt, c.last, now, middle)
			if !ok || next.Sub(now) != c.want {
				t.Errorf("waits %v, %v; want %v", next.Sub(now), ok, c.want)
			}
		})
	}
}

func TestNextEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attempt int
		last    Result
	}{
		"done":      {1, Result{Verdict: Done, Status: 200}},
		"gone":      {1, Result{Verdict: Gone, Status: 410}},
		"exhausted": {MaxAttempts, failed},
		"far over":  {math.MaxInt, failed},
	} {
		if next, ok := Next(c.attempt, c.last, time.Unix(0, 0), middle); ok || !next.IsZero() {
			t.Errorf("%s: goes on at %v", name, next)
		}
	}
	if _, ok := Next(MaxAttempts-1, failed, time.Unix(0, 0), middle); !ok {
		t.Error("the last attempt is missing")
	}
}

func TestRetryAfterForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for raw, want := range map[string]time.Duration{
		"":                                 0,
		"0":                                0,
		"120":                              2 * time.Minute,
		" 120 ":                            2 * time.Minute,
		"1000000000":                       12 * time.Hour,
		"99999999999999999999999":          12 * time.Hour,
		"Sat, 21 Nov 2026 01:00:00 GMT":    time.Hour,
		"Saturday, 21-Nov-26 01:00:00 GMT": time.Hour,
		"Sat Nov 21 01:00:00 2026":         time.Hour,
		"Fri, 20 Nov 2026 00:00:00 GMT":    0,
		"Fri, 31 Dec 9999 23:59:59 GMT":    12 * time.Hour,
		"-5":                               0,
		"+5":                               0,
		"1.5":                              0,
		"1e3":                              0,
		"0x10":                             0,
		"soon":                             0,
		"120, 240":                         0,
		"2026-11-21T01:00:00Z":             0,
	} {
		if got := retryAfter(raw, now); got != want {
			t.Errorf("%q: got %v, want %v", raw, got, want)
		}
	}
}
