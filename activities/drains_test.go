package activities

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/await"
	"holdfast/internal/outbox"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
)

// keeping runs what a worker runs beside its activities, until stop is called.
func (f *fixture) keeping(stopTime time.Duration) (stop func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { f.KeepDrains(ctx, stopTime) })
	await.True(f.t, "drains are kept", func() bool { f.drains.mu.Lock(); defer f.drains.mu.Unlock(); return f.drains.open })
	stop = func() { cancel(); running.Wait() }
	f.t.Cleanup(stop)
	return stop
}

// reserved is an endpoint as a commit leaves it.
func (f *fixture) reserved() {
	f.t.Helper()
	f.sql(`UPDATE webhook_endpoints SET awake = true`)
	if taken, err := f.DB.ReserveDrain(f.t.Context(), f.endpoint.ID); err != nil || !taken {
		f.t.Fatal(taken, err)
	}
}

// TestServedAtOnce: what a commit leaves is sent by its own process, and the workflow hears of it only when a retry is left.
func TestServedAtOnce(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, func(n int) int {
		if n == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	f := setup(t, r.URL, nil)
	f.keeping(time.Minute)
	f.waits(1)
	f.reserved()
	f.serve(t.Context(), f.endpoint.ID)
	await.True(t, "it is sent and the endpoint sleeps", func() bool {
		return f.rows(delivered) == 1 && f.rows(`FROM webhook_endpoints WHERE NOT awake`) == 1 && f.rows(`FROM webhook_drains`) == 0
	})
	if n := f.woken.count.Load(); n != 0 {
		t.Errorf("the workflow was woken %d times", n)
	}
	f.waits(1)
	f.reserved()
	f.serve(t.Context(), f.endpoint.ID)
	await.True(t, "the workflow is woken for the retry", func() bool { return f.woken.count.Load() == 1 })
	f.wantRows(1, `FROM webhook_deliveries WHERE status = 'pending' AND attempts = 1 AND next_at > now()`)
}

// TestWithoutAKeeperTheWorkflowServes, also once the process is about to end.
func TestWithoutAKeeperTheWorkflowServes(t *testing.T) {
	t.Parallel()
	f := setup(t, "http://127.0.0.1:9", nil)
	f.waits(1)
	for i := range int32(2) {
		f.reserved()
		f.serve(t.Context(), f.endpoint.ID)
		if n := f.woken.count.Load(); n != i+1 {
			t.Errorf("woken %d times", n)
		}
		f.wantRows(0, `FROM webhook_drains`)
		f.keeping(time.Minute)()
	}
	f.wantRows(1, untouched)
}

// TestStopOfServing: a process that ends lets what is under way end, gives the rest back, and wakes the workflow.
func TestStopOfServing(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, true, ok)
	f := setup(t, r.URL, nil)
	stop := f.keeping(time.Minute)
	f.waits(20)
	f.reserved()
	f.serve(t.Context(), f.endpoint.ID)
	await.True(t, "four requests are under way", func() bool { return r.got() == 4 })
	go func() {
		await.True(t, "the rest is given back", func() bool { return f.rows(untouched) == 16 })
		close(r.proceed)
	}()
	stop()
	f.wantRows(4, delivered)
	f.wantRows(16, untouched)
	f.wantRows(0, `FROM webhook_drains`)
	if n := f.woken.count.Load(); n != 1 {
		t.Errorf("woken %d times", n)
	}
}

// TestTakeOver: while another process has the endpoint nothing is sent; once that is lost, what it had claimed goes out at once.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, ok)
	f := setup(t, r.URL, nil)
	f.waits(10)
	other, err := postgres.Open(t.Context(), f.url, 2)
	check(t, err)
	t.Cleanup(other.Close)
	if taken, err := other.ReserveDrain(t.Context(), f.endpoint.ID); err != nil || !taken {
		t.Fatal(taken, err)
	}
	_, due, _, err := other.ClaimReservedDeliveries(t.Context(), f.endpoint.ID, postgres.Claim{Limit: 4, Lease: postgres.ClaimLease, Ordered: true})
	check(t, err)
	if len(due) != 4 {
		t.Fatalf("%d claimed", len(due))
	}
	out := f.drainOnce(nil)
	if after := time.Until(out.Next); out.Sent != 0 || out.Gone || after <= 0 || after > busyAgain {
		t.Errorf("%+v", out)
	}
	if _, due, reserved, err := f.DB.ClaimReservedDeliveries(t.Context(), f.endpoint.ID, postgres.Claim{Limit: 4, Lease: time.Minute}); err != nil || reserved || len(due) > 0 {
		t.Errorf("claimed %d without the endpoint: %v", len(due), err)
	}
	f.sql(`UPDATE webhook_deliveries SET next_at = now() + interval '2 hours' WHERE id = (SELECT id FROM webhook_deliveries WHERE claimed_by IS NULL LIMIT 1)`)
	f.sql(`UPDATE webhook_drains SET until = now() - interval '1 second'`)
	f.keeping(time.Minute)
	await.True(t, "all but a retry is sent", func() bool { return f.rows(delivered) == 9 })
	f.wantRows(4, `FROM webhook_attempts WHERE number = 2`) // whether the first was made nobody knows
	f.wantRows(1, `FROM webhook_deliveries WHERE next_at > now() + interval '1 hour'`)
	if _, err := other.FinishAttempts(t.Context(), f.endpoint.ID, []postgres.Finished{{
		Attempt: outbox.Attempt{DeliveryID: due[0].ID, Number: due[0].Attempt, StartedAt: time.Now(), Status: 500},
		Verdict: postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now()},
	}}); err != nil { // it was only slow: its attempt is on record too, and changes nothing else
		t.Error(err)
	}
	f.wantRows(9, delivered)
	f.wantRows(10, `FROM webhook_attempts`)
}

// TestReservationsAreRenewed: a drain that takes longer than a reservation lasts keeps its endpoint.
func TestReservationsAreRenewed(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, true, ok)
	f := setup(t, r.URL, nil)
	f.waits(1)
	f.reserved()
	f.keeping(time.Minute)
	f.serve(t.Context(), f.endpoint.ID)
	await.True(t, "a request is under way", func() bool { return r.got() == 1 })
	f.sql(`UPDATE webhook_drains SET until = now() - interval '1 second'`)
	await.True(t, "the reservation is renewed", func() bool { return f.rows(`FROM webhook_drains WHERE until > now()`) == 1 })
	close(r.proceed)
	await.True(t, "it is delivered", func() bool { return f.rows(delivered) == 1 })
	f.wantRows(1, `FROM webhook_attempts`)
}

// TestOnlyAReservationIsLost: a drain that has none on record yet, or a new one since the record was read, goes on.
func TestOnlyAReservationIsLost(t *testing.T) {
	t.Parallel()
	f := setup(t, "https://example.com", nil)
	mine, _ := f.drains.enter(f.endpoint.ID)
	f.keepDrains(t.Context())
	mine.reserve()
	if mine.lost() {
		t.Error("lost before it was reserved")
	}
	before := f.drains.reserved()[f.endpoint.ID]
	f.keepDrains(t.Context()) // the record has no reservation
	if !mine.lost() {
		t.Error("another process has the endpoint, and the drain goes on")
	}
	mine.unreserve()
	if mine.lost() || len(f.drains.reserved()) > 0 {
		t.Error("reserved after its end")
	}
	mine.reserve()
	before.ended.Store(before.term)
	if mine.lost() {
		t.Error("the end of an earlier reservation ends the next one")
	}
}

// TestTheWorkflowHasPrecedence: its drain asks the one that runs without it to leave, and goes on where that ends.
func TestTheWorkflowHasPrecedence(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, true, ok)
	f := setup(t, r.URL, nil)
	f.keeping(time.Minute)
	f.waits(20)
	f.reserved()
	f.serve(t.Context(), f.endpoint.ID)
	await.True(t, "four requests are under way", func() bool { return r.got() == 4 })
	go func() {
		await.True(t, "the rest is given back", func() bool { return f.rows(untouched) == 16 })
		close(r.proceed)
	}()
	if out := f.drainOnce(nil); out.Sent != 16 {
		t.Errorf("%+v", out)
	}
	f.wantRows(20, delivered)
	f.wantRows(20, `FROM webhook_attempts`)
}

// TestACommitLeavesAReservation: a commit that cannot start a drain of its own does not end the reservation of one that has begun.
func TestACommitLeavesAReservation(t *testing.T) {
	t.Parallel()
	f := setup(t, "http://127.0.0.1:9", nil)
	f.reserved()
	mine, _ := f.drains.enter(f.endpoint.ID)
	mine.reserve()
	f.giveUp(t.Context(), f.endpoint.ID)
	f.wantRows(1, `FROM webhook_drains`)
	mine.unreserve()
	leave(t.Context(), f.Activities, f.endpoint.ID, mine)
	f.wantRows(0, `FROM webhook_drains`)
	if n := f.woken.count.Load(); n != 1 {
		t.Errorf("woken %d times", n)
	}
}

// TestACommitWhileADrainEnds is not missed: the drain that is there looks again.
func TestACommitWhileADrainEnds(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, ok)
	f := setup(t, r.URL, nil)
	f.drains.setOpen(true)
	mine, _ := f.drains.enter(f.endpoint.ID)
	f.serve(t.Context(), f.endpoint.ID) // while the drain is there
	if !f.drains.goOn(f.endpoint.ID, mine) || f.drains.goOn(f.endpoint.ID, mine) {
		t.Error("it has to look once more, and then to leave")
	}
	if mine, _ = f.drains.enter(f.endpoint.ID); mine == nil {
		t.Error("it is still there")
	}
}

// TestTripsOfADelivery counts how often the process waits for Postgres between a commit and the endpoint's sleep.
func TestTripsOfADelivery(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, ok)
	through := pgtest.Clone(t)
	proxy := newProxy(t, through)
	db, err := postgres.Open(t.Context(), proxy.url, 1)
	check(t, err)
	t.Cleanup(db.Close)
	f := setupOn(t, db, through, r.URL, nil)
	f.drains.setOpen(true)
	deliver := func(n int) {
		t.Helper()
		f.waits(1)
		f.reserved()
		before := proxy.trips.Load()
		f.serve(t.Context(), f.endpoint.ID)
		await.True(t, "it is sent", func() bool {
			return f.rows(delivered) == n && f.rows(`FROM webhook_drains`) == 0 && len(f.drains.endpoints()) == 0
		})
		proxy.last = proxy.trips.Load() - before
	}
	deliver(1) // statements are prepared
	least := proxy.last
	for n := 2; least > 3 && n < 12; n++ { // a drain looks for more while a request takes its time, on a machine that is busy
		deliver(n)
		least = min(least, proxy.last)
	}
	if least > 3 {
		t.Errorf("%d round trips", least)
	}
}

// proxy stands between a client and Postgres and counts how often the client says something after it was answered.
type proxy struct {
	url   string
	trips atomic.Int32
	last  int32
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	address, err := url.Parse(target)
	check(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	p := &proxy{}
	server := address.Host
	address.Host = listener.Addr().String()
	p.url = address.String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				return
			}
			var answered atomic.Bool
			answered.Store(true)
			go pass(client, upstream, func() {
				if answered.Swap(false) {
					p.trips.Add(1)
				}
			})
			go pass(upstream, client, func() { answered.Store(true) })
		}
	}()
	return p
}

func pass(from, to net.Conn, note func()) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			note()
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
