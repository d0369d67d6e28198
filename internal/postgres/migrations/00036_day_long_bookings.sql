-- +goose Up
-- A list by time looks back one day for bookings that have begun before its window. These are longer, as are those of bookings_long.
CREATE INDEX bookings_over_a_day ON bookings (app_id, end_at) WHERE end_at - start_at > interval '25 hours';
