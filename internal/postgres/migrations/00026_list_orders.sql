-- +goose Up
-- The bookings of a resource by start. By the index of an app's starts, those of all its other resources are read beside them.
CREATE INDEX bookings_resource_start ON bookings (resource_id, start_at, id);
