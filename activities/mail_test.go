package activities

import (
	"testing"
	"time"

	"holdfast/internal/mail/relay"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

// TestThreeDaysWithoutAMailServer has a mail tried by the schedule: it is given up once it is of no use, and not before. Where the server
// cannot be reached, or lets nobody in, no wait is longer than a few minutes, so that what waits leaves soon after it is back.
func TestThreeDaysWithoutAMailServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		result  relay.Result
		longest time.Duration
	}{
		"greylisted":      {relay.Result{Verdict: relay.Retry, Status: 451, ErrorCode: "smtp_451"}, 2 * time.Hour},
		"unreachable":     {relay.Result{Verdict: relay.Retry, ErrorCode: relay.CodeUnreachable}, relayAgain},
		"a wrong sign-in": {relay.Result{Verdict: relay.Down, ErrorCode: relay.CodeAuth}, relayAgain},
	} {
		var age time.Duration
		for tries := 1; ; tries++ {
			d := outbox.ClaimedDelivery{Recipient: "owner", Attempt: tries, Tries: tries}
			d.Event.At = time.Now().Add(-age)
			_, v := mailer{}.postpone(d, c.result, true)
			if v.Status == postgres.Exhausted {
				break
			}
			wait := time.Until(v.Next)
			if v.Status != postgres.Waiting || wait <= 0 || wait > c.longest+c.longest/5 {
				t.Fatalf("%s, after %s: %s, again in %s", name, age, v.Status, wait)
			}
			if age += wait; age > 72*time.Hour {
				t.Fatalf("%s: still tried after %s", name, age)
			}
		}
		if age < mailUseful-c.longest-c.longest/5 {
			t.Errorf("%s: given up after %s", name, age)
		}
	}
}
