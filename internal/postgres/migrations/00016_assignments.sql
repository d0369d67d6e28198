-- +goose Up
-- Who is chosen: how a project chooses the resource of a booking, and what is counted for whom.
ALTER TABLE projects ADD COLUMN assign jsonb;
ALTER TABLE bookings ADD COLUMN assigned boolean NOT NULL DEFAULT false; -- it is counted in assignments

-- How the resource of a booking was chosen, for server keys to read. It stands apart, since a booking's row is written at every move.
CREATE TABLE booking_assignments (
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    assignment jsonb NOT NULL,
    CONSTRAINT booking_assignments_pkey PRIMARY KEY (booking_id)
);

-- The resources of a project that choices have found in it, since when. One that is not here begins at the lowest share of the others.
CREATE TABLE pool_members (
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    resource_id uuid NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT pool_members_pkey PRIMARY KEY (project_id, resource_id)
);

-- What is counted for a resource of a project: a booking; one that it was passed by for; or, without a booking, what a newcomer begins
-- with. Choices sum it up under the pool's lock. Nothing else is kept, so what goes with a booking is given back by that alone.
CREATE TABLE assignments (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    resource_id uuid NOT NULL,
    booking_id uuid REFERENCES bookings (id) ON DELETE CASCADE,
    at timestamptz NOT NULL, -- of the choice
    bookings double precision NOT NULL,
    minutes double precision NOT NULL,
    skipped boolean NOT NULL DEFAULT false,
    customer text, -- the key that limits count customers by
    CONSTRAINT assignments_pkey PRIMARY KEY (id),
    CONSTRAINT assignments_booking_key UNIQUE (booking_id, resource_id)
);
CREATE INDEX assignments_pool ON assignments (project_id, resource_id, at) INCLUDE (bookings, minutes, booking_id);
CREATE INDEX assignments_customer ON assignments (project_id, customer, at) WHERE customer IS NOT NULL AND NOT skipped;
