-- +goose Up
-- Public links: pages where a visitor picks a time, the credentials that tie the visitor to an app, and what becomes of it.

-- What an app signs claim tokens with. Several pairs may be good at once, so that one can be rotated out.
CREATE TABLE embed_credentials (
    id         uuid PRIMARY KEY,
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    public_key text NOT NULL CONSTRAINT embed_credentials_public_key UNIQUE,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    good_until timestamptz NOT NULL DEFAULT 'infinity'
);
CREATE INDEX embed_credentials_app ON embed_credentials (app_id, created_at);

-- What notifications are signed with, by each that is good; also a bearer's credential. Looked up by hash.
CREATE TABLE client_secrets (
    id         uuid PRIMARY KEY,
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    hint       text NOT NULL,
    hash       bytea NOT NULL CONSTRAINT client_secrets_hash_key UNIQUE,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    good_until timestamptz NOT NULL DEFAULT 'infinity'
);
CREATE INDEX client_secrets_app ON client_secrets (app_id, created_at);

-- The app's callback for notifications is an endpoint like others, with a format of its own.
ALTER TABLE webhook_endpoints ADD COLUMN embed_callback boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX webhook_endpoints_embed_callback ON webhook_endpoints (app_id) WHERE embed_callback;

CREATE TABLE public_links (
    id                  uuid PRIMARY KEY,
    app_id              uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    project_id          uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    code                text NOT NULL CONSTRAINT public_links_code_key UNIQUE,
    title               text NOT NULL,
    description         text NOT NULL DEFAULT '',
    duration_minutes    integer CHECK (duration_minutes BETWEEN 1 AND 1440), -- NULL = the project's
    horizon_days        integer NOT NULL DEFAULT 14 CHECK (horizon_days BETWEEN 1 AND 366),
    questions           jsonb NOT NULL DEFAULT '[]',
    require_claim_token boolean NOT NULL DEFAULT false,
    enabled             boolean NOT NULL DEFAULT true,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX public_links_app ON public_links (app_id, created_at, id);

-- A request for a time, over an ordinary booking once one is picked: the newest of those that name it. Its recipient and
-- metadata are personal data.
CREATE TABLE scheduling_requests (
    id             uuid PRIMARY KEY,
    app_id         uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    name           text NOT NULL CONSTRAINT scheduling_requests_name_key UNIQUE, -- srq_…
    code           text NOT NULL CONSTRAINT scheduling_requests_code_key UNIQUE, -- of the recipient's page
    public_link_id uuid REFERENCES public_links ON DELETE SET NULL,
    project_id     uuid REFERENCES projects ON DELETE SET NULL, -- NULL: the offer names resources, or it is gone since
    offer          jsonb NOT NULL DEFAULT '{}', -- what the app's own request asks of availability beside its project
    summary        text NOT NULL DEFAULT '',
    duration_minutes integer NOT NULL,
    attributed     boolean NOT NULL DEFAULT false, -- a claim token named the app, or it made the request itself
    metadata       jsonb NOT NULL DEFAULT '{}', -- correlation_id and utm_ values
    recipient      jsonb NOT NULL DEFAULT '{}', -- email, display_name
    cancelled_at   timestamptz, -- by the app, before a time was picked
    created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX scheduling_requests_app ON scheduling_requests (app_id, created_at, id);

ALTER TABLE bookings ADD COLUMN request_id uuid REFERENCES scheduling_requests ON DELETE SET NULL;
CREATE INDEX bookings_request ON bookings (request_id, created_at) WHERE request_id IS NOT NULL;

-- Of a request whose app is to be told, and its place among the request's changes: its bookings count anew each.
ALTER TABLE events ADD COLUMN request_id uuid, ADD COLUMN request_seq integer;
CREATE INDEX events_request ON events (request_id, request_seq) WHERE request_id IS NOT NULL;

-- Claim tokens that have made a booking. The row goes again when the booking is refused.
CREATE TABLE spent_claims (
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    jti        text NOT NULL,
    booking_id uuid NOT NULL,
    until      timestamptz NOT NULL, -- the token has expired by then
    CONSTRAINT spent_claims_pkey PRIMARY KEY (app_id, jti)
);
CREATE INDEX spent_claims_until ON spent_claims (until);
CREATE INDEX spent_claims_booking ON spent_claims (booking_id);
