-- +goose Up
-- Who drains an endpoint, and who has claimed a delivery, so that the work of a process that was lost is taken over at once.

-- A drain has an endpoint to itself for as long as its row is renewed. A row that has run out names an endpoint whose drainer
-- is lost: any worker may take it, and gives back what the lost one had claimed. Nothing waits for these rows but drains.
CREATE TABLE webhook_drains (
    endpoint_id uuid PRIMARY KEY REFERENCES webhook_endpoints ON DELETE CASCADE,
    drainer     uuid NOT NULL, -- the process
    until       timestamptz NOT NULL
);

-- claimed_by is the process that is about to send a pending delivery; NULL while none is.
ALTER TABLE webhook_deliveries ADD COLUMN claimed_by uuid;

-- Targets of reminders are endpoints that nobody lists, publishes to or counts: what looks for subscriptions passes them by.
DROP INDEX webhook_endpoints_app;
CREATE INDEX webhook_endpoints_subscriptions ON webhook_endpoints (app_id, created_at, id) WHERE purpose = 'subscription';
CREATE INDEX webhook_endpoints_reminder_used ON webhook_endpoints (updated_at) WHERE purpose = 'reminder';

-- What a booking's reminders were stays readable when their target is forgotten.
ALTER TABLE reminders
    ALTER COLUMN endpoint_id DROP NOT NULL,
    DROP CONSTRAINT reminders_endpoint_id_fkey,
    ADD CONSTRAINT reminders_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints ON DELETE SET NULL;
