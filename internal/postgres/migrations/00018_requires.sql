-- +goose Up
-- Bookings of several resources. What a project requires is copied onto its bookings, so that one that is moved can be chosen for anew.
ALTER TABLE projects ADD COLUMN requires jsonb;
ALTER TABLE bookings ADD COLUMN requires jsonb;

-- The resources of a booking that takes several, the first one too, with the time that it takes of each.
CREATE TABLE booking_resources (
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    nth integer NOT NULL, -- from 0 on: the first is the booking's own resource
    resource_id uuid NOT NULL REFERENCES resources (id),
    calendar_id uuid REFERENCES calendars (id) ON DELETE SET NULL,
    role text NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    CONSTRAINT booking_resources_pkey PRIMARY KEY (booking_id, nth),
    CONSTRAINT booking_resources_once UNIQUE (booking_id, resource_id),
    CONSTRAINT booking_resources_times CHECK (start_at < end_at)
);
CREATE INDEX booking_resources_resource ON booking_resources (resource_id);
