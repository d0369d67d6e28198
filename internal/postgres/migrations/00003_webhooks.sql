-- +goose Up
-- Webhooks that can be filtered, shaped, paused, rotated, replayed and read about; what a change of a booking tells beside
-- its snapshot; the portal's sessions.

-- A change tells what led to it. topics are the names it can be asked for by. A change that is not about a booking has none
-- of a booking's columns. Inputs may hold personal data, as data does.
-- Readers follow the changes in the order of (written_by, id): a transaction that is still open would otherwise slip in
-- behind a reader that has passed.
ALTER TABLE events
    ALTER COLUMN booking_id DROP NOT NULL,
    ADD COLUMN graph      text NOT NULL DEFAULT '',
    ADD COLUMN state      text NOT NULL DEFAULT '',
    ADD COLUMN from_state text NOT NULL DEFAULT '',
    ADD COLUMN action     text NOT NULL DEFAULT '',
    ADD COLUMN actor      text NOT NULL DEFAULT '',
    ADD COLUMN channel    text NOT NULL DEFAULT '',
    ADD COLUMN inputs     jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN project_id uuid,
    ADD COLUMN topics     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN test       boolean NOT NULL DEFAULT false,
    ADD COLUMN written_by xid8 NOT NULL DEFAULT pg_current_xact_id();
UPDATE events e SET graph = e.data->>'graph', state = e.data->>'state', project_id = (e.data #>> '{related,project_id}')::uuid,
    topics = ARRAY[e.type, 'booking.*'];
UPDATE events e SET from_state = t.from_state, action = t.action, actor = t.actor, channel = t.channel
    FROM transitions t WHERE t.booking_id = e.booking_id AND t.seq = e.seq AND e.reminder IS NULL;
DROP INDEX events_app;
CREATE INDEX events_app ON events (app_id, written_by, id);
CREATE INDEX events_app_at ON events (app_id, at, id);
CREATE INDEX events_at ON events (at);
DROP INDEX events_one_per_transition; -- made-up changes are all of one booking, which does not exist
CREATE UNIQUE INDEX events_one_per_transition ON events (booking_id, seq) WHERE reminder IS NULL AND NOT test;

-- graph and state are filters with one value; graphs and states those with several, and then the others are empty.
ALTER TABLE webhook_endpoints
    ADD COLUMN description  text NOT NULL DEFAULT '',
    ADD COLUMN format       text NOT NULL DEFAULT 'timekit' CHECK (format IN ('timekit', 'holdfast', 'reservekit', 'cronofy')),
    ADD COLUMN graphs       text[] NOT NULL DEFAULT '{}',
    ADD COLUMN states       text[] NOT NULL DEFAULT '{}',
    ADD COLUMN event_types  text[] NOT NULL DEFAULT '{}',
    ADD COLUMN projects     uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN services     uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN headers      bytea NOT NULL DEFAULT '', -- sealed JSON object
    ADD COLUMN ordered      boolean NOT NULL DEFAULT true,
    ADD COLUMN in_flight    integer NOT NULL DEFAULT 4 CHECK (in_flight BETWEEN 1 AND 32),
    ADD COLUMN per_second   integer NOT NULL DEFAULT 0 CHECK (per_second BETWEEN 0 AND 1000), -- 0 = no limit
    ADD COLUMN rotated_by   uuid, -- the request that made the newest secret: its repeat must not make another
    ADD COLUMN reason       text NOT NULL DEFAULT '' CHECK (reason IN ('', 'by_hand', 'failing', 'gone')),
    -- How it has been doing. A healthy endpoint's row is not written to.
    ADD COLUMN succeeded_at   timestamptz, -- the last success, to the minute
    ADD COLUMN failing_since  timestamptz,
    ADD COLUMN failures       integer NOT NULL DEFAULT 0, -- since then
    ADD COLUMN warned         boolean NOT NULL DEFAULT false, -- endpoint.failing was told
    ADD COLUMN pace           real NOT NULL DEFAULT 32 CHECK (pace BETWEEN 1 AND 32), -- of in_flight, what an overloaded receiver is left with
    ADD COLUMN window_at      timestamptz NOT NULL DEFAULT '-infinity', -- the last few minutes' attempts, while some fail
    ADD COLUMN window_sent    integer NOT NULL DEFAULT 0,
    ADD COLUMN window_failed  integer NOT NULL DEFAULT 0,
    ADD COLUMN opened         integer NOT NULL DEFAULT 0, -- how often the breaker has opened since the last success
    ADD COLUMN open_until     timestamptz NOT NULL DEFAULT '-infinity',
    DROP CONSTRAINT webhook_endpoints_status_check,
    ADD CONSTRAINT webhook_endpoints_status_check CHECK (status IN ('active', 'paused', 'disabled'));
UPDATE webhook_endpoints SET reason = 'gone' WHERE status = 'disabled';

-- Secrets that are being rotated out still sign until then.
CREATE TABLE webhook_old_secrets (
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    sealed      bytea NOT NULL,
    until       timestamptz NOT NULL,
    PRIMARY KEY (endpoint_id, until)
);

-- tried_before are attempts that were made before the delivery was last sent anew by hand: its schedule begins after them.
-- resent_by is the request that did that; its repeat finds it done.
-- In booking_id stands whatever the order counts by: a change that is not about a booking has a lane of its own.
ALTER TABLE webhook_deliveries
    ADD COLUMN tried_before integer NOT NULL DEFAULT 0,
    ADD COLUMN resent_by    uuid,
    ADD COLUMN test         boolean NOT NULL DEFAULT false;
DROP INDEX webhook_deliveries_endpoint;
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, created_at, id);
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;

ALTER TABLE webhook_attempts
    ADD COLUMN url    text NOT NULL DEFAULT '',
    ADD COLUMN method text NOT NULL DEFAULT '',
    ADD COLUMN format text NOT NULL DEFAULT 'timekit';

-- Who is signed in to the portal. The token itself is in the browser's cookie only. A key that is revoked ends its sessions.
CREATE TABLE portal_sessions (
    hash       bytea PRIMARY KEY,
    key_id     uuid NOT NULL REFERENCES api_keys ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX portal_sessions_expiry ON portal_sessions (expires_at);

CREATE INDEX resources_email ON resources (app_id, lower(email)) WHERE deleted_at IS NULL; -- who signs in is found by it
