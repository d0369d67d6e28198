-- +goose Up
-- Contested time is claimed when an action is accepted, and reserved when it is committed. A claim is a row of occupancies, or a
-- seat, with claimed = true. It lives as long as a pending action that needs it.

-- claimed is in no index, so that the commit's UPDATE is a heap-only one; the free space on each page is for that.
-- claimant is set where a new booking is to take another one's place: its claim stands among the other's rows, which therefore
-- do not exclude it. It is never changed.
-- A claim is written before the booking that it is for; hence the deferred checks.
ALTER TABLE occupancies
    ADD COLUMN claimed  boolean NOT NULL DEFAULT false,
    ADD COLUMN claimant uuid CONSTRAINT occupancies_claimant_fkey REFERENCES bookings ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT occupancies_claim CHECK (claimed OR claimant IS NULL),
    ALTER CONSTRAINT occupancies_booking_id_fkey DEFERRABLE INITIALLY DEFERRED,
    SET (fillfactor = 85);
CREATE INDEX occupancies_claimant ON occupancies (claimant) WHERE claimant IS NOT NULL;

ALTER TABLE seats
    ADD COLUMN claimed boolean NOT NULL DEFAULT false,
    ALTER CONSTRAINT seats_booking_id_fkey DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE actions ADD COLUMN claims boolean NOT NULL DEFAULT false; -- needs what its booking has claimed

-- Bookings that are to take another one's place and are not decided yet, by that one.
CREATE INDEX bookings_undecided ON bookings (COALESCE(rescheduled_from, reservation_id))
    WHERE seq = 0 AND COALESCE(rescheduled_from, reservation_id) IS NOT NULL;

-- refuse ends a transaction with the name of a rule that it would break, as a constraint does.
-- +goose StatementBegin
CREATE FUNCTION holdfast_refuse(rule text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = 'refused by ' || rule, CONSTRAINT = rule;
END $$;
-- +goose StatementEnd

-- release gives a booking's claim back when the last action that needs it has ended without taking it, whoever ended it.
-- +goose StatementBegin
CREATE FUNCTION holdfast_release_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM actions a WHERE a.booking_id = OLD.booking_id AND a.status = 'pending' AND a.claims) THEN
        RETURN NULL;
    END IF;
    DELETE FROM occupancies o WHERE o.booking_id = OLD.booking_id AND o.claimed AND o.claimant IS NULL;
    DELETE FROM occupancies o WHERE o.claimant = OLD.booking_id;
    WITH seat AS (DELETE FROM seats WHERE booking_id = OLD.booking_id AND claimed RETURNING session_id)
    UPDATE sessions SET taken = taken - 1 WHERE booking_id IN (SELECT session_id FROM seat);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER actions_release_decided AFTER UPDATE OF status ON actions FOR EACH ROW
    WHEN (OLD.status = 'pending' AND NEW.status <> 'pending' AND NEW.claims) EXECUTE FUNCTION holdfast_release_claim();
CREATE TRIGGER actions_release_deleted AFTER DELETE ON actions FOR EACH ROW
    WHEN (OLD.status = 'pending' AND OLD.claims) EXECUTE FUNCTION holdfast_release_claim();
