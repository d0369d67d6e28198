package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/postgres"
)

func TestOperations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begin := func(key, request string) (*postgres.Operation, error) {
		return b.BeginOperation(b.ctx, b.app.ID, key, []byte(request), newID(), lease)
	}
	mine := newID()
	op := must(b.BeginOperation(b.ctx, b.app.ID, "key", []byte("print"), mine, lease))
	wantEqual(t, "id", op.ID, mine)
	wantEqual(t, "status", op.Status, 0)

	_, err := begin("key", "print")
	wantCode(t, err, fault.KeyInFlight)
	_, err = begin("key", "another print")
	wantCode(t, err, fault.KeyReused)
	check(t, b.EndOperation(b.ctx, b.app.ID, "key", postgres.Operation{
		Status: 201, Headers: json.RawMessage(`{"ETag": "1"}`), Body: []byte{0, 0xff, 'x'},
	}))
	for range 2 {
		op = must(begin("key", "print"))
		wantEqual(t, "id", op.ID, mine)
		wantEqual(t, "answer", string(op.Headers)+string(op.Body), "{\"ETag\": \"1\"}\x00\xffx")
		wantEqual(t, "status", op.Status, 201)
	}
	_, err = begin("key", "another print")
	wantCode(t, err, fault.KeyReused)

	other := b.newApp("other")
	op = must(b.BeginOperation(b.ctx, other.ID, "key", []byte("another print"), newID(), lease))
	wantEqual(t, "another app's", op.Status, 0)
	op = must(b.BeginOperation(b.ctx, uuid.Nil, "key", []byte("the admin's"), newID(), lease))
	wantEqual(t, "the admin's", op.Status, 0)
}

func TestOperationGoesOnUnderItsID(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*bundle){
		"after a crash": func(b *bundle) { b.exec(`UPDATE idempotency_keys SET locked_until = now()`) },
		"after an answer that is not final": func(b *bundle) {
			check(b.t, b.EndOperation(b.ctx, b.app.ID, "key", postgres.Operation{}))
		},
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			mine := newID()
			must(b.BeginOperation(b.ctx, b.app.ID, "key", []byte("print"), mine, lease))
			end(b)
			_, err := b.BeginOperation(b.ctx, b.app.ID, "key", []byte("another print"), newID(), lease)
			wantCode(t, err, fault.KeyReused)
			op := must(b.BeginOperation(b.ctx, b.app.ID, "key", []byte("print"), newID(), lease))
			wantEqual(t, "id", op.ID, mine)
			wantEqual(t, "status", op.Status, 0)
			_, err = b.BeginOperation(b.ctx, b.app.ID, "key", []byte("print"), newID(), lease)
			wantCode(t, err, fault.KeyInFlight)
		})
	}
}

func TestOperationBeginsOnce(t *testing.T) {
	t.Parallel()
	for name, expired := range map[string]bool{"new": false, "expired": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if expired {
				must(b.BeginOperation(b.ctx, b.app.ID, "key", []byte("print"), newID(), -time.Second))
			}
			errs := make([]error, 50)
			together(len(errs), func(i int) {
				_, errs[i] = b.BeginOperation(b.ctx, b.app.ID, "key", []byte("print"), newID(), lease)
			})
			began := 0
			for _, err := range errs {
				if err == nil {
					began++
					continue
				}
				wantCode(t, err, fault.KeyInFlight)
			}
			wantEqual(t, "began", began, 1)
		})
	}
}

func TestOperationsAreForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, key := range []string{"old", "young"} {
		must(b.BeginOperation(b.ctx, b.app.ID, key, []byte("print"), newID(), lease))
	}
	b.exec(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'`)
	wantEqual(t, "deleted", b.cleaned("idempotency_keys", postgres.Retention{Operations: 24 * time.Hour}), 1)
	wantSame(t, "left", column[string](b, `SELECT key FROM idempotency_keys`), []string{"young"})
}
