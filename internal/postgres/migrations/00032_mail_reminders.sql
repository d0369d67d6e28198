-- +goose Up
-- A reminder by mail: mail says which one. It goes to the app's mailer. late_until is the end of the time in which it is still sent, if the
-- booking did not stand when its moment came; null once it was sent, and for webhooks.
ALTER TABLE reminders
    ADD COLUMN mail jsonb,
    ADD COLUMN late_until timestamptz;

-- Who gets the mails that an action makes: owner, customer; null for both.
ALTER TABLE actions ADD COLUMN notify text[];
ALTER TABLE events ADD COLUMN notify text[];

-- The last mail to an address about a booking that only visitors had to do with: there is one an hour. digest is as in contact_blocks.
CREATE TABLE mail_limits (
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    digest bytea NOT NULL CONSTRAINT mail_limits_digest CHECK (octet_length(digest) = 32),
    delivery_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT mail_limits_pkey PRIMARY KEY (app_id, digest)
);
CREATE INDEX mail_limits_at ON mail_limits (at);
