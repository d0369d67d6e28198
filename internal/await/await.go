// Package await lets tests wait for what happens beside them: on a condition, never on a time.
package await

import (
	"testing"
	"time"
)

// True waits until a condition holds. It fails the test when the condition does not within minutes: no test
// depends on how fast the machine is.
func True(t testing.TB, what string, holds func() bool) {
	t.Helper()
	Within(t, 3*time.Minute, 5*time.Millisecond, what, holds)
}

// Within waits until a condition holds, and asks for it once in every while. It fails the test when the condition does not hold in time.
func Within(t testing.TB, limit, every time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	look := time.NewTicker(every)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-deadline.C:
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}
