package activities

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"holdfast/internal/await"
	"holdfast/internal/metrics"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
)

func TestDrainSendsAllThatIsDue(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, ok)
	f := setup(t, r.URL, nil)
	f.waits(100)
	out := f.drainOnce(nil)
	if out.Sent != 100 || !out.Next.IsZero() || out.Gone {
		t.Errorf("%+v", out)
	}
	f.wantRows(100, delivered)
	f.wantRows(100, `FROM webhook_attempts WHERE number = 1 AND status = 200`)
	f.wantRows(0, `FROM webhook_drains`)
	f.wantRows(0, `FROM webhook_endpoints WHERE awake`)
	if r.got() != 100 || r.most > 4 {
		t.Errorf("%d requests, %d at a time", r.got(), r.most)
	}
}

// TestWhatCannotBeRendered: it gets an attempt on record and follows the schedule; what was claimed with it does not notice, nor
// does the endpoint's health.
func TestWhatCannotBeRendered(t *testing.T) {
	t.Parallel()
	for _, format := range outbox.Formats[:3] {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, false, ok)
			f := setup(t, r.URL, func(e *outbox.Endpoint) { e.Format = format })
			broken := f.waits(8, "", `{"id":5}`, "", `{"entered_at":"yesterday"}`)
			began := time.Now()
			out := f.drainOnce(nil)
			wantDue(t, out.Next, began, 3*time.Second, 7*time.Second)
			f.wantRows(6, delivered)
			f.wantRows(2, `FROM webhook_deliveries WHERE id = ANY($1) AND status = 'pending' AND attempts = 1 AND claimed_by IS NULL
				AND next_at > $2`, []uuid.UUID{broken[1], broken[3]}, began.Add(2*time.Second))
			f.wantRows(2, `FROM webhook_attempts WHERE error_code = 'render_failed' AND status = 0 AND request_headers = '{}'`)
			f.wantRows(1, `FROM webhook_endpoints WHERE failures = 0 AND failing_since IS NULL AND opened = 0`)
			if r.got() != 6 {
				t.Errorf("%d requests", r.got())
			}
		})
	}
}

// TestRenderFailuresNeverOpenTheBreaker, however many there are: the receiver has no part in them. The last one of the schedule is
// given up like any other.
func TestRenderFailuresNeverOpenTheBreaker(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, ok)
	f := setup(t, r.URL, nil)
	spoiled := make([]string, 25)
	for i := range spoiled {
		spoiled[i] = `{"id":5}`
	}
	f.waits(30, spoiled...)
	f.sql(`UPDATE webhook_deliveries SET attempts = 11 WHERE id = (SELECT id FROM webhook_deliveries ORDER BY next_at LIMIT 1)`)
	f.drainOnce(nil)
	f.wantRows(5, delivered)
	f.wantRows(1, `FROM webhook_deliveries WHERE status = 'exhausted' AND attempts = 12`)
	f.wantRows(1, `FROM webhook_endpoints WHERE opened = 0 AND open_until < now()`)
}

// TestANewerGraphIsSentWithoutLinks, as a worker does that a deploy has not replaced yet.
func TestANewerGraphIsSentWithoutLinks(t *testing.T) {
	t.Parallel()
	for _, format := range outbox.Formats[:3] {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, false, ok)
			f := setup(t, r.URL, func(e *outbox.Endpoint) { e.Format = format })
			f.waits(1)
			f.sql(`UPDATE events SET data = data || '{"graph_version": 99}'`)
			f.drainOnce(nil)
			f.wantRows(1, delivered)
		})
	}
}

// TestWhatCannotBeRecorded: the others of its batch go on record, and so does the attempt, without what the receiver has said.
func TestWhatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, ok)
	f := setup(t, r.URL, nil)
	all := f.waits(12)
	f.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.delivery_id = '` + all[5].String() + `' AND NEW.response_headers <> '{}' THEN RAISE 'no' USING ERRCODE = '22P05'; END IF;
		IF NEW.delivery_id = '` + all[6].String() + `' THEN RAISE 'never' USING ERRCODE = 'P0001'; END IF;
		RETURN NEW; END $$`)
	f.sql(`CREATE TRIGGER refuse BEFORE INSERT ON webhook_attempts FOR EACH ROW EXECUTE FUNCTION refuse()`)
	out := f.drainOnce(nil)
	if out.Sent != 12 || r.got() != 12 {
		t.Errorf("%+v, %d requests", out, r.got())
	}
	f.wantRows(11, delivered)
	f.wantRows(1, `FROM webhook_attempts WHERE delivery_id = $1 AND status = 200 AND response_headers = '{}'`, all[5])
	f.wantRows(1, `FROM webhook_deliveries WHERE id = $1 AND status = 'pending' AND next_at > now() + interval '30 seconds'`, all[6])
}

// TestBreakerInMidBatch: ten failures in a row open it, and what was claimed goes back as if it had never been.
func TestBreakerInMidBatch(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, func(int) int { return http.StatusInternalServerError })
	f := setup(t, r.URL, nil)
	f.waits(40)
	began := time.Now()
	out := f.drainOnce(nil)
	wantDue(t, out.Next, began, 50*time.Second, time.Minute)
	if out.Gone {
		t.Errorf("%+v", out)
	}
	n := r.got()
	if n < 10 || n > 13 { // four are on their way at a time
		t.Errorf("%d requests", n)
	}
	f.wantRows(40-n, untouched)
	f.wantRows(n, `FROM webhook_attempts WHERE status = 500`)
	f.wantRows(n, `FROM webhook_deliveries WHERE status = 'pending' AND attempts = 1 AND claimed_by IS NULL`)
	f.wantRows(0, `FROM webhook_drains`)

	f.sql(`UPDATE webhook_endpoints SET open_until = now()`)
	f.drainOnce(nil)
	if r.got() != n+1 {
		t.Errorf("%d probes", r.got()-n)
	}
}

// TestAChangeWhileRequestsAreUnderWay: their failures are those of the endpoint as it was, and they are made again at once, by what it is now.
func TestAChangeWhileRequestsAreUnderWay(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, true, func(n int) int {
		if n < 4 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	f := setup(t, r.URL, nil)
	f.waits(4)
	go func() {
		await.True(t, "four requests are under way", func() bool { return r.got() == 4 })
		f.sql(`UPDATE webhook_endpoints SET updated_at = now()`)
		close(r.proceed)
	}()
	f.drainOnce(nil)
	f.wantRows(4, delivered)
	f.wantRows(4, `FROM webhook_attempts WHERE number = 1 AND status = 500`)
	f.wantRows(4, `FROM webhook_attempts WHERE number = 2 AND status = 200`)
	f.wantRows(1, `FROM webhook_endpoints WHERE failures = 0 AND failing_since IS NULL`)
}

// TestAGoneReceiverEndsTheBatch: 410 disables the endpoint and cancels what waits, also what was claimed and not sent.
func TestAGoneReceiverEndsTheBatch(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, func(n int) int {
		if n == 2 {
			return http.StatusGone
		}
		return http.StatusOK
	})
	f := setup(t, r.URL, func(e *outbox.Endpoint) { e.InFlight = 1 })
	f.waits(20)
	if out := f.drainOnce(nil); !out.Gone {
		t.Errorf("%+v", out)
	}
	f.wantRows(18, `FROM webhook_deliveries WHERE status = 'cancelled' AND claimed_by IS NULL`)
	f.wantRows(0, `FROM webhook_deliveries WHERE status = 'pending'`)
	if r.got() != 3 {
		t.Errorf("%d requests", r.got())
	}
}

// TestWorkerStop: what is under way ends and is recorded, the rest is given back without having lost an attempt, and somebody else
// may go on at once.
func TestWorkerStop(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, true, ok)
	f := setup(t, r.URL, nil)
	f.waits(30)
	stop := make(chan struct{})
	go func() {
		await.True(t, "four requests are under way", func() bool { return r.got() == 4 })
		close(stop)
		await.True(t, "the rest is given back while they are", func() bool { return f.rows(untouched) == 26 })
		close(r.proceed)
	}()
	out := f.drainOnce(stop)
	if out.Sent != 4 || out.Gone || out.Next.IsZero() || out.Next.After(time.Now()) {
		t.Errorf("%+v", out)
	}
	f.wantRows(4, delivered)
	f.wantRows(26, untouched)
	f.wantRows(0, `FROM webhook_drains`)
	f.wantRows(4, `FROM webhook_attempts`)
	f.drainOnce(nil)
	f.wantRows(30, delivered)
	f.wantRows(30, `FROM webhook_attempts WHERE number = 1`)
}

// TestEventsDoNotWaitForTheRate: what becomes messages does not count for the rate of a mail server, and messages that wait for it do not
// hold it up. A drain whose time is over waits as well: the next one may send at once.
func TestEventsDoNotWaitForTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := (&Activities{Metrics: metrics.New()}).newDrain(uuid.New(), &lease{}, nil, time.Second)
		check(t, d.aim(&postgres.DrainTarget{Endpoint: outbox.Endpoint{Purpose: outbox.ForMail, Status: outbox.EndpointActive, InFlight: 4}, Pace: 4, PerMinute: 1}))
		now, booking := time.Now(), uuid.New()
		unreadable := outbox.ClaimedDelivery{Event: outbox.Event{BookingID: &booking, Data: []byte("5")}} // so that there is nothing to write
		message, event := claimed{outbox.ClaimedDelivery{Recipient: "owner"}, now}, claimed{unreadable, now}
		begun := func(want, left int) {
			t.Helper()
			d.sendMore(t.Context())
			for range want {
				<-d.events
			}
			if synctest.Wait(); d.flying != want || len(d.waiting) != left {
				t.Fatalf("%d are under way, want %d; %d wait, want %d", d.flying, want, len(d.waiting), left)
			}
			d.flying = 0
		}
		d.waiting = []claimed{message, message, event, event}
		begun(3, 1) // a message and both events
		if c, ok := d.nextClaim(); !ok || !c.EventsOnly {
			t.Errorf("what is claimed meanwhile: %+v, %t", c, ok)
		}
		time.Sleep(59 * time.Second)
		d.waiting[0].at = time.Now()
		if begun(0, 1); d.ending() || d.mayRest() {
			t.Error("it ends before the rate allows another attempt")
		}
		time.Sleep(2 * time.Second)
		d.turn = nil // as its timer says
		if !d.ending() || !d.mayRest() {
			t.Error("it goes on when its time is over and the rate allows another attempt")
		}
	})
}

// TestAStopDoesNotWaitForTheRate: a drain that has sent all it may waits until the endpoint's rate allows more, unless it has to end.
func TestAStopDoesNotWaitForTheRate(t *testing.T) {
	t.Parallel()
	d := &drain{mine: &lease{}, pace: rate.NewLimiter(rate.Every(time.Hour), 1)}
	d.pace.Allow()
	if d.mayRest() {
		t.Error("it rests before the rate allows another attempt")
	}
	if d.halted = true; !d.mayRest() {
		t.Error("it does not end with its worker")
	}
}

// TestCancelledDrain: a drain whose context ends does not tear its requests down; they arrive once and are on record.
func TestCancelledDrain(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, true, ok)
	f := setup(t, r.URL, nil)
	f.waits(10)
	ctx, cancel := context.WithCancel(t.Context())
	mine, _ := f.drains.enter(f.endpoint.ID)
	go func() {
		await.True(t, "four requests are under way", func() bool { return r.got() == 4 })
		cancel()
		await.True(t, "the rest is given back while they are", func() bool { return f.rows(untouched) == 6 })
		close(r.proceed)
	}()
	out, err := f.newDrain(f.endpoint.ID, mine, nil, time.Minute).run(ctx, false)
	check(t, err)
	if out.Sent != 4 {
		t.Errorf("%+v", out)
	}
	f.wantRows(4, delivered)
	f.wantRows(6, untouched)
	f.wantRows(0, `FROM webhook_drains`)
}

// TestOneFailureLeavesTheOthersAlone: while one request fails and is recorded, the ones beside it go on to their end.
func TestOneFailureLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, func(n int) int {
		if n%3 == 0 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	f := setup(t, r.URL, nil)
	f.waits(30)
	f.drainOnce(nil)
	f.wantRows(20, delivered)
	f.wantRows(10, `FROM webhook_deliveries WHERE status = 'pending' AND attempts = 1 AND claimed_by IS NULL AND next_at > now()`)
	f.wantRows(30, `FROM webhook_attempts`)
}

// TestAClaimThatWaitedTooLongGoesBack: sending it now might outlast the claim.
func TestAClaimThatWaitedTooLongGoesBack(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, ok)
	f := setup(t, r.URL, nil)
	f.waits(3)
	due, err := f.DB.ClaimDeliveries(t.Context(), f.endpoint.ID, postgres.Claim{Limit: 3, Lease: postgres.ClaimLease, Ordered: true})
	check(t, err)
	d := f.newDrain(f.endpoint.ID, &lease{}, nil, time.Minute)
	found, err := f.DB.DrainTarget(t.Context(), f.endpoint.ID)
	check(t, err)
	check(t, d.aim(found))
	for _, one := range due {
		d.waiting = append(d.waiting, claimed{one, time.Now().Add(-claimAge - time.Second)})
	}
	d.sendMore(t.Context())
	f.wantRows(3, untouched)
	if d.flying != 0 || len(d.waiting) != 0 || r.got() != 0 {
		t.Errorf("%d under way, %d wait, %d requests", d.flying, len(d.waiting), r.got())
	}
}

// TestPausedEndpoint is sent tests only, and its drain ends.
func TestPausedEndpoint(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, ok)
	f := setup(t, r.URL, nil)
	all := f.waits(5)
	f.sql(`UPDATE webhook_deliveries SET test = true WHERE id = $1`, all[3])
	f.sql(`UPDATE events SET test = true WHERE id = (SELECT event_id FROM webhook_deliveries WHERE id = $1)`, all[3])
	f.sql(`UPDATE webhook_endpoints SET status = 'paused', reason = 'by_hand'`)
	if out := f.drainOnce(nil); !out.Gone || out.Sent != 1 {
		t.Errorf("%+v", out)
	}
	f.wantRows(4, untouched)
}

// TestDeletedEndpoint: its drain has nothing to do and says so.
func TestDeletedEndpoint(t *testing.T) {
	t.Parallel()
	f := setup(t, "http://127.0.0.1:9", nil)
	check(t, f.DB.DeleteEndpoint(t.Context(), f.app.ID, f.endpoint.ID))
	if out := f.drainOnce(nil); !out.Gone {
		t.Errorf("%+v", out)
	}
}

// TestHistoriesTellNothing: what Temporal keeps of a failed drain has no values of the record in it.
func TestHistoriesTellNothing(t *testing.T) {
	t.Parallel()
	f := setup(t, "http://127.0.0.1:9", nil)
	f.waits(1)
	f.sql(`ALTER TABLE webhook_drains RENAME TO elsewhere`)
	mine, _ := f.drains.enter(f.endpoint.ID)
	_, err := f.newDrain(f.endpoint.ID, mine, nil, time.Minute).run(t.Context(), false)
	if err == nil || strings.Contains(retryable(err).Error(), "webhook_drains") || errors.Is(retryable(err), err) {
		t.Errorf("%v", err)
	}
}
