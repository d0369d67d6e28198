-- +goose Up
-- What Timekit's contract asks for beside bookings: projects, busy time made by hand, buffers, holds, sessions with seats,
-- reminders, and the ties between bookings.

-- A bookable service. The jsonb columns have the shapes of the contract, checked when they are written.
CREATE TABLE projects (
    id                       uuid PRIMARY KEY,
    app_id                   uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    name                     text NOT NULL,
    slug                     text NOT NULL CONSTRAINT projects_slug_key UNIQUE,
    availability             jsonb NOT NULL DEFAULT '{}',
    availability_constraints jsonb NOT NULL DEFAULT '[]',
    booking                  jsonb NOT NULL DEFAULT '{}',
    customer_fields          json NOT NULL DEFAULT '{}', -- not jsonb: a form's fields have an order
    ui                       jsonb NOT NULL DEFAULT '{}',
    reminders                jsonb NOT NULL DEFAULT '[]',
    meta                     jsonb NOT NULL DEFAULT '{}',
    created_at               timestamptz NOT NULL DEFAULT now(),
    updated_at               timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX projects_app ON projects (app_id, created_at, id);

CREATE TABLE project_resources (
    project_id  uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    resource_id uuid NOT NULL REFERENCES resources ON DELETE CASCADE,
    position    integer NOT NULL,
    PRIMARY KEY (project_id, resource_id)
);
CREATE INDEX project_resources_resource ON project_resources (resource_id);

CREATE TABLE locations (
    id               uuid PRIMARY KEY,
    app_id           uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    name             text NOT NULL,
    description      text NOT NULL DEFAULT '',
    latitude         double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude        double precision CHECK (longitude BETWEEN -180 AND 180),
    use_custom_hours boolean NOT NULL DEFAULT false,
    meta             jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX locations_app ON locations (app_id, created_at, id);

CREATE TABLE services (
    id          uuid PRIMARY KEY,
    app_id      uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    name        text NOT NULL,
    description text NOT NULL DEFAULT '',
    meta        jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX services_app ON services (app_id, created_at, id);

CREATE TABLE project_locations (
    project_id  uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    location_id uuid NOT NULL REFERENCES locations ON DELETE CASCADE,
    PRIMARY KEY (project_id, location_id)
);
CREATE INDEX project_locations_location ON project_locations (location_id);

CREATE TABLE project_services (
    project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE,
    service_id uuid NOT NULL REFERENCES services ON DELETE CASCADE,
    PRIMARY KEY (project_id, service_id)
);
CREATE INDEX project_services_service ON project_services (service_id);

ALTER TABLE resources
    ADD COLUMN availability_constraints jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN tags                     jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN password                 text NOT NULL DEFAULT ''; -- salted hash; '' = nobody can sign in as this resource

-- What a resource signs in with. The token itself is shown once and kept as a hash.
CREATE TABLE resource_credentials (
    id           uuid PRIMARY KEY,
    app_id       uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    resource_id  uuid NOT NULL REFERENCES resources ON DELETE CASCADE,
    type         text NOT NULL CHECK (type IN ('client-token', 'server-token')),
    name         text NOT NULL DEFAULT '',
    hint         text NOT NULL,
    hash         bytea NOT NULL CONSTRAINT resource_credentials_hash_key UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);
CREATE INDEX resource_credentials_resource ON resource_credentials (resource_id, created_at);

-- Busy time made by hand.
CREATE TABLE calendar_events (
    id           uuid PRIMARY KEY,
    app_id       uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    resource_id  uuid NOT NULL REFERENCES resources ON DELETE CASCADE,
    calendar_id  uuid NOT NULL REFERENCES calendars ON DELETE CASCADE,
    start_at     timestamptz NOT NULL,
    end_at       timestamptz NOT NULL,
    all_day      boolean NOT NULL DEFAULT false,
    what         text NOT NULL DEFAULT '',
    where_at     text NOT NULL DEFAULT '',
    description  text NOT NULL DEFAULT '',
    participants jsonb NOT NULL DEFAULT '[]',
    my_rsvp      text NOT NULL DEFAULT 'accepted',
    settings     jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT calendar_events_times CHECK (start_at < end_at)
);
CREATE INDEX calendar_events_resource ON calendar_events (resource_id, start_at);
CREATE INDEX calendar_events_app ON calendar_events (app_id, start_at);

-- Time is taken in layers, so that one constraint knows what may lie above what: a thing itself is in all layers; the
-- buffer around it is in a positive layer of its own, so that it keeps things out but may overlap another buffer; an
-- all-day event is in a negative layer of its own, and a booking that ignores those is in the others only. A holder's
-- own rows do not exclude each other.
CREATE SEQUENCE occupancies_layer;
ALTER TABLE occupancies
    ADD COLUMN event_id  uuid REFERENCES calendar_events ON DELETE CASCADE,
    ADD COLUMN layer     int8range NOT NULL DEFAULT '(,)' CHECK (NOT isempty(layer)),
    ADD COLUMN holder_id uuid NOT NULL GENERATED ALWAYS AS (COALESCE(booking_id, event_id)) STORED,
    DROP CONSTRAINT occupancies_no_overlap,
    ADD CONSTRAINT occupancies_no_overlap EXCLUDE USING gist
        (resource_id WITH =, during WITH &&, layer WITH &&, holder_id WITH <>) WHERE (exclusive);
CREATE INDEX occupancies_event ON occupancies (event_id) WHERE event_id IS NOT NULL;

ALTER TABLE bookings
    ADD COLUMN project_id       uuid REFERENCES projects ON DELETE SET NULL,
    ADD COLUMN owner_booking_id uuid REFERENCES bookings ON DELETE SET NULL, -- the session a seat belongs to
    ADD COLUMN reservation_id   uuid, -- the hold that became this booking
    ADD COLUMN rescheduled_from uuid, -- the booking this one replaced, and the other way round
    ADD COLUMN rescheduled_to   uuid,
    ADD COLUMN bulk_id          uuid; -- bookings made together whose actions are played together
CREATE INDEX bookings_event ON bookings (event_id);
CREATE INDEX bookings_project ON bookings (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX bookings_session ON bookings (owner_booking_id) WHERE owner_booking_id IS NOT NULL;
CREATE INDEX bookings_bulk ON bookings (bulk_id) WHERE bulk_id IS NOT NULL;

-- A group booking's seats. The counter is the judge; its check is the last one.
CREATE TABLE sessions (
    booking_id   uuid PRIMARY KEY REFERENCES bookings ON DELETE CASCADE,
    max_seats    integer NOT NULL CHECK (max_seats > 0),
    taken        integer NOT NULL DEFAULT 0,
    open         boolean NOT NULL DEFAULT false, -- the owner's booking stands
    book_from    timestamptz, -- seats may be booked from then
    book_until   timestamptz, -- until then
    cancel_until timestamptz, -- and given back by their customers until then
    CONSTRAINT sessions_seats CHECK (taken BETWEEN 0 AND max_seats)
);

CREATE TABLE seats (
    booking_id uuid PRIMARY KEY REFERENCES bookings ON DELETE CASCADE,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE
);
CREATE INDEX seats_session ON seats (session_id);

-- relay: play it on the bookings made together with this one, too. relayed_by is the booking whose commit put an action on
-- record for this one; that booking's workflow signals it, and then it is told.
ALTER TABLE actions
    ADD COLUMN relay      boolean NOT NULL DEFAULT false,
    ADD COLUMN relayed_by uuid,
    ADD COLUMN told       boolean NOT NULL DEFAULT true;
CREATE INDEX actions_untold ON actions (relayed_by) WHERE NOT told;

-- Webhooks that a booking asked for, before or after its start. Their targets are endpoints that hear nothing else.
ALTER TABLE webhook_endpoints
    ADD COLUMN purpose         text NOT NULL DEFAULT 'subscription' CHECK (purpose IN ('subscription', 'reminder')),
    ADD COLUMN expected_status integer NOT NULL DEFAULT 0; -- 0 = any 2xx
CREATE UNIQUE INDEX webhook_endpoints_reminder ON webhook_endpoints (app_id, url, method, expected_status) WHERE purpose = 'reminder';

CREATE TABLE reminders (
    booking_id  uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    number      integer NOT NULL,
    at          timestamptz NOT NULL,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    settings    jsonb NOT NULL DEFAULT '{}', -- as it was asked for
    done_at     timestamptz, -- sent, or passed over because the booking was not on
    PRIMARY KEY (booking_id, number)
);
CREATE INDEX reminders_endpoint ON reminders (endpoint_id);

-- A reminder is an event beside the transitions: it bears the number of the last one.
ALTER TABLE events
    ADD COLUMN reminder integer,
    DROP CONSTRAINT events_one_per_transition;
CREATE UNIQUE INDEX events_one_per_transition ON events (booking_id, seq) WHERE reminder IS NULL;
CREATE UNIQUE INDEX events_one_per_reminder ON events (booking_id, reminder) WHERE reminder IS NOT NULL;
