-- +goose Up

-- Who holds time without being known: a widget key is the same for all visitors of a site, so its visitors are told apart by
-- address. owner is a hash of key and address. Rows are deleted after two hours, which no such hold outlives.
CREATE TABLE hold_owners (
    booking_id uuid NOT NULL CONSTRAINT hold_owners_pkey PRIMARY KEY, -- the hold; it may not be on record yet
    owner      bytea NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX hold_owners_owner ON hold_owners (owner);
CREATE INDEX hold_owners_made ON hold_owners (made_at);
