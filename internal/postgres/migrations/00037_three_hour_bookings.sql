-- +goose Up
-- A list by time looks back three hours for bookings that have begun before its window. These are longer, as are those of bookings_over_a_day.
CREATE INDEX bookings_over_three_hours ON bookings (app_id, end_at) WHERE end_at - start_at > interval '3 hours';
