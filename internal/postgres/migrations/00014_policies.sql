-- +goose Up
-- Policies: the rules of a business about bookings. Those of an app are part of its settings. A booking keeps the policy that it was
-- made with.
ALTER TABLE projects ADD COLUMN policy jsonb;
ALTER TABLE services ADD COLUMN policy jsonb;
ALTER TABLE bookings
    ADD COLUMN policy jsonb,
    ADD COLUMN first_start timestamptz, -- where it was moved: the start before all moves
    ADD COLUMN moves integer NOT NULL DEFAULT 0; -- by its customer

-- The rules that an action was not held to.
ALTER TABLE actions ADD COLUMN lifted text[];
ALTER TABLE transitions ADD COLUMN lifted text[];

-- What limits count: for a subject in a period, how much is taken. The entries say by which bookings. Whoever enters or leaves
-- locks all of its buckets first, in the order of their keys, before time or seats.
CREATE TABLE limit_buckets (
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name text NOT NULL, -- scope, subject and unit: see policy.Limit.Name
    first date NOT NULL, -- of the period, in the zone of the resource
    taken bigint NOT NULL DEFAULT 0,
    CONSTRAINT limit_buckets_pkey PRIMARY KEY (app_id, name, first)
);
CREATE INDEX limit_buckets_first ON limit_buckets (first);
CREATE TABLE limit_entries (
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    app_id uuid NOT NULL,
    name text NOT NULL,
    first date NOT NULL,
    amount integer NOT NULL,
    claimed boolean NOT NULL DEFAULT false, -- for an action that is not decided yet, as of occupancies
    CONSTRAINT limit_entries_pkey PRIMARY KEY (booking_id, name, first)
);

-- The counts follow the entries, whatever way an entry goes.
-- +goose StatementBegin
CREATE FUNCTION holdfast_count_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE limit_buckets k SET taken = taken + NEW.amount WHERE (k.app_id, k.name, k.first) = (NEW.app_id, NEW.name, NEW.first);
        RETURN NEW;
    END IF;
    UPDATE limit_buckets k SET taken = taken - OLD.amount WHERE (k.app_id, k.name, k.first) = (OLD.app_id, OLD.name, OLD.first);
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER limit_entries_counted AFTER INSERT OR DELETE ON limit_entries FOR EACH ROW EXECUTE FUNCTION holdfast_count_entry();

-- leave takes a booking out of its buckets, or out of those that it has claimed only. It locks them in order first.
-- +goose StatementBegin
CREATE FUNCTION holdfast_leave_buckets(booking uuid, only_claimed boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM limit_buckets k JOIN limit_entries e ON (e.app_id, e.name, e.first) = (k.app_id, k.name, k.first)
        WHERE e.booking_id = booking AND (e.claimed OR NOT only_claimed)
        ORDER BY k.name COLLATE "C", k.first FOR NO KEY UPDATE OF k;
    DELETE FROM limit_entries e WHERE e.booking_id = booking AND (e.claimed OR NOT only_claimed);
END $$;
-- +goose StatementEnd

-- release gives back what is counted for a claim, too: first, since buckets are locked before time and seats.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION holdfast_release_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM actions a WHERE a.booking_id = OLD.booking_id AND a.status = 'pending' AND a.claims) THEN
        RETURN NULL;
    END IF;
    PERFORM holdfast_leave_buckets(OLD.booking_id, true);
    DELETE FROM occupancies o WHERE o.booking_id = OLD.booking_id AND o.claimed AND o.claimant IS NULL;
    DELETE FROM occupancies o WHERE o.claimant = OLD.booking_id;
    WITH seat AS (DELETE FROM seats WHERE booking_id = OLD.booking_id AND claimed RETURNING session_id)
    UPDATE sessions SET taken = taken - 1 WHERE booking_id IN (SELECT session_id FROM seat);
    RETURN NULL;
END $$;
-- +goose StatementEnd
