-- +goose Up
-- What falls due for one app: the sweep of clocks and each step of an advance would read the deadlines of all apps beside it.
CREATE INDEX bookings_app_deadline ON bookings (app_id, deadline_at) WHERE deadline_at IS NOT NULL;
-- The bookings of one version of a graph. Equal keys are kept once, so it is small; with the app first, Postgres would read it for every
-- question about an app, beside a better one.
CREATE INDEX bookings_app_version ON bookings (graph, graph_version, app_id);
