-- +goose Up
-- Effects: what is done outside after a transition, in the order that its graph declares. The commit of the transition writes them.

CREATE TABLE effects (
    id uuid NOT NULL CONSTRAINT effects_pkey PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    seq integer NOT NULL, -- of the transition
    nth integer NOT NULL, -- among those of the transition, from 1
    kind text NOT NULL,
    parameters jsonb NOT NULL, -- graphs.Effect, with what the graph left out
    status text NOT NULL DEFAULT 'pending' CONSTRAINT effects_status CHECK (status IN ('pending', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    tried_before integer NOT NULL DEFAULT 0, -- attempts that were made before it was last retried by hand
    round integer NOT NULL DEFAULT 0, -- how often it was taken up again by hand after it had failed
    claimed boolean NOT NULL DEFAULT false, -- an attempt is under way; a lost one's claim ends at next_at
    next_at timestamptz NOT NULL DEFAULT now(), -- when a pending effect is due
    give_up_at timestamptz, -- from the first attempt on
    answer boolean, -- of an effect that is done: yes or no
    error_code text NOT NULL DEFAULT '', -- of the last attempt
    error_message text NOT NULL DEFAULT '', -- the same for people; without personal data
    action_id uuid, -- what it has played in the end
    action text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT effects_place_key UNIQUE (booking_id, seq, nth)
);
CREATE INDEX effects_due ON effects (next_at) WHERE status = 'pending';

-- The name by which a graph's effects find an endpoint; empty for none.
ALTER TABLE webhook_endpoints
    ADD COLUMN name text NOT NULL DEFAULT '' CONSTRAINT webhook_endpoints_name CHECK (name ~ '^([a-z][a-z0-9_]{0,62})?$');
CREATE UNIQUE INDEX webhook_endpoints_name_key ON webhook_endpoints (app_id, name) WHERE name <> '';

-- Of the event of an effect that has failed: the effect.
ALTER TABLE events ADD COLUMN effect jsonb;
