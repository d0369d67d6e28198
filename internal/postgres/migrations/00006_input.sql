-- +goose Up
-- jsonb keeps any number and prints it without an exponent: 1e131071 is eight bytes in a body and 131,072 at each read. Numbers in
-- fields of the callers' own are bounded where they are read; here is the bound of last resort, and what was let in before is
-- mended: a number that is longer than 40 characters becomes null. Rows are found without printing them: only a number that is
-- huge, has a fraction, or is a zero with many places can be longer than it was written.

-- +goose StatementBegin
CREATE FUNCTION mend_numbers(j jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    n numeric;
BEGIN
    CASE jsonb_typeof(j)
        WHEN 'number' THEN
            n := j::numeric;
            IF abs(n) >= 1e40 OR scale(n) > 40 THEN
                RETURN 'null'::jsonb;
            END IF;
            RETURN j;
        WHEN 'object' THEN
            RETURN COALESCE((SELECT jsonb_object_agg(key, mend_numbers(value)) FROM jsonb_each(j)), '{}'::jsonb);
        WHEN 'array' THEN
            RETURN COALESCE((SELECT jsonb_agg(mend_numbers(value) ORDER BY place) FROM jsonb_array_elements(j) WITH ORDINALITY AS e(value, place)), '[]'::jsonb);
        ELSE
            RETURN j;
    END CASE;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE
    field record;
BEGIN
    FOR field IN SELECT * FROM (VALUES
        ('bookings', 'meta'), ('customers', 'meta'), ('resources', 'meta'), ('resources', 'availability_constraints'), ('locations', 'meta'),
        ('services', 'meta'), ('projects', 'meta'), ('projects', 'booking'), ('projects', 'ui'), ('projects', 'availability'),
        ('projects', 'availability_constraints'), ('projects', 'reminders'), ('reminders', 'settings'), ('calendar_events', 'settings'),
        ('events', 'data')) AS fields (tab, col)
    LOOP
        EXECUTE format($q$
            UPDATE %1$I SET %2$I = mend_numbers(%2$I) WHERE jsonb_path_exists(%2$I, 'strict $.** ? (@.type() == "number" &&
                (@ >= 1e40 || @ <= -1e40 || @ == 0 || @.floor() != @))')
            $q$, field.tab, field.col);
        CONTINUE WHEN field.tab = 'events'; -- made of the others
        EXECUTE format($q$
            UPDATE %1$I SET %2$I = CASE jsonb_typeof(%2$I) WHEN 'array' THEN '[]'::jsonb ELSE '{}'::jsonb END WHERE length(%2$I::text) > 1048576
            $q$, field.tab, field.col);
        EXECUTE format('ALTER TABLE %1$I ADD CONSTRAINT %3$I CHECK (length(%2$I::text) <= 1048576)',
            field.tab, field.col, field.tab || '_' || field.col || '_size');
    END LOOP;
END
$$;
-- +goose StatementEnd

DROP FUNCTION mend_numbers(jsonb);

-- Tokens that a resource has by its own doing: it signed in, or made them with such a token. They end with its password.
ALTER TABLE resource_credentials ADD COLUMN own boolean NOT NULL DEFAULT false;
UPDATE resource_credentials SET own = true WHERE name = 'sign-in';
