-- +goose Up
-- A mailer is an endpoint that mails are sent by, one per app. Its delivery of an event becomes one more for each mail that the event makes:
-- mail says which one, and recipient for whom: owner, or the id of a customer. Both are empty for webhooks.
ALTER TABLE webhook_endpoints
    DROP CONSTRAINT webhook_endpoints_purpose_check,
    ADD CONSTRAINT webhook_endpoints_purpose_check CHECK (purpose IN ('subscription', 'reminder', 'mail'));
-- Serves those that get events, by purpose, or webhooks alone.
CREATE INDEX webhook_endpoints_readers ON webhook_endpoints (app_id, created_at, id) WHERE purpose <> 'reminder';
DROP INDEX webhook_endpoints_subscriptions;
CREATE UNIQUE INDEX webhook_endpoints_mailer ON webhook_endpoints (app_id) WHERE purpose = 'mail';

ALTER TABLE webhook_deliveries
    ADD COLUMN recipient text NOT NULL DEFAULT '',
    ADD COLUMN mail jsonb,
    DROP CONSTRAINT webhook_deliveries_once,
    ADD CONSTRAINT webhook_deliveries_once UNIQUE (event_id, endpoint_id, recipient);
