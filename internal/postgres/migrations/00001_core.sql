-- +goose Up
-- The record of bookings. Times are instants (timestamptz). Personal data stands in customers, in actions.inputs and in
-- events.data, and nowhere else.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE apps (
    id             uuid PRIMARY KEY,
    name           text NOT NULL,
    slug           text NOT NULL CONSTRAINT apps_slug_key UNIQUE,
    test_mode      boolean NOT NULL DEFAULT false,
    settings       jsonb NOT NULL DEFAULT '{}',
    webhook_secret bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    app_id       uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('server', 'widget')),
    name         text NOT NULL DEFAULT '',
    hint         text NOT NULL,
    hash         bytea NOT NULL CONSTRAINT api_keys_hash_key UNIQUE,
    sealed       bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_keys_app ON api_keys (app_id, created_at);

CREATE TABLE resources (
    id         uuid PRIMARY KEY,
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    name       text NOT NULL,
    first_name text NOT NULL DEFAULT '',
    last_name  text NOT NULL DEFAULT '',
    email      text NOT NULL DEFAULT '',
    timezone   text NOT NULL,
    image      text NOT NULL DEFAULT '',
    meta       jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE INDEX resources_app ON resources (app_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE calendars (
    id              uuid PRIMARY KEY,
    app_id          uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    resource_id     uuid NOT NULL REFERENCES resources ON DELETE CASCADE,
    name            text NOT NULL,
    description     text NOT NULL DEFAULT '',
    foregroundcolor text NOT NULL DEFAULT '#ffffff',
    backgroundcolor text NOT NULL DEFAULT '#1a6b54',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX calendars_resource ON calendars (resource_id, created_at, id);

CREATE TABLE bookings (
    id            uuid PRIMARY KEY,
    app_id        uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    resource_id   uuid NOT NULL REFERENCES resources,
    calendar_id   uuid NOT NULL REFERENCES calendars,
    event_id      uuid NOT NULL,
    graph         text NOT NULL,
    graph_version integer NOT NULL,
    state         text NOT NULL,
    seq           integer NOT NULL DEFAULT 0,
    revision      integer NOT NULL DEFAULT 0,
    completed     boolean NOT NULL DEFAULT false,
    start_at      timestamptz NOT NULL,
    end_at        timestamptz NOT NULL,
    what          text NOT NULL DEFAULT '',
    where_at      text NOT NULL DEFAULT '',
    description   text NOT NULL DEFAULT '',
    participants  jsonb NOT NULL DEFAULT '[]',
    settings      jsonb NOT NULL DEFAULT '{}',
    meta          jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    entered_at    timestamptz NOT NULL DEFAULT now(),
    deadline_at   timestamptz, -- when the state's first timer is due; long past means that no workflow watches it
    CONSTRAINT bookings_times CHECK (start_at < end_at)
);
CREATE INDEX bookings_app_created ON bookings (app_id, created_at, id);
CREATE INDEX bookings_app_start ON bookings (app_id, start_at);
CREATE INDEX bookings_deadline ON bookings (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX bookings_resource ON bookings (resource_id) WHERE NOT completed;

CREATE TABLE customers (
    id         uuid PRIMARY KEY,
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    name       text NOT NULL DEFAULT '',
    email      text NOT NULL DEFAULT '',
    phone      text NOT NULL DEFAULT '',
    voip       text NOT NULL DEFAULT '',
    timezone   text NOT NULL DEFAULT '',
    meta       jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX customers_booking ON customers (booking_id);

-- Requests to move. They outlive a creation that lost its slot, so that whoever waits can read the refusal.
CREATE TABLE actions (
    id         uuid PRIMARY KEY,
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    booking_id uuid NOT NULL,
    name       text NOT NULL,
    actor      text NOT NULL,
    channel    text NOT NULL,
    key_id     uuid,
    inputs     jsonb NOT NULL DEFAULT '{}',
    awaited    boolean NOT NULL DEFAULT false,
    revision   integer NOT NULL DEFAULT 0, -- the only revision of the booking it may move; 0 = any
    status     text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'applied', 'refused')),
    code       text NOT NULL DEFAULT '',
    message    text NOT NULL DEFAULT '',
    seq        integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    signalled_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz
);
CREATE INDEX actions_booking ON actions (booking_id);
CREATE INDEX actions_pending ON actions (signalled_at) WHERE status = 'pending';

CREATE TABLE transitions (
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    seq        integer NOT NULL,
    action_id  uuid NOT NULL,
    action     text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    actor      text NOT NULL,
    channel    text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (booking_id, seq),
    CONSTRAINT transitions_action_key UNIQUE (action_id)
);

-- Time that is taken. Half-open [start,end) ranges, buffers included. A booking that may overlap is not exclusive: it
-- takes no part in the constraint, but exclusive ones look at it before they come in.
CREATE TABLE occupancies (
    id          uuid PRIMARY KEY,
    app_id      uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    resource_id uuid NOT NULL REFERENCES resources,
    booking_id  uuid REFERENCES bookings ON DELETE CASCADE,
    during      tstzrange NOT NULL CHECK (NOT isempty(during)),
    exclusive   boolean NOT NULL DEFAULT true,
    CONSTRAINT occupancies_no_overlap EXCLUDE USING gist (resource_id WITH =, during WITH &&) WHERE (exclusive)
);
CREATE INDEX occupancies_shared ON occupancies USING gist (resource_id, during) WHERE (NOT exclusive);
CREATE INDEX occupancies_booking ON occupancies (booking_id);

-- A signature that has acted. The row goes again when its action is refused.
CREATE TABLE spent_links (
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    spend_key  text NOT NULL,
    action_id  uuid NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (booking_id, spend_key)
);
CREATE INDEX spent_links_action ON spent_links (action_id);

CREATE TABLE events (
    id         uuid PRIMARY KEY,
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    booking_id uuid NOT NULL,
    seq        integer NOT NULL,
    type       text NOT NULL,
    data       jsonb NOT NULL,
    at         timestamptz NOT NULL,
    CONSTRAINT events_one_per_transition UNIQUE (booking_id, seq)
);
CREATE INDEX events_app ON events (app_id, id);

CREATE TABLE webhook_endpoints (
    id         uuid PRIMARY KEY,
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    url        text NOT NULL,
    method     text NOT NULL DEFAULT 'POST',
    graph      text NOT NULL DEFAULT '',
    state      text NOT NULL DEFAULT '',
    status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    secret     bytea NOT NULL,
    awake      boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_endpoints_app ON webhook_endpoints (app_id, created_at, id);

-- next_at is when a pending delivery is due; a claim moves it ahead by the lease, so that a lost sender only delays it.
CREATE TABLE webhook_deliveries (
    id          uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    event_id    uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    booking_id  uuid NOT NULL,
    seq         integer NOT NULL,
    status      text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'exhausted', 'cancelled')),
    attempts    integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL DEFAULT now(),
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT webhook_deliveries_once UNIQUE (event_id, endpoint_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (endpoint_id, booking_id, seq) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, id);

CREATE TABLE webhook_attempts (
    delivery_id      uuid NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    number           integer NOT NULL,
    started_at       timestamptz NOT NULL,
    duration_ms      integer NOT NULL,
    status           integer NOT NULL,
    error_code       text NOT NULL DEFAULT '',
    request_headers  jsonb NOT NULL DEFAULT '{}',
    response_headers jsonb NOT NULL DEFAULT '{}',
    response_body    bytea NOT NULL DEFAULT '',
    PRIMARY KEY (delivery_id, number)
);

-- One row per Idempotency-Key. operation_id is the id the operation gives to what it makes, so that a repeat after a
-- crash finds the first try's work. status = 0 while there is no answer to keep; body is sealed. The admin's keys stand
-- under the nil app.
CREATE TABLE idempotency_keys (
    app_id       uuid NOT NULL,
    key          text NOT NULL,
    fingerprint  bytea NOT NULL,
    operation_id uuid NOT NULL,
    locked_until timestamptz NOT NULL,
    status       integer NOT NULL DEFAULT 0,
    headers      jsonb NOT NULL DEFAULT '{}',
    body         bytea NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app_id, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
