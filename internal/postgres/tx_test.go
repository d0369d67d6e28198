package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestRetried counts the tries of transactions that fail in each way.
func TestRetried(t *testing.T) {
	t.Parallel()
	fault := func(code string) error { return fmt.Errorf("commit: %w", &pgconn.PgError{Code: code}) }
	for _, c := range []struct {
		name   string
		faults []error // of the first tries; the next one succeeds
		tries  int
		ok     bool
	}{
		{"success", nil, 1, true},
		{"a deadlock", []error{fault("40P01")}, 2, true},
		{"two serialization failures", []error{fault("40001"), fault("40001")}, 3, true},
		{"three deadlocks", []error{fault("40P01"), fault("40P01"), fault("40P01")}, 3, false},
		{"a lock time-out", []error{fault("55P03")}, 1, false},
		{"a statement's time-out", []error{fault("57014")}, 1, false},
		{"a broken rule", []error{fault("23505")}, 1, false},
		{"an error of ours", []error{errKnown}, 1, false},
	} {
		tries := 0
		err := retried(t.Context(), func() error {
			tries++
			if tries <= len(c.faults) {
				return c.faults[tries-1]
			}
			return nil
		})
		if tries != c.tries || (err == nil) != c.ok {
			t.Errorf("%s: %d tries, %v", c.name, tries, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tries := 0
	err := retried(ended, func() error { tries++; return fault("40P01") })
	if tries != 1 || !rolledBack(err) {
		t.Errorf("after the caller has left: %d tries, %v", tries, err)
	}
	if errors.Is(err, context.Canceled) {
		t.Error("the fault itself is lost")
	}
}
