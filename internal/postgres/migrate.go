package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"holdfast/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

func (db *DB) migrator() (*goose.Provider, func(), error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // look every second, for five minutes
	if err != nil {
		return nil, nil, err
	}
	config := db.pool.Config().ConnConfig.Copy()
	config.RuntimeParams["statement_timeout"] = "0" // a large table takes its time to be rewritten
	sqlDB := stdlib.OpenDB(*config)
	provider, err := goose.NewProvider(goose.DialectPostgres, sqlDB, files, goose.WithSessionLocker(locker))
	if err != nil {
		_ = sqlDB.Close()
		return nil, nil, err
	}
	return provider, func() { _ = sqlDB.Close() }, nil
}

// Migrate applies every migration that is missing and says how many that were. Several callers at once are safe: one
// does the work, the others wait for it.
func (db *DB) Migrate(ctx context.Context) (int, error) {
	provider, done, err := db.migrator()
	if err != nil {
		return 0, err
	}
	defer done()
	results, err := provider.Up(ctx)
	if err != nil {
		return len(results), fmt.Errorf("migrate: %w", err)
	}
	return len(results), db.catchUp(ctx)
}

// catchUp brings changes into the past that a dump has brought from another server, where transactions had higher numbers:
// here their turn would come late, or never. All of that app's changes then stand in the order of their ids, which are made
// as time goes by; moving some of them only would put new ones behind readers that have not seen them.
func (db *DB) catchUp(ctx context.Context) error {
	// Rows of lists go to their beginning: who reads on from a cursor of the other server begins anew before its last row's time.
	const rows = `
		DO $$ DECLARE name text; BEGIN
			FOREACH name IN ARRAY ARRAY['bookings', 'resources', 'projects', 'services', 'locations', 'calendars', 'resource_credentials',
				'public_links', 'calendar_events', 'payments'] LOOP
				EXECUTE format('UPDATE %I SET changed_by = ''3'' WHERE changed_by >= pg_snapshot_xmax(pg_current_snapshot())', name);
			END LOOP;
		END $$`
	const q = `
		UPDATE events SET written_by = '3' WHERE app_id IN (SELECT a.id FROM apps a WHERE EXISTS (
			SELECT FROM events e WHERE e.app_id = a.id AND e.written_by >= pg_snapshot_xmax(pg_current_snapshot())))`
	return db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, q); err != nil {
			return fmt.Errorf("put restored changes in their place: %w", err)
		}
		if _, err := tx.Exec(ctx, rows); err != nil {
			return fmt.Errorf("put restored rows in their place: %w", err)
		}
		return nil
	})
}

// CheckMigrated refuses a database that lacks a migration this build needs.
func (db *DB) CheckMigrated(ctx context.Context) error {
	provider, done, err := db.migrator()
	if err != nil {
		return err
	}
	defer done()
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("look for pending migrations: %w", err)
	}
	if pending {
		return fault.Errorf(fault.Unavailable, "The database lacks migrations of this build: run \"holdfast migrate\" first.")
	}
	return nil
}
