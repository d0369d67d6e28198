-- +goose Up
-- Clocks of test apps. An app's time is the server's plus an offset; while the clock is advanced it stands at the moment that is being
-- carried out.

ALTER TABLE apps
    ADD COLUMN clock_offset bigint NOT NULL DEFAULT 0, -- microseconds
    ADD COLUMN clock_at timestamptz, -- where the clock stands; NULL while it runs
    ADD COLUMN clock_revision integer NOT NULL DEFAULT 0, -- grows with each step; 0 = the clock was never moved
    ADD COLUMN clock_advance uuid, -- the advance that is under way
    ADD CONSTRAINT apps_clock_offset CHECK (clock_offset >= 0),
    ADD CONSTRAINT apps_clock_of_tests CHECK (test_mode OR clock_revision = 0);
CREATE INDEX apps_clock_moved ON apps (id) WHERE clock_revision > 0;

-- The last step of its app's clock that a booking's workflow has carried out whatever was due by.
ALTER TABLE bookings ADD COLUMN clock_settled integer NOT NULL DEFAULT 0;

CREATE TABLE clock_advances (
    id uuid NOT NULL CONSTRAINT clock_advances_pkey PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    from_at timestamptz NOT NULL, -- in the app's time, as target_at
    target_at timestamptz NOT NULL,
    written_by xid8 NOT NULL DEFAULT pg_current_xact_id(), -- events of it are not older
    begun_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX clock_advances_app ON clock_advances (app_id, begun_at);

-- What an app's clock shows. For live apps it is the server's time.
CREATE FUNCTION holdfast_now(app uuid) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT COALESCE(a.clock_at, clock_timestamp() + make_interval(secs => a.clock_offset / 1000000.0)) FROM apps a WHERE a.id = app
$$;
