-- +goose Up
-- The request that made an endpoint's newest secret: its repeat must not make another.
ALTER TABLE webhook_endpoints ADD COLUMN rotated_by uuid;
