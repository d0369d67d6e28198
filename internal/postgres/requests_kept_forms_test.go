package postgres_test

import (
	"testing"
	"time"
)

// TestKeptForms are there for their app while they last, one per id, and go when they expire or their app goes.
func TestKeptForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	second := b.newApp("second")
	id, other := newID(), newID()
	kept := func() string { return string(must(b.KeptForm(b.ctx, b.app.ID, id))) }
	wantEqual(t, "before", kept(), "")
	check(t, b.KeepForm(b.ctx, b.app.ID, id, []byte("one"), time.Hour))
	check(t, b.KeepForm(b.ctx, b.app.ID, id, []byte("two"), time.Hour))
	wantEqual(t, "kept", kept(), "two")
	b.wantCount(1, `SELECT count(*) FROM kept_forms WHERE expires_at BETWEEN now() + interval '59 minutes' AND now() + interval '1 hour'`)

	check(t, b.KeepForm(b.ctx, second.ID, id, []byte("theirs"), time.Hour))
	wantEqual(t, "after another app's", kept(), "two")
	wantEqual(t, "of another app", string(must(b.KeptForm(b.ctx, second.ID, id))), "")
	check(t, b.DropForm(b.ctx, second.ID, id))
	wantEqual(t, "after another app's drop", kept(), "two")

	check(t, b.KeepForm(b.ctx, b.app.ID, id, []byte("late"), -time.Second))
	wantEqual(t, "expired", kept(), "")
	b.wantCount(1, `SELECT count(*) FROM kept_forms`)
	check(t, b.KeepForm(b.ctx, second.ID, other, []byte("theirs"), time.Hour)) // sweeps the expired one along
	b.wantCount(1, `SELECT count(*) FROM kept_forms`)
	check(t, b.KeepForm(b.ctx, b.app.ID, id, []byte("late"), -time.Second))
	wantEqual(t, "cleaned", b.cleaned("kept_forms", forever), 1)
	check(t, b.DropForm(b.ctx, b.app.ID, id))
	check(t, b.DeleteApp(b.ctx, second.ID))
	b.wantCount(0, `SELECT count(*) FROM kept_forms`)
}
