package postgres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/graphs"
	"holdfast/internal/fault"
	"holdfast/internal/pgtest"
	"holdfast/internal/postgres"
)

// sqlWords do not belong into what a caller may read.
var sqlWords = regexp.MustCompile(`(?i)sqlstate|select|insert|update |delete from|constraint|relation|column|pgx|_key\b|_pkey|duplicate`)

func wantPublic(t *testing.T, err error, code fault.Code) {
	t.Helper()
	wantCode(t, err, code)
	if err != nil && sqlWords.MatchString(err.Error()) {
		t.Errorf("the public text tells of the database: %s", err)
	}
}

func TestErrorsAreForCallers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	twin := *b.app
	twin.ID = newID()
	wantPublic(t, b.CreateApp(b.ctx, &twin, newKeyOf(&twin)), fault.AlreadyExists)
	_, err := b.CreateBooking(b.ctx, b.at("instant", 9, 10), action(b.at("instant", 9, 10), "confirm"), takesSlot)
	wantPublic(t, err, fault.SlotTaken)
	must(b.byLink(v, "cancel", "link"))
	_, err = b.byLink(v, "cancel", "link")
	wantPublic(t, err, fault.LinkUsed)
	wantPublic(t, b.DeleteBooking(b.ctx, b.app.ID, v.ID), fault.NotFinal)
	wantPublic(t, b.DeleteResource(b.ctx, b.app.ID, b.resource.ID), fault.InUse)
	wantPublic(t, b.SetMeta(b.ctx, b.app.ID, v.ID, nil, 99), fault.Stale)
	_, err = b.Booking(b.ctx, b.app.ID, newID())
	wantPublic(t, err, fault.NotFound)
}

// TestAway tells faults that pass from those that do not.
func TestAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, refused := postgres.Open(t.Context(), "postgres://127.0.0.1:1/x?sslmode=disable", 2)
	_, killed := b.look.Exec(t.Context(), `SELECT pg_terminate_backend(pg_backend_pid())`)
	_, rule := b.look.Exec(t.Context(), `SELECT 1/0`)
	_, unknown := b.App(t.Context(), newID())
	for _, c := range []struct {
		name string
		err  error
		away bool
	}{
		{"no server", refused, true},
		{"connection killed", killed, true},
		{"a full server", &pgconn.PgError{Code: "53300"}, true},
		{"a server that starts", &pgconn.PgError{Code: "57P03"}, true},
		{"a statement that takes too long", &pgconn.PgError{Code: "57014"}, true},
		{"a lock that somebody else keeps", &pgconn.PgError{Code: "55P03"}, true},
		{"a deadlock, again and again", &pgconn.PgError{Code: "40P01"}, true},
		{"a serialization failure", fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: "40001"}), true},
		{"a broken rule", rule, false},
		{"a domain error", unknown, false},
		{"an error without a class", &pgconn.PgError{Code: "5"}, false},
		{"nothing", nil, false},
	} {
		if got := postgres.IsUnavailable(c.err); got != c.away {
			t.Errorf("%s (%v): %v", c.name, c.err, got)
		}
	}
}

// TestFaultsHaveNoCode: what a caller can do nothing about is not dressed up as a domain error.
func TestFaultsHaveNoCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.booked(b.at("instant", 9, 10))
	backwards := b.at("instant", 10, 9)
	_, err := b.CreateBooking(b.ctx, backwards, action(backwards, "confirm"), graphs.Move{})
	faults := map[string]error{
		"times that end before they start": err,
	}
	wantCode(t, b.SetMeta(b.ctx, b.app.ID, v.ID, json.RawMessage(`{`), 0), fault.Malformed)
	empty := open(t, pgtest.Empty(t))
	_, faults["no tables"] = empty.App(t.Context(), newID())
	empty.Close()
	_, faults["closed"] = empty.App(t.Context(), newID())
	for name, err := range faults {
		if _, ok := errors.AsType[*fault.Error](err); err == nil || ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok := errors.AsType[*pgconn.PgError](faults["no tables"]); !ok {
		t.Errorf("the cause is lost: %v", faults["no tables"])
	}
}
