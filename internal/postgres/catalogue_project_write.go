package postgres

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

// CreateProject adds a project. A repeat with the same id changes nothing; NotFound when the id is another app's,
// AlreadyExists when the slug is taken, Invalid when what it is made of does not exist.
func (db *Catalogue) CreateProject(ctx context.Context, p *catalogue.Project) error {
	const q = `
		INSERT INTO projects (id, app_id, name, slug, availability, availability_constraints, booking, customer_fields, ui, reminders, meta,
			policy, assign, requires, price, payment_policy)
		VALUES (@id, @app, @name, @slug, COALESCE(@availability::jsonb, '{}'), COALESCE(@constraints::jsonb, '[]'),
			COALESCE(@booking::jsonb, '{}'), COALESCE(@fields::jsonb, '{}'), COALESCE(@ui::jsonb, '{}'),
			COALESCE(@reminders::jsonb, '[]'), COALESCE(@meta::jsonb, '{}'), @policy, @assign, @requires::jsonb, @price, @payment_policy)
		ON CONFLICT ON CONSTRAINT projects_pkey DO UPDATE SET id = excluded.id
		WHERE projects.app_id = excluded.app_id RETURNING xmax = 0`
	return db.inTx(ctx, func(tx pgx.Tx) error {
		var fresh bool
		if err := tx.QueryRow(ctx, q, projectArgs(p)).Scan(&fresh); err != nil {
			return orNotFound(err, "The project")
		}
		if !fresh {
			return nil
		}
		return replaceLinks(ctx, tx, p)
	})
}

// UpdateProject writes what p names: an empty text and nil stay as they are on record. NotFound when the app has no such
// project, AlreadyExists when the slug is taken, Invalid when what it is made of does not exist.
func (db *Catalogue) UpdateProject(ctx context.Context, p *catalogue.Project) error {
	const q = `
		UPDATE projects SET name = COALESCE(NULLIF(@name, ''), name), slug = COALESCE(NULLIF(@slug, ''), slug),
			availability = COALESCE(@availability, availability),
			availability_constraints = COALESCE(@constraints, availability_constraints),
			booking = COALESCE(@booking, booking), customer_fields = COALESCE(@fields, customer_fields), ui = COALESCE(@ui, ui),
			reminders = COALESCE(@reminders, reminders), meta = COALESCE(@meta, meta), policy = COALESCE(@policy, policy),
			assign = COALESCE(@assign, assign),
			price = COALESCE(@price, price), payment_policy = COALESCE(@payment_policy, payment_policy),
			requires = CASE WHEN @lifts THEN NULL ELSE COALESCE(@requires::jsonb, requires) END, updated_at = now()
		WHERE id = @id AND app_id = @app RETURNING id`
	return db.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, q, projectArgs(p)).Scan(&p.ID); err != nil {
			return orNotFound(err, "The project")
		}
		return replaceLinks(ctx, tx, p)
	})
}

func projectArgs(p *catalogue.Project) namedArgs {
	lifts := p.Requires != nil && len(p.Requires.AllOf) == 0
	wanted := p.Requires
	if lifts {
		wanted = nil
	}
	return namedArgs{
		"requires": nullJSON(wanted), "lifts": lifts,
		"id": p.ID, "app": p.AppID, "name": p.Name, "slug": p.Slug, "availability": orNull(p.Availability),
		"constraints": orNull(p.Constraints), "booking": orNull(p.Booking), "fields": orNull(p.CustomerFields), "ui": orNull(p.UI),
		"reminders": orNull(p.Reminders), "meta": orNull(p.Meta), "policy": nullJSON(p.Policy), "assign": nullJSON(p.Assign),
		"price": nullJSON(p.Price), "payment_policy": nullJSON(p.PaymentPolicy),
	}
}

// orNull is for columns that keep their value when none is given.
func orNull(raw json.RawMessage) *string {
	if raw == nil {
		return nil
	}
	text := string(raw)
	return &text
}

// nullJSON is a value as JSON; nil for a nil pointer.
func nullJSON[T any](value *T) *string {
	if value == nil {
		return nil
	}
	text := asJSON(value)
	return &text
}

// replaceLinks replaces the lists of a project that are not nil. What is gone or another app's is Invalid, and so is not tied.
func replaceLinks(ctx context.Context, tx pgx.Tx, p *catalogue.Project) error {
	const resources = `
		INSERT INTO project_resources (project_id, resource_id, position)
		SELECT @id, r.id, wanted.position FROM unnest(@wanted::uuid[]) WITH ORDINALITY wanted (id, position)
		JOIN resources r ON r.id = wanted.id AND r.app_id = @app AND r.deleted_at IS NULL`
	const locations = `
		INSERT INTO project_locations (project_id, location_id)
		SELECT @id, l.id FROM locations l WHERE l.app_id = @app AND l.id = ANY(@wanted::uuid[])`
	const services = `
		INSERT INTO project_services (project_id, service_id)
		SELECT @id, s.id FROM services s WHERE s.app_id = @app AND s.id = ANY(@wanted::uuid[])`
	for _, list := range []struct {
		field, empty, fill string
		wanted             []uuid.UUID
	}{
		{"resources", `DELETE FROM project_resources WHERE project_id = @id`, resources, p.Resources},
		{"locations", `DELETE FROM project_locations WHERE project_id = @id`, locations, p.Locations},
		{"services", `DELETE FROM project_services WHERE project_id = @id`, services, p.Services},
	} {
		if list.wanted == nil {
			continue
		}
		args := namedArgs{"id": p.ID, "app": p.AppID, "wanted": list.wanted}
		if _, err := tx.Exec(ctx, list.empty, args); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, list.fill, args)
		if err != nil {
			return mapConstraint(err)
		}
		if int(tag.RowsAffected()) != len(list.wanted) {
			return fault.Problems{list.field: {"does not exist"}}.Err()
		}
	}
	return nil
}

// MissingReferences returns which of a project's resources, locations and services its app does not have, by field.
func (db *Catalogue) MissingReferences(ctx context.Context, p *catalogue.Project) (map[string][]uuid.UUID, error) {
	const q = `
		SELECT 'resources', w FROM unnest(@resources::uuid[]) w
			WHERE NOT EXISTS (SELECT FROM resources r WHERE r.id = w AND r.app_id = @app AND r.deleted_at IS NULL)
		UNION ALL SELECT 'locations', w FROM unnest(@locations::uuid[]) w
			WHERE NOT EXISTS (SELECT FROM locations l WHERE l.id = w AND l.app_id = @app)
		UNION ALL SELECT 'services', w FROM unnest(@services::uuid[]) w
			WHERE NOT EXISTS (SELECT FROM services s WHERE s.id = w AND s.app_id = @app)`
	rows, err := db.pool.Query(ctx, q, namedArgs{
		"app": p.AppID, "resources": p.Resources, "locations": p.Locations, "services": p.Services,
	})
	return byField(rows, err)
}

// byField collects rows of a field's name and an id.
func byField(rows pgx.Rows, err error) (map[string][]uuid.UUID, error) {
	if err != nil {
		return nil, err
	}
	ids := map[string][]uuid.UUID{}
	var field string
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&field, &id}, func() error {
		ids[field] = append(ids[field], id)
		return nil
	})
	return ids, err
}

// DeleteProject removes a project; its bookings stay, with the scheduling requests that they answer. Requests for which no
// time is picked go with it. NotFound when the app has no such project.
func (db *Catalogue) DeleteProject(ctx context.Context, appID, id uuid.UUID) error {
	const open = `
		DELETE FROM scheduling_requests q WHERE q.project_id = @id AND q.app_id = @app
		AND NOT EXISTS (SELECT FROM bookings b WHERE b.request_id = q.id)`
	const q = `DELETE FROM projects WHERE id = @id AND app_id = @app RETURNING id`
	args := namedArgs{"id": id, "app": appID}
	return db.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, open, args); err != nil {
			return err
		}
		return orNotFound(tx.QueryRow(ctx, q, args).Scan(&id), "The project")
	})
}
