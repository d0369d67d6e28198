-- +goose Up
-- What falls due for one app: the sweep of clocks and each step of an advance would read the deadlines of all apps beside it.
CREATE INDEX bookings_app_deadline ON bookings (app_id, deadline_at) WHERE deadline_at IS NOT NULL;
