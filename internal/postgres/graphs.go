package postgres

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// maxGraphVersions is how many versions of graphs an app may publish. All of them are in memory while the app is in use.
const maxGraphVersions = 200

// GraphDraft is a graph of an app's own that is being written. It may have faults.
type GraphDraft struct {
	Name       string
	Definition string // as it was sent
	UpdatedAt  time.Time
}

// SaveGraphDraft writes the draft of a graph and replaces the one before.
func (db *Graphs) SaveGraphDraft(ctx context.Context, appID uuid.UUID, name, definition string) (d GraphDraft, err error) {
	const q = `
		INSERT INTO graph_drafts (app_id, name, definition) VALUES (@app, @name, @definition)
		ON CONFLICT ON CONSTRAINT graph_drafts_pkey DO UPDATE SET definition = excluded.definition, updated_at = now()
		RETURNING name, definition, updated_at`
	err = db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "name": name, "definition": definition}).Scan(&d.Name, &d.Definition, &d.UpdatedAt)
	return d, mapConstraint(err)
}

// GraphDraft returns the draft of a graph, or NotFound.
func (db *Graphs) GraphDraft(ctx context.Context, appID uuid.UUID, name string) (d GraphDraft, err error) {
	const q = `SELECT name, definition, updated_at FROM graph_drafts WHERE app_id = @app AND name = @name`
	err = db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "name": name}).Scan(&d.Name, &d.Definition, &d.UpdatedAt)
	return d, orNotFound(err, "The draft")
}

// GraphDrafts returns an app's drafts, by name.
func (db *Graphs) GraphDrafts(ctx context.Context, appID uuid.UUID) ([]GraphDraft, error) {
	const q = `SELECT name, definition, updated_at FROM graph_drafts WHERE app_id = @app ORDER BY name`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[GraphDraft])
}

// DeleteGraphDraft removes a draft; NotFound when the app has no such draft. Published versions stay.
func (db *Graphs) DeleteGraphDraft(ctx context.Context, appID uuid.UUID, name string) error {
	const q = `DELETE FROM graph_drafts WHERE app_id = @app AND name = @name RETURNING name`
	return orNotFound(db.pool.QueryRow(ctx, q, namedArgs{"app": appID, "name": name}).Scan(&name), "The draft")
}

// GraphVersions returns an app's published versions of graphs, by name and version, and what their bare names stand for.
func (db *Graphs) GraphVersions(ctx context.Context, appID uuid.UUID) ([]tenant.GraphVersion, map[string]tenant.Weights, error) {
	const q = `SELECT name, version, definition, published_at FROM graph_versions WHERE app_id = @app ORDER BY name, version`
	args := namedArgs{"app": appID}
	rows, err := db.pool.Query(ctx, q, args)
	if err != nil {
		return nil, nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[tenant.GraphVersion])
	if err != nil {
		return nil, nil, err
	}
	aliases := map[string]tenant.Weights{}
	rows, err = db.pool.Query(ctx, `SELECT name, weights FROM graph_aliases WHERE app_id = @app`, args)
	if err != nil {
		return nil, nil, err
	}
	var name string
	var weights tenant.Weights
	_, err = pgx.ForEachRow(rows, []any{&name, &weights}, func() error {
		aliases[name], weights = weights, nil
		return nil
	})
	return all, aliases, err
}

// PublishGraph makes a graph the next version of its name, and sets that version in it. A graph whose digest is that of a version is
// that version. The first version is what the bare name stands for. Invalid when the app has too many versions. It locks the app's row
// until the end of its transaction.
func (db *Graphs) PublishGraph(ctx context.Context, appID uuid.UUID, g *graphs.Graph, digest string) error {
	const known = `
		SELECT COALESCE((SELECT version FROM graph_versions WHERE app_id = @app AND name = @name AND digest = @digest), 0),
			COALESCE((SELECT max(version) FROM graph_versions WHERE app_id = @app AND name = @name), 0),
			(SELECT count(*) FROM graph_versions WHERE app_id = @app)`
	const insert = `
		INSERT INTO graph_versions (app_id, name, version, definition, digest) VALUES (@app, @name, @version, @definition, @digest)`
	const alias = `
		INSERT INTO graph_aliases (app_id, name, weights) VALUES (@app, @name, jsonb_build_object(@version::integer::text, 100))
		ON CONFLICT ON CONSTRAINT graph_aliases_pkey DO NOTHING`
	return db.inTx(ctx, func(tx pgx.Tx) error {
		args := namedArgs{"app": appID, "name": g.Name, "digest": digest}
		if _, err := tx.Exec(ctx, lockGraphs, namedArgs{"app": appID}); err != nil {
			return err
		}
		var same, last, count int
		if err := tx.QueryRow(ctx, known, args).Scan(&same, &last, &count); err != nil {
			return err
		}
		if g.Version = same; same > 0 {
			return nil
		}
		if count >= maxGraphVersions {
			return fault.Errorf(fault.Invalid, "The app has %d versions of graphs, which is as many as it may have.", count)
		}
		g.Version, g.Own = last+1, true
		batch := &pgx.Batch{}
		batch.Queue(insert, namedArgs{"app": appID, "name": g.Name, "version": g.Version, "definition": g.Definition(), "digest": digest})
		batch.Queue(alias, namedArgs{"app": appID, "name": g.Name, "version": g.Version})
		batch.Queue(changeGraphs, namedArgs{"app": appID})
		return mapConstraint(tx.SendBatch(ctx, batch).Close())
	})
}

const (
	lockGraphs   = `SELECT FROM apps WHERE id = @app FOR NO KEY UPDATE`
	changeGraphs = `UPDATE apps SET graphs_revision = graphs_revision + 1 WHERE id = @app`
)

// SetGraphAlias says which versions the bare name of a graph stands for from now on. Bookings keep theirs. NotFound when the app has
// published no graph of that name, Invalid when it lacks one of the versions. It locks the app's row until the end of its transaction.
func (db *Graphs) SetGraphAlias(ctx context.Context, appID uuid.UUID, name string, weights tenant.Weights) error {
	const known = `SELECT COALESCE(array_agg(version), '{}') FROM graph_versions WHERE app_id = @app AND name = @name`
	const set = `UPDATE graph_aliases SET weights = @weights WHERE app_id = @app AND name = @name`
	return db.inTx(ctx, func(tx pgx.Tx) error {
		args := namedArgs{"app": appID, "name": name}
		if _, err := tx.Exec(ctx, lockGraphs, namedArgs{"app": appID}); err != nil {
			return err
		}
		var versions []int
		if err := tx.QueryRow(ctx, known, args).Scan(&versions); err != nil {
			return err
		}
		if err := checkWeights(weights, versions); err != nil {
			return err
		}
		batch := &pgx.Batch{}
		batch.Queue(set, namedArgs{"app": appID, "name": name, "weights": asJSON(weights)})
		batch.Queue(changeGraphs, namedArgs{"app": appID})
		return tx.SendBatch(ctx, batch).Close()
	})
}

func checkWeights(weights tenant.Weights, versions []int) error {
	if len(versions) == 0 {
		return fault.Errorf(fault.NotFound, "The graph does not exist.")
	}
	problems := fault.Problems{}
	for version := range weights {
		if !slices.Contains(versions, version) {
			problems.Add("weights", "has version %d, which is not published", version)
		}
	}
	return problems.Err()
}

// StatesOf counts the bookings of an app that walk a version of one of its graphs and are not over, by state. Those that are not decided
// yet are left out.
func (db *Graphs) StatesOf(ctx context.Context, appID uuid.UUID, g *graphs.Graph) ([]tenant.Walking, error) {
	const q = `SELECT b.state, count(*) FROM bookings b WHERE ` + walks + ` GROUP BY b.state ORDER BY b.state`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID, "graph": g.Name, "version": g.Version})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[tenant.Walking])
}

// walks is true of bookings b that walk a version and are not over.
const walks = `b.app_id = @app AND b.graph = @graph AND b.graph_version = @version AND b.own_graph AND NOT b.completed AND b.seq > 0`

// WalkersOf returns up to limit of the bookings that StatesOf counts, the oldest first.
func (db *Graphs) WalkersOf(ctx context.Context, appID uuid.UUID, g *graphs.Graph, limit int) ([]*booking.Booking, error) {
	const q = `SELECT ` + bookingColumns + bookingFrom + ` WHERE ` + walks + ` ORDER BY b.created_at, b.id LIMIT @limit`
	rows, err := db.pool.Query(ctx, q, namedArgs{"app": appID, "graph": g.Name, "version": g.Version, "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*booking.Booking, error) { return scanBooking(row) })
}

// ownGraphs are an app's own graphs at one revision.
type ownGraphs struct {
	revision int
	versions []*graphs.Graph
	aliases  map[string]tenant.Weights
}

// maxLibraries bounds how many apps' own graphs are kept.
const maxLibraries = 256

// libraries keeps the own graphs of apps that are in use, by app. What a revision has never changes.
type libraries struct {
	mu  sync.Mutex
	all map[uuid.UUID]*ownGraphs
}

func (l *libraries) get(app uuid.UUID, revision int) *ownGraphs {
	l.mu.Lock()
	defer l.mu.Unlock()
	if own := l.all[app]; own != nil && own.revision == revision {
		return own
	}
	return nil
}

func (l *libraries) put(app uuid.UUID, own *ownGraphs) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil || len(l.all) >= maxLibraries {
		l.all = map[uuid.UUID]*ownGraphs{}
	}
	l.all[app] = own
}

// loadGraphs gives an app its library. A bare name with weights gets one of its versions by chance.
func (s *store) loadGraphs(ctx context.Context, app *tenant.App) error {
	if app.GraphsRevision == 0 {
		return nil
	}
	own := s.libraries.get(app.ID, app.GraphsRevision)
	if own == nil {
		var err error
		if own, err = s.readGraphs(ctx, app.ID); err != nil {
			return err
		}
		s.libraries.put(app.ID, own)
	}
	bare := map[string]int{}
	for name, weights := range own.aliases {
		bare[name] = weights.Pick(rand.IntN(max(weights.Total(), 1))) //nolint:gosec // which version is no secret
	}
	app.Graphs = tenant.NewGraphs(own.versions, bare)
	return nil
}

// readGraphs reads an app's own graphs in one statement, so that they are of one revision.
func (s *store) readGraphs(ctx context.Context, app uuid.UUID) (*ownGraphs, error) {
	const q = `
		SELECT a.graphs_revision,
			COALESCE((SELECT array_agg(definition ORDER BY name, version) FROM graph_versions WHERE app_id = a.id), '{}'),
			COALESCE((SELECT jsonb_object_agg(name, weights) FROM graph_aliases WHERE app_id = a.id), '{}')
		FROM apps a WHERE a.id = @app`
	var own ownGraphs
	var definitions []string
	if err := s.pool.QueryRow(ctx, q, namedArgs{"app": app}).Scan(&own.revision, &definitions, &own.aliases); err != nil {
		return nil, orNotFound(err, "The app")
	}
	for _, text := range definitions {
		g, err := graphs.ReadOwn(text)
		if err != nil {
			return nil, err
		}
		own.versions = append(own.versions, g)
	}
	return &own, nil
}
