-- +goose Up
-- A reminder by mail: mail says which one. It goes to the app's mailer. late_until is the end of the time in which it is still sent, if the
-- booking did not stand when its moment came; null once it was sent, and for webhooks.
ALTER TABLE reminders
    ADD COLUMN mail jsonb,
    ADD COLUMN late_until timestamptz;
