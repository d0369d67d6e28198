-- +goose Up
-- Calendar events that were made by requests can be followed by a cursor, as the other lists: see 00012_lists.sql. Rows from before have
-- no order among each other; their transactions have ended.
ALTER TABLE calendar_events ADD COLUMN changed_by xid8 NOT NULL DEFAULT '3';
ALTER TABLE calendar_events ALTER COLUMN changed_by SET DEFAULT pg_current_xact_id();
CREATE INDEX calendar_events_changed ON calendar_events (app_id, changed_by, id);
CREATE INDEX calendar_events_updated ON calendar_events (app_id, updated_at, id);
CREATE TRIGGER calendar_events_changed BEFORE UPDATE OF updated_at ON calendar_events FOR EACH ROW EXECUTE FUNCTION holdfast_changed();
