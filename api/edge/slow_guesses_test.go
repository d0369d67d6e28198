package edge

import (
	"errors"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/limit"
)

// TestSlowGuesses: what takes long to find out is counted before it is looked at, by each limiter, and given back unless it was
// a guess. A call that one limiter refuses costs nothing with the others.
func TestSlowGuesses(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	narrow, wide := limit.New(2, 2, now), limit.New(6, 6, now)
	s := &Edge{Limits: Limits{known: limit.NewRecentlyGood(now)}}
	try := func(key, account string, outcome error) (looked bool, code fault.Code) {
		t.Helper()
		k := newCall("POST", "/v2/auth", "")
		before := [2]int{narrow.Peek(account).Remaining, wide.Peek("one").Remaining}
		err := s.limitFailuresOfSlow(k, key, map[*limit.Limiter]string{narrow: account, wide: "one"}, func() error {
			looked = true
			if narrow.Peek(account).Remaining >= before[0] || wide.Peek("one").Remaining >= before[1] {
				t.Errorf("%s is looked at before it is counted", key)
			}
			return outcome
		})
		if code = fault.CodeOf(err); code == fault.TooManyRequests && k.Writer.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", key)
		}
		return looked, code
	}
	want := func(what string, looked bool, code fault.Code, wantLooked bool, wantCode fault.Code, left int) {
		t.Helper()
		if looked != wantLooked || code != wantCode || wide.Peek("one").Remaining != left {
			t.Errorf("%s: looked %t, %q, %d left, want %d", what, looked, code, wide.Peek("one").Remaining, left)
		}
	}
	unknown := fault.Errorf(fault.Unauthorized, "unknown")
	looked, code := try("good", "anna", nil)
	want("a good password", looked, code, true, "", 6)
	looked, code = try("any", "anna", errors.New("away"))
	want("the record is away", looked, code, true, fault.Internal, 6)
	for left := 5; left >= 4; left-- {
		looked, code = try("guess", "anna", unknown)
		want("a guess", looked, code, true, fault.Unauthorized, left)
	}
	for range 20 { // the maps' order is a random one
		looked, code = try("guess", "anna", unknown)
		want("one guess too many", looked, code, false, fault.TooManyRequests, 4)
	}
	looked, code = try("guess", "bob", unknown)
	want("another account", looked, code, true, fault.Unauthorized, 3)

	looked = false
	err := s.limitFailuresOfSlow(newCall("POST", "/v2/auth", ""), "good", map[*limit.Limiter]string{narrow: "anna", wide: "one"}, func() error {
		looked = true
		return nil
	})
	want("a password that was good", looked, fault.CodeOf(err), true, "", 3)
}
