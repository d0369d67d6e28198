package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

const publicLinkColumns = `l.id, l.app_id, l.project_id, l.code, l.title, l.description, l.duration_minutes, l.horizon_days,
	l.questions, l.require_claim_token, l.enabled, l.created_at, l.updated_at`

func publicLink(rows pgx.Rows, err error) (*catalogue.PublicLink, error) {
	if err != nil {
		return nil, err
	}
	l, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[catalogue.PublicLink])
	return l, orNotFound(err, "The public link")
}

// CreatePublicLink puts a link on record. A repeat with the same id changes nothing; NotFound when the id is another
// app's, or the project is.
func (db *Catalogue) CreatePublicLink(ctx context.Context, l *catalogue.PublicLink) (*catalogue.PublicLink, error) {
	const q = `
		INSERT INTO public_links AS l (id, app_id, project_id, code, title, description, duration_minutes, horizon_days, questions,
			require_claim_token, enabled)
		SELECT @id, @app, p.id, @code, @title, @description, @duration, @horizon, @questions, @claim, @enabled
		FROM projects p WHERE p.id = @project AND p.app_id = @app
		ON CONFLICT ON CONSTRAINT public_links_pkey DO UPDATE SET id = excluded.id
		WHERE l.app_id = excluded.app_id RETURNING ` + publicLinkColumns
	return publicLink(db.pool.Query(ctx, q, publicLinkArgs(l)))
}

// UpdatePublicLink writes all of a link but its code; NotFound when the app has no such link or project.
func (db *Catalogue) UpdatePublicLink(ctx context.Context, l *catalogue.PublicLink) (*catalogue.PublicLink, error) {
	const q = `
		UPDATE public_links l SET project_id = p.id, title = @title, description = @description, duration_minutes = @duration,
			horizon_days = @horizon, questions = @questions, require_claim_token = @claim, enabled = @enabled, updated_at = now()
		FROM projects p
		WHERE l.id = @id AND l.app_id = @app AND p.id = @project AND p.app_id = @app RETURNING ` + publicLinkColumns
	return publicLink(db.pool.Query(ctx, q, publicLinkArgs(l)))
}

func publicLinkArgs(l *catalogue.PublicLink) namedArgs {
	return namedArgs{
		"id": l.ID, "app": l.AppID, "project": l.ProjectID, "code": l.Code, "title": l.Title, "description": l.Description,
		"duration": l.DurationMinutes, "horizon": l.HorizonDays, "questions": asJSON(list(l.Questions)), "claim": l.RequireClaimToken,
		"enabled": l.Enabled,
	}
}

// PublicLink returns a link of an app, or NotFound.
func (db *Catalogue) PublicLink(ctx context.Context, appID, id uuid.UUID) (*catalogue.PublicLink, error) {
	const q = `SELECT ` + publicLinkColumns + ` FROM public_links l WHERE l.id = @id AND l.app_id = @app`
	return publicLink(db.pool.Query(ctx, q, namedArgs{"id": id, "app": appID}))
}

// LinkToTimes returns the oldest link of an app where anybody can choose a time of a project; NotFound when there is none.
func (db *Catalogue) LinkToTimes(ctx context.Context, appID, project uuid.UUID) (*catalogue.PublicLink, error) {
	const q = `SELECT ` + publicLinkColumns + ` FROM public_links l
		WHERE l.app_id = @app AND l.project_id = @project AND l.enabled AND NOT l.require_claim_token ORDER BY l.created_at, l.id LIMIT 1`
	return publicLink(db.pool.Query(ctx, q, namedArgs{"app": appID, "project": project}))
}

// PublicLinks returns one page of an app's links, the oldest first, and what is known of the others.
func (db *Catalogue) PublicLinks(ctx context.Context, appID uuid.UUID, page Page) ([]*catalogue.PublicLink, Found, error) {
	return listRows(ctx, db.store, listing[catalogue.PublicLink]{
		columns: publicLinkColumns, table: "public_links", alias: "l",
		where: `l.app_id = @app`, order: "l.created_at", changed: "l.updated_at", scan: structs[catalogue.PublicLink],
	}, page, namedArgs{"app": appID})
}

// DeletePublicLink removes a link; what was booked through it stays. NotFound when the app has no such link.
func (db *Catalogue) DeletePublicLink(ctx context.Context, appID, id uuid.UUID) error {
	const q = `DELETE FROM public_links WHERE id = @id AND app_id = @app RETURNING id`
	return orNotFound(db.pool.QueryRow(ctx, q, namedArgs{"id": id, "app": appID}).Scan(&id), "The public link")
}

// OpenPublicLink finds a link by the code in its address, with its app; PublicLinkNotFound, or PublicLinkDisabled with the
// link all the same.
func (db *Catalogue) OpenPublicLink(ctx context.Context, code string) (*catalogue.PublicLink, *tenant.App, error) {
	const q = `SELECT ` + appColumns + `, ` + publicLinkColumns + ` FROM public_links l JOIN apps a ON a.id = l.app_id WHERE l.code = @code`
	var l catalogue.PublicLink
	fields := []any{
		&l.ID, &l.AppID, &l.ProjectID, &l.Code, &l.Title, &l.Description, &l.DurationMinutes, &l.HorizonDays, &l.Questions,
		&l.RequireClaimToken, &l.Enabled, &l.CreatedAt, &l.UpdatedAt,
	}
	app, err := scanApp(withExtra{db.pool.QueryRow(ctx, q, namedArgs{"code": code}), fields})
	switch {
	case fault.CodeOf(orNotFound(err, "")) == fault.NotFound:
		return nil, nil, fault.Errorf(fault.PublicLinkNotFound, "This link does not exist.")
	case err != nil:
		return nil, nil, err
	}
	if err := db.loadGraphs(ctx, app); err != nil {
		return nil, nil, err
	}
	if !l.Enabled {
		return &l, app, fault.Errorf(fault.PublicLinkDisabled, "This link is not in use any more.")
	}
	return &l, app, nil
}
