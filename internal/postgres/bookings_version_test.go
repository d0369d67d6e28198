package postgres_test

import (
	"testing"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
)

// TestAnActionForAnotherVersionIsRefused: If-Match holds in the transaction, whoever came in between.
func TestAnActionForAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	a := action(v, "cancel")
	a.Revision = b.known(v).Revision
	must(b.InsertAction(b.ctx, a, ""))
	if err := b.SetMeta(b.ctx, v.AppID, v.ID, []byte(`{"a": 1}`), 0); err != nil {
		t.Fatal(err)
	}
	out := must(b.Commit(b.ctx, commit(b.known(v), a)))
	wantEqual(t, "result", out.Result, booking.ResultRefused)
	wantCode(t, must(b.Action(b.ctx, a.ID)).Err(), fault.Stale)
	again := action(v, "cancel")
	again.Revision = b.known(v).Revision
	must(b.InsertAction(b.ctx, again, ""))
	out = must(b.Commit(b.ctx, commit(b.known(v), again)))
	wantEqual(t, "result", out.Result, booking.ResultApplied)
}
