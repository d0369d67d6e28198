-- +goose Up
-- A list by time looks back 7 days for bookings that have begun before its window. These few are longer.
CREATE INDEX bookings_long ON bookings (app_id, end_at) WHERE end_at - start_at > interval '168 hours';
