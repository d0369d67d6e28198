package activities

import (
	"testing"
	"time"

	"holdfast/internal/await"
)

// recordsFail lets Postgres refuse so many attempts to record something, as if it was busy.
func (f *fixture) recordsFail(times string) {
	f.t.Helper()
	f.sql(`CREATE SEQUENCE tries`)
	f.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('tries') <= ` + times + ` THEN RAISE 'busy' USING ERRCODE = '53300'; END IF;
		RETURN NEW; END $$`)
	f.sql(`CREATE TRIGGER refuse BEFORE INSERT ON webhook_attempts FOR EACH ROW EXECUTE FUNCTION refuse()`)
}

// TestStopIsNotHeldUpByRecords: a worker that stops while Postgres is away waits for it no longer than the grace.
func TestStopIsNotHeldUpByRecords(t *testing.T) {
	t.Parallel()
	f := setup(t, newReceiver(t, false, ok).URL, nil)
	f.recordsFail("1000000")
	f.waits(1)
	stop, stopped := make(chan struct{}), time.Time{}
	go func() {
		await.True(t, "a record has failed", func() bool { return f.rows(`FROM tries WHERE is_called`) == 1 })
		stopped = time.Now()
		close(stop)
	}()
	f.drainOnce(stop)
	if took := time.Since(stopped); took > (recordPatience+recordGrace)/2 {
		t.Errorf("the stop took %s", took)
	}
	f.wantRows(1, `FROM webhook_deliveries WHERE status = 'pending' AND claimed_by IS NOT NULL`) // it is sent again once the claim has run out
}

// TestAStopLosesNoRecord: what has ended goes on record also when Postgres comes back only after the stop.
func TestAStopLosesNoRecord(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, false, ok)
	f := setup(t, r.URL, nil)
	f.recordsFail("3")
	f.waits(1)
	stop := make(chan struct{})
	go func() {
		await.True(t, "a record has failed", func() bool { return f.rows(`FROM tries WHERE is_called`) == 1 })
		close(stop)
	}()
	f.drainOnce(stop)
	f.wantRows(1, delivered)
	f.wantRows(1, `FROM webhook_attempts`)
	if r.got() != 1 {
		t.Errorf("%d requests", r.got())
	}
}
