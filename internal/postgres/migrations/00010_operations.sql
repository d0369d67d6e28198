-- +goose Up
-- What operating the service needs: retention in batches, claims of the sweep, a check of the secret key.

-- One row per thing that is sealed with the service's secret key only to find out later whether the key is the same.
CREATE TABLE canaries (
    name       text PRIMARY KEY,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- When the sweep last tried to resume the booking, so that those that cannot be resumed do not keep the others waiting.
ALTER TABLE bookings ADD COLUMN resumed_at timestamptz;

-- Refused actions are deleted after a while; applied ones stay with their booking.
CREATE INDEX actions_refused ON actions (decided_at) WHERE status = 'refused';

-- When the sweep last looked whether a time was picked for the request. Those that have a booking are looked at once per age limit.
ALTER TABLE scheduling_requests ADD COLUMN looked_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX scheduling_requests_looked_at ON scheduling_requests (looked_at);

-- How many deliveries were dropped because the endpoint has been paused for too long, since it was last resumed.
ALTER TABLE webhook_endpoints
    ADD COLUMN dropped    integer NOT NULL DEFAULT 0,
    ADD COLUMN dropped_at timestamptz;
