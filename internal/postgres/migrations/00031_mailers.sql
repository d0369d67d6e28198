-- +goose Up
-- Addresses that get no messages of an app. No address is on record: digest is a keyed hash of the app's id and the address.
CREATE TABLE contact_blocks (
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    channel text NOT NULL CONSTRAINT contact_blocks_channel CHECK (channel IN ('mail', 'sms')),
    digest bytea NOT NULL CONSTRAINT contact_blocks_digest CHECK (octet_length(digest) = 32),
    kind text NOT NULL CONSTRAINT contact_blocks_kind CHECK (kind IN ('dead', 'reminders', 'stopped')),
    booking_id uuid REFERENCES bookings (id) ON DELETE CASCADE, -- null: it is about all bookings of the app
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Two nulls are not distinct here; NULLS NOT DISTINCT is newer than the oldest Postgres that is supported.
CREATE UNIQUE INDEX contact_blocks_once ON contact_blocks (
    app_id, channel, digest, kind, COALESCE(booking_id, '00000000-0000-0000-0000-000000000000'));
CREATE INDEX contact_blocks_booking ON contact_blocks (booking_id) WHERE booking_id IS NOT NULL;

-- Mail servers of apps' own. An app without one sends by the operator's.
CREATE TABLE mailers (
    app_id uuid NOT NULL CONSTRAINT mailers_pkey PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
    from_address text NOT NULL,
    from_name text NOT NULL DEFAULT '',
    reply_to text NOT NULL DEFAULT '',
    bounce_address text NOT NULL DEFAULT '', -- the sender of envelopes, with the id of the mail behind its name; empty for from_address
    sealed bytea NOT NULL, -- host, port, sign-in and encryption, sealed
    rate_per_minute integer NOT NULL DEFAULT 0 CONSTRAINT mailers_rate CHECK (rate_per_minute >= 0), -- 0 = no limit
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
