package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/payment"
)

const accountColumns = `a.id, a.app_id, a.name, a.provider, a.sealed, a.is_default, a.closed_at, a.created_at, a.updated_at`

func scanAccount(row pgx.Row) (*payment.Account, error) {
	var a payment.Account
	err := row.Scan(&a.ID, &a.AppID, &a.Name, &a.Provider, &a.Sealed, &a.Default, &a.ClosedAt, &a.CreatedAt, &a.UpdatedAt)
	return &a, err
}

// CreateAccount puts an account at a provider on record. The first one of an app is its default. Conflict when the app has one of that
// name.
func (db *Payments) CreateAccount(ctx context.Context, a *payment.Account) (created *payment.Account, err error) {
	const undefault = `UPDATE payment_accounts SET is_default = false WHERE app_id = @app AND is_default AND @default`
	const q = `
		INSERT INTO payment_accounts AS a (id, app_id, name, provider, sealed, is_default)
		SELECT @id, @app, @name, @provider, @sealed, @default OR NOT EXISTS (SELECT FROM payment_accounts WHERE app_id = @app)
		RETURNING ` + accountColumns
	args := namedArgs{
		"id": a.ID, "app": a.AppID, "name": a.Name, "provider": a.Provider, "sealed": a.Sealed, "default": a.Default,
	}
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, undefault, namedArgs{"app": a.AppID, "default": a.Default}); err != nil {
			return err
		}
		created, err = scanAccount(tx.QueryRow(ctx, q, args))
		return err
	})
	return created, mapConstraint(err)
}

// ChangeAccount changes the settings of an account, what is default, and whether it is closed. NotFound when the app has none of that id.
// Settings that are nil stay.
func (db *Payments) ChangeAccount(ctx context.Context, a *payment.Account) (changed *payment.Account, err error) {
	const undefault = `UPDATE payment_accounts SET is_default = false WHERE app_id = @app AND is_default AND @default AND id <> @id`
	const q = `
		UPDATE payment_accounts a SET sealed = COALESCE(@sealed, a.sealed), is_default = @default, closed_at = @closed, updated_at = now()
		WHERE a.id = @id AND a.app_id = @app RETURNING ` + accountColumns
	err = db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, undefault, namedArgs{"app": a.AppID, "default": a.Default, "id": a.ID}); err != nil {
			return err
		}
		changed, err = scanAccount(tx.QueryRow(ctx, q, namedArgs{
			"id": a.ID, "app": a.AppID, "sealed": a.Sealed, "default": a.Default, "closed": a.ClosedAt,
		}))
		return orNotFound(err, "The payment account")
	})
	return changed, err
}

// Accounts returns the accounts of an app, the oldest first.
func (db *Payments) Accounts(ctx context.Context, appID uuid.UUID) ([]*payment.Account, error) {
	const q = `SELECT ` + accountColumns + ` FROM payment_accounts a WHERE a.app_id = @app ORDER BY a.created_at, a.id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*payment.Account, error) { return scanAccount(row) })
}

// Account returns an app's account; NotFound when it has none of that id.
func (db *Payments) Account(ctx context.Context, appID, id uuid.UUID) (*payment.Account, error) {
	const q = `SELECT ` + accountColumns + ` FROM payment_accounts a WHERE a.id = @id AND a.app_id = @app`
	a, err := scanAccount(db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}))
	return a, orNotFound(err, "The payment account")
}

// AccountFor returns the open account of an app that takes the money of bookings that name it; without a name the default one. NotFound
// when there is none.
func (db *Payments) AccountFor(ctx context.Context, appID uuid.UUID, name string) (*payment.Account, error) {
	const q = `
		SELECT ` + accountColumns + ` FROM payment_accounts a
		WHERE a.app_id = @app AND a.closed_at IS NULL AND (a.name = @name OR @name = '' AND a.is_default)`
	a, err := scanAccount(db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "name": name}))
	return a, orNotFound(err, "The payment account")
}

// AccountsOf returns the accounts at a provider of the app with a slug, closed ones too: their payments go on. NotFound when there are
// none.
func (db *Payments) AccountsOf(ctx context.Context, slug, provider string) ([]*payment.Account, error) {
	const q = `
		SELECT ` + accountColumns + ` FROM payment_accounts a JOIN apps ON apps.id = a.app_id
		WHERE apps.slug = @slug AND a.provider = @provider ORDER BY a.created_at, a.id`
	rows, err := db.pool.Query(ctx, q, namedArgs{"slug": slug, "provider": provider})
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*payment.Account, error) { return scanAccount(row) })
	if err == nil && len(all) == 0 {
		err = fault.Errorf(fault.NotFound, "The payment account does not exist.")
	}
	return all, err
}
