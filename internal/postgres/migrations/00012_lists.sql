-- +goose Up
-- Lists: an index for every order and search that the API offers, the order of changes for readers that follow a list, and the texts
-- that bookings are found by.

-- pg_trgm finds parts of words and words with typing errors by an index. It is a trusted extension: the owner of the database may
-- create it, and managed services offer it.
-- +goose StatementBegin
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'Holdfast needs the extension pg_trgm, and this role may not create it'
            USING HINT = 'Let the owner of the database, or a superuser, run CREATE EXTENSION pg_trgm; in this database, then migrate again.';
    WHEN undefined_file OR feature_not_supported THEN
        RAISE EXCEPTION 'Holdfast needs the extension pg_trgm, and this server does not have it'
            USING HINT = 'Install PostgreSQL''s contrib extensions (Debian: part of postgresql; others: postgresql-contrib), then migrate again.';
END $$;
-- +goose StatementEnd

-- A text without case, accents and ligatures. What NFKD does not take apart is replaced by hand.
-- +goose StatementBegin
CREATE FUNCTION holdfast_fold(given text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(normalize(replace(translate(lower(given), 'øłđðı', 'olddi'), 'ß', 'ss'), NFKD), '[\u0300-\u036F]', '', 'g')
$$;
-- +goose StatementEnd

-- Readers follow a list in the order of (changed_by, id), and see only rows of transactions before the oldest that is still open: times
-- are not in the order of commits. Rows from before this migration stand in the order of their ids. The default comes second, so
-- that no table is rewritten.
-- +goose StatementBegin
CREATE FUNCTION holdfast_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_by := pg_current_xact_id();
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['bookings', 'resources', 'projects', 'services', 'locations', 'calendars', 'resource_credentials', 'public_links'] LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN changed_by xid8 NOT NULL DEFAULT ''3''', name);
        EXECUTE format('ALTER TABLE %I ALTER COLUMN changed_by SET DEFAULT pg_current_xact_id()', name);
        EXECUTE format('CREATE INDEX %I ON %I (app_id, changed_by, id)', name || '_changed', name);
        IF name <> 'resource_credentials' THEN -- which are made and deleted, and not changed
            EXECUTE format('CREATE INDEX %I ON %I (app_id, updated_at, id)', name || '_updated', name);
            EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OF updated_at ON %I FOR EACH ROW EXECUTE FUNCTION holdfast_changed()',
                name || '_changed', name);
        END IF;
    END LOOP;
END $$;
-- +goose StatementEnd

-- The orders of bookings, and their times as ranges: two comparisons with one end each would read half of the table.
DROP INDEX bookings_app_start;
CREATE INDEX bookings_app_start ON bookings (app_id, start_at, id);
CREATE INDEX bookings_app_end ON bookings (app_id, end_at, id);
CREATE INDEX bookings_app_completed ON bookings (app_id, completed, id);
CREATE INDEX bookings_app_graph ON bookings (app_id, graph, id);
CREATE INDEX bookings_app_state ON bookings (app_id, state, id);
CREATE INDEX bookings_resource_created ON bookings (resource_id, created_at, id);
CREATE INDEX bookings_app_during ON bookings USING gist (app_id, tstzrange(start_at, end_at));
CREATE INDEX bookings_calendar ON bookings (calendar_id);
CREATE INDEX calendar_events_app_during ON calendar_events USING gist (app_id, tstzrange(start_at, end_at));
CREATE INDEX calendars_app ON calendars (app_id, created_at, id);
CREATE INDEX resource_credentials_app ON resource_credentials (app_id, created_at, id);

-- What a booking is found by of a customer. The digits of a telephone number are written as capitals, which nothing folded has: two of
-- them in a title are no part of a number.
-- +goose StatementBegin
CREATE FUNCTION holdfast_customer_words(p customers) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT concat_ws(E'\n', holdfast_fold(p.name), holdfast_fold(p.email),
        translate(regexp_replace(p.phone, '[^0-9]', '', 'g'), '0123456789', 'ABCDEFGHIJ'))
$$;
-- +goose StatementEnd

-- What bookings are found by. words are the title, the place, and the customers' names, addresses and numbers, folded, a line each;
-- meta is that of the booking in lower case. Personal data: it goes with its booking. It stands apart from the booking, which is
-- written to at each transition, and with it all indexes of its row.
CREATE TABLE booking_texts (
    booking_id uuid PRIMARY KEY REFERENCES bookings ON DELETE CASCADE,
    words      text NOT NULL,
    meta       text NOT NULL
);
INSERT INTO booking_texts (booking_id, words, meta)
    SELECT b.id, concat_ws(E'\n', holdfast_fold(b.what), holdfast_fold(b.where_at), (
        SELECT string_agg(holdfast_customer_words(p), E'\n' ORDER BY p.id) FROM customers p WHERE p.booking_id = b.id)), lower(b.meta::text)
    FROM bookings b;
CREATE INDEX booking_texts_words ON booking_texts USING gin (words gin_trgm_ops);
CREATE INDEX booking_texts_meta ON booking_texts USING gin (meta gin_trgm_ops);
CREATE INDEX customers_texts ON customers USING gin (lower(name) gin_trgm_ops, lower(email) gin_trgm_ops, lower(phone) gin_trgm_ops,
    lower(voip) gin_trgm_ops, lower(timezone) gin_trgm_ops, lower(meta::text) gin_trgm_ops);
CREATE INDEX customers_name ON customers (lower(name) text_pattern_ops); -- whole values and beginnings
CREATE INDEX customers_email ON customers (lower(email) text_pattern_ops);
CREATE INDEX customers_phone ON customers (lower(phone) text_pattern_ops);
CREATE INDEX customers_voip ON customers (lower(voip) text_pattern_ops);

-- The names that other things are found by.
CREATE INDEX resources_texts ON resources USING gin (lower(name) gin_trgm_ops, lower(email) gin_trgm_ops, holdfast_fold(name) gin_trgm_ops);
CREATE INDEX projects_texts ON projects USING gin (lower(name) gin_trgm_ops, lower(slug) gin_trgm_ops);
CREATE INDEX services_texts ON services USING gin (lower(name) gin_trgm_ops);
CREATE INDEX locations_texts ON locations USING gin (lower(name) gin_trgm_ops);
CREATE INDEX calendars_texts ON calendars USING gin (lower(name) gin_trgm_ops);
CREATE INDEX resource_credentials_texts ON resource_credentials USING gin (lower(name) gin_trgm_ops);
