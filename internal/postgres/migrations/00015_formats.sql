-- +goose Up
-- Which formats of webhooks there are is said by one table, outbox.FormatLabels. The record checks that a name is one at all: a format that a
-- later build has written is no fault here, and its deliveries are tried again until a build renders them.
ALTER TABLE webhook_endpoints
    DROP CONSTRAINT webhook_endpoints_format_check,
    ADD CONSTRAINT webhook_endpoints_format_name CHECK (format ~ '^[a-z][a-z0-9_]{0,31}$');
