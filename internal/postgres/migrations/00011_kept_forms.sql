-- +goose Up
-- What visitors have typed into a form that could not be carried out, for a short time: the address they are sent back to
-- must not hold it. Sealed by the application. Unlogged: it is in no WAL, no archive and on no standby, and a crash of the
-- server empties the table, which costs a visitor some typing and nothing else.
CREATE UNLOGGED TABLE kept_forms (
    id         uuid PRIMARY KEY, -- of the visit, which only its sealed address knows; or made from it
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    sealed     bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX kept_forms_expires_at ON kept_forms (expires_at);
CREATE INDEX kept_forms_app ON kept_forms (app_id);
