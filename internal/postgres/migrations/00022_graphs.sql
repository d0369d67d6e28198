-- +goose Up
-- Graphs of an app's own. A draft may have faults. A published version never changes, and bookings keep theirs.
CREATE TABLE graph_drafts (
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name text NOT NULL,
    definition text NOT NULL, -- as it was sent
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT graph_drafts_pkey PRIMARY KEY (app_id, name)
);

CREATE TABLE graph_versions (
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name text NOT NULL,
    version integer NOT NULL,
    definition text NOT NULL,
    digest text NOT NULL, -- of the definition without its version: the same graph has one version
    published_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT graph_versions_pkey PRIMARY KEY (app_id, name, version),
    CONSTRAINT graph_versions_digest_key UNIQUE (app_id, name, digest)
);

-- What the bare name of a graph stands for: versions and their weights, {"2": 90, "3": 10}.
CREATE TABLE graph_aliases (
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name text NOT NULL,
    weights jsonb NOT NULL,
    CONSTRAINT graph_aliases_pkey PRIMARY KEY (app_id, name)
);

ALTER TABLE apps ADD COLUMN graphs_revision integer NOT NULL DEFAULT 0; -- grows with versions and aliases; 0 = there are none
ALTER TABLE bookings ADD COLUMN own_graph boolean NOT NULL DEFAULT false; -- the graph is one of graph_versions
