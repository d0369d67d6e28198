-- +goose Up
-- Resources that are several of a kind: at every moment, bookings take at most so many units as there are. A resource of one unit is
-- kept by the exclusion constraint, as ever. Of one with more, the rows of bookings are not exclusive: they are counted, under the
-- resource's advisory lock. An event keeps all units. Rows stay as they are when the capacity changes.
ALTER TABLE resources ADD COLUMN capacity integer NOT NULL DEFAULT 1 CONSTRAINT resources_capacity CHECK (capacity BETWEEN 1 AND 10000);
ALTER TABLE bookings ADD COLUMN units integer NOT NULL DEFAULT 1 CONSTRAINT bookings_units CHECK (units BETWEEN 1 AND 10000);

-- around is, in the row of a buffer, the time that it is around. Rows of before, and of an older process, do not have it.
ALTER TABLE occupancies
    ADD COLUMN units integer NOT NULL DEFAULT 1,
    ADD COLUMN around tstzrange;

-- lock_capacity keeps a resource's capacity as it is until the end of the transaction; whoever changes it takes the same lock alone.
-- lock_slots does so for a transaction that takes time. It also takes the resource's slots lock where asked to, or where units are
-- counted. Each statement in here sees what was committed before it.
-- +goose StatementBegin
CREATE FUNCTION holdfast_lock_slots(resource uuid, alone boolean) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(resource::text, 1));
    IF alone OR (SELECT r.capacity > 1 FROM resources r WHERE r.id = resource) THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(resource::text, 0));
    END IF;
END $$;
-- +goose StatementEnd

-- loads are what is taken of resources in a window, as counted: side 'in' is a thing itself, 'before' and 'after' are the parts of its
-- buffer, unless that keeps clear of others' buffers too, which makes it part of the thing. A claim in the place of another booking
-- counts where, and by as much as, it takes more than that one. units is NULL for an event: it takes all.
-- +goose StatementBegin
CREATE FUNCTION holdfast_loads(resources uuid[], since timestamptz, until timestamptz)
RETURNS TABLE (resource_id uuid, holder_id uuid, claimant uuid, event_id uuid, claimed boolean, side text, span tstzrange, units integer, all_day boolean)
LANGUAGE sql STABLE AS $$
    WITH taken AS MATERIALIZED (
        SELECT o.*, COALESCE(lower(o.layer) > 0, false) AS guard FROM unnest(resources) wanted (id)
        JOIN occupancies o ON o.resource_id = wanted.id AND o.exclusive AND o.during && tstzrange(since, until, '[)')
        UNION ALL
        SELECT o.*, COALESCE(lower(o.layer) > 0, false) FROM unnest(resources) wanted (id)
        JOIN occupancies o ON o.resource_id = wanted.id AND NOT o.exclusive AND o.during && tstzrange(since, until, '[)')
    ), parts AS (
        SELECT r.resource_id, r.holder_id, r.claimant, r.event_id, r.claimed, 'in' AS side, r.during AS span, r.units,
            COALESCE(upper(r.layer) <= 0, false) AS all_day
        FROM taken r WHERE NOT r.guard
        UNION ALL
        SELECT r.resource_id, r.holder_id, r.claimant, r.event_id, r.claimed,
            CASE WHEN r.layer @> 9223372036854775806 THEN 'in' ELSE p.side END, p.span, r.units, false
        FROM (SELECT g.*, COALESCE(g.around, (
                SELECT m.during FROM occupancies m WHERE m.booking_id = g.booking_id AND m.resource_id = g.resource_id
                    AND m.claimant IS NOT DISTINCT FROM g.claimant AND NOT COALESCE(lower(m.layer) > 0, false) LIMIT 1), g.during) AS core
            FROM taken g WHERE g.guard) r
        CROSS JOIN LATERAL (VALUES
            ('before', tstzrange(lower(r.during), lower(r.core), '[)')),
            ('after', tstzrange(upper(r.core), upper(r.during), '[)'))) p (side, span)
        WHERE NOT isempty(p.span)
    )
    SELECT p.resource_id, p.holder_id, p.claimant, p.event_id, p.claimed, p.side, p.span,
        CASE WHEN p.event_id IS NULL THEN p.units END, p.all_day
    FROM parts p WHERE p.claimant IS NULL
    UNION ALL
    SELECT p.resource_id, p.holder_id, p.claimant, p.event_id, p.claimed, p.side, more.span, more.units, p.all_day
    FROM parts p CROSS JOIN LATERAL (
        SELECT COALESCE(range_agg(h.span), '{}') AS spans, COALESCE(max(h.units), 0) AS units FROM parts h
        WHERE h.resource_id = p.resource_id AND h.holder_id = p.holder_id AND h.claimant IS NULL AND h.side IN ('in', p.side)) held
    CROSS JOIN LATERAL (
        SELECT unnest(tstzmultirange(p.span) - held.spans) AS span, p.units
        UNION ALL SELECT unnest(tstzmultirange(p.span) * held.spans), p.units - held.units) more
    WHERE p.claimant IS NOT NULL AND more.units > 0
$$;
-- +goose StatementEnd

-- fits is true where units fit into a resource of a capacity: at every moment of the time and its buffer there are enough, or no
-- more are taken than ours take by now. At a moment as many are taken as things are in, and the larger of what lies before and what
-- lies after things: a buffer before may lie above one after. All-day events do not reach into the buffer.
-- +goose StatementBegin
CREATE FUNCTION holdfast_fits(
    resource uuid, capacity integer, ours uuid[], wanted integer, since timestamptz, until timestamptz,
    around_from timestamptz, around_to timestamptz, sums boolean, beside_days boolean
) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        WITH loads AS (
            SELECT l.side, COALESCE(l.units, capacity) AS n, l.holder_id = ANY(ours) AS own, false AS fresh,
                GREATEST(lower(l.span), CASE WHEN l.all_day THEN since ELSE around_from END) AS begins,
                LEAST(upper(l.span), CASE WHEN l.all_day THEN until ELSE around_to END) AS ends
            FROM holdfast_loads(ARRAY[resource], around_from, around_to) l WHERE NOT (l.all_day AND beside_days)
            UNION ALL SELECT 'in', wanted, false, true, since, until
            UNION ALL SELECT CASE WHEN sums THEN 'in' ELSE 'before' END, wanted, false, true, around_from, since
            UNION ALL SELECT CASE WHEN sums THEN 'in' ELSE 'after' END, wanted, false, true, until, around_to
        ), steps AS (
            SELECT begins AS at, side, n, own, fresh FROM loads WHERE begins < ends
            UNION ALL SELECT ends, side, -n, own, fresh FROM loads WHERE begins < ends
        ), running AS (
            SELECT sum(n) FILTER (WHERE side = 'in' AND NOT own) OVER w AS in_then,
                sum(n) FILTER (WHERE side = 'before' AND NOT own) OVER w AS before_then,
                sum(n) FILTER (WHERE side = 'after' AND NOT own) OVER w AS after_then,
                sum(n) FILTER (WHERE side = 'in' AND NOT fresh) OVER w AS in_now,
                sum(n) FILTER (WHERE side = 'before' AND NOT fresh) OVER w AS before_now,
                sum(n) FILTER (WHERE side = 'after' AND NOT fresh) OVER w AS after_now
            FROM steps WINDOW w AS (ORDER BY at)
        ), taken AS (
            SELECT COALESCE(in_then, 0) + GREATEST(before_then, after_then, 0) AS later, COALESCE(in_now, 0) + GREATEST(before_now, after_now, 0) AS now
            FROM running)
        SELECT bool_and(later <= capacity OR later <= now) FROM taken);
END $$;
-- +goose StatementEnd
