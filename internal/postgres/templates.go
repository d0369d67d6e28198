package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

const templateColumns = `kind, recipient, language, subject, heading, lead, closing, updated_at`

func scanTemplate(row pgx.CollectableRow) (t tenant.MailTemplate, err error) {
	err = row.Scan(&t.Kind, &t.To, &t.Language, &t.Subject, &t.Heading, &t.Lead, &t.Closing, &t.UpdatedAt)
	return t, err
}

// MailTemplates returns the templates of an app, by kind, receiver and language.
func (db *Templates) MailTemplates(ctx context.Context, appID uuid.UUID) ([]tenant.MailTemplate, error) {
	const q = `SELECT ` + templateColumns + ` FROM mail_templates WHERE app_id = @app ORDER BY kind, recipient, language`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanTemplate)
}

// MailTemplate returns the template of a mail; nil when the app has none.
func (db *Templates) MailTemplate(ctx context.Context, appID uuid.UUID, of tenant.MailSlot) (*tenant.MailTemplate, error) {
	const q = `SELECT ` + templateColumns + ` FROM mail_templates
		WHERE app_id = @app AND kind = @kind AND recipient = @to AND language = @language`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID, "kind": of.Kind, "to": of.To, "language": of.Language})
	if err != nil {
		return nil, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTemplate)
	if fault.CodeOf(orNotFound(err, "")) == fault.NotFound {
		return nil, nil //nolint:nilnil // there is none, and that is no fault
	}
	return &t, err
}

// SetMailTemplate changes the template of a mail, and makes one where the app has none.
func (db *Templates) SetMailTemplate(
	ctx context.Context, appID uuid.UUID, of tenant.MailSlot, c tenant.MailChange,
) (*tenant.MailTemplate, error) {
	const q = `
		INSERT INTO mail_templates AS t (app_id, kind, recipient, language, subject, heading, lead, closing)
		VALUES (@app, @kind, @to, @language, COALESCE(@subject, ''), COALESCE(@heading, ''), COALESCE(@lead, ''), COALESCE(@closing, ''))
		ON CONFLICT ON CONSTRAINT mail_templates_pkey DO UPDATE SET subject = COALESCE(@subject, t.subject),
			heading = COALESCE(@heading, t.heading), lead = COALESCE(@lead, t.lead), closing = COALESCE(@closing, t.closing), updated_at = now()
		RETURNING ` + templateColumns
	rows, err := db.pool.Query(ctx, q, namedArgs{
		"app": appID, "kind": of.Kind, "to": of.To, "language": of.Language,
		"subject": c.Subject, "heading": c.Heading, "lead": c.Lead, "closing": c.Closing,
	})
	if err != nil {
		return nil, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTemplate)
	return &t, err
}

// DeleteMailTemplate has a mail say the built-in texts again. One that the app does not have is no fault.
func (db *Templates) DeleteMailTemplate(ctx context.Context, appID uuid.UUID, of tenant.MailSlot) error {
	const q = `DELETE FROM mail_templates WHERE app_id = @app AND kind = @kind AND recipient = @to AND language = @language`
	_, err := db.pool.Exec(ctx, q, namedArgs{"app": appID, "kind": of.Kind, "to": of.To, "language": of.Language})
	return err
}
