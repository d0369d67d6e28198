package postgres_test

import (
	"testing"

	"holdfast/internal/booking"
)

// TestADeadlockIsTriedAgain makes Postgres roll back the first tries of a transaction, with its batches, and looks at what
// is on record then.
func TestADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"40P01", "40001"} {
		b := setup(t)
		e := b.endpoint("", "")
		b.exec(`CREATE SEQUENCE tries`) // counts also what is rolled back
		b.exec(`CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('tries') < 3 THEN RAISE EXCEPTION USING ERRCODE = '` + code + `'; END IF; RETURN NULL; END $$`)
		b.exec(`CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON actions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lose()`)
		v := b.at("instant", 9, 10)
		first := b.create(v) // fails at its COMMIT, twice
		wantEqual(t, "tries of a creation", b.count(`SELECT last_value::int FROM tries`), 3)
		b.exec(`SELECT setval('tries', 1, false)`)
		b.exec(`CREATE TRIGGER lose AFTER INSERT ON transitions FOR EACH ROW EXECUTE FUNCTION lose()`)
		out, err := b.Commit(b.ctx, commit(v, first))
		check(t, err)
		wantEqual(t, "outcome", out.Result, booking.ResultApplied)
		wantSame(t, "woken once", out.Wake, sorted(e.ID))
		wantEqual(t, "tries of a commit", b.count(`SELECT last_value::int FROM tries`), 3)
		b.wantCount(1, `SELECT count(*) FROM webhook_deliveries`)
		b.sound()
	}
}
