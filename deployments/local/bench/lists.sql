-- Fills the record of app @app with @n bookings of a year, and with a fiftieth as many things of every other kind. The indexes of
-- the tables that grow with bookings are made again afterwards, which is faster.
SET synchronous_commit = off;
SET session_replication_role = replica;
SET maintenance_work_mem = '512MB';
SET statement_timeout = 0;
CREATE TABLE bench_indexes AS SELECT indexname, indexdef FROM pg_indexes i
    WHERE schemaname = 'public' AND tablename IN ('bookings', 'customers', 'booking_texts')
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname);
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT * FROM bench_indexes LOOP EXECUTE format('DROP INDEX %I', one.indexname); END LOOP;
END $$;
-- Transactions for the order of changes: 2000, each of which has changed as many bookings.
CREATE TABLE bench_first AS SELECT pg_current_xact_id()::text::bigint AS first;
DO $$ BEGIN FOR i IN 1..2000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$;
INSERT INTO resources (id, app_id, name, email, timezone, created_at)
    SELECT md5('r' || g)::uuid, @app, 'Room ' || g || ' ' || (ARRAY['Süd', 'Nord', 'Ost', 'West'])[1 + g % 4], 'r' || g || '@example.com', 'Europe/Berlin',
        '2025-01-01'::timestamptz + g * interval '1 second' FROM generate_series(1, @n / 50) g;
INSERT INTO calendars (id, app_id, resource_id, name, created_at)
    SELECT md5('c' || g)::uuid, @app, md5('r' || g)::uuid, 'Calendar ' || g, '2025-01-01'::timestamptz + g * interval '1 second' FROM generate_series(1, @n / 50) g;
INSERT INTO projects (id, app_id, name, slug, created_at)
    SELECT md5('p' || g)::uuid, @app, 'Project ' || g, 'p' || g, '2025-01-01'::timestamptz + g * interval '1 second' FROM generate_series(1, @n / 50) g;
INSERT INTO services (id, app_id, name, created_at)
    SELECT md5('s' || g)::uuid, @app, 'Service ' || g, '2025-01-01'::timestamptz + g * interval '1 second' FROM generate_series(1, @n / 50) g;
INSERT INTO locations (id, app_id, name, created_at)
    SELECT md5('l' || g)::uuid, @app, 'Place ' || g, '2025-01-01'::timestamptz + g * interval '1 second' FROM generate_series(1, @n / 50) g;
INSERT INTO resource_credentials (id, app_id, resource_id, type, name, hint, hash, created_at)
    SELECT md5('t' || g)::uuid, @app, md5('r' || g)::uuid, 'server-token', 'Token ' || g, '', md5('t' || g)::bytea, '2025-01-01'::timestamptz + g * interval '1 second'
    FROM generate_series(1, @n / 50) g;
INSERT INTO calendar_events (id, app_id, resource_id, calendar_id, start_at, end_at, what)
    SELECT md5('e' || g)::uuid, @app, md5('r' || 1 + g % 200)::uuid, md5('c' || 1 + g % 200)::uuid, t, t + interval '1 hour', 'Break ' || g
    FROM generate_series(1, @n / 50) g, LATERAL (SELECT '2025-01-01'::timestamptz + g * interval '10 minutes' AS t) x;
CREATE TABLE bench_rows AS SELECT g, ('0190' || lpad(to_hex(g), 8, '0') || '70008' || substr(md5(g::text), 1, 15))::uuid AS id,
    (ARRAY['Anna', 'Bernd', 'Clara', 'David', 'Emma', 'Felix', 'Greta', 'Hans', 'Ida', 'Jonas', 'Karla', 'Lukas', 'Mia', 'Noah', 'Olga', 'Paul', 'Quirin',
        'Rosa', 'Søren', 'Zoë'])[1 + (hashint4(g) & 2147483647) % 20] AS fn,
    initcap(substr(translate(md5((hashint4(g + 7) & 2147483647) % 30000 || ''), '0123456789', 'aeioulnrst'), 1, 4 + g % 6)) AS ln,
    '2025-01-01'::timestamptz + g * (interval '350 days' / @n) AS made
    FROM generate_series(1, @n) g;
INSERT INTO bookings (id, app_id, resource_id, calendar_id, event_id, graph, graph_version, state, start_at, end_at, what, where_at, description, participants,
        settings, meta, created_at, updated_at, entered_at, completed, seq, revision, changed_by)
    SELECT id, @app, md5('r' || 1 + g % 200)::uuid, md5('c' || 1 + g % 200)::uuid, id,
        CASE WHEN g % 10 < 7 THEN 'instant' WHEN g % 10 < 9 THEN 'confirm_decline' ELSE 'instant_payment' END, 1,
        CASE WHEN g % 100 < 60 THEN 'completed' WHEN g % 100 < 85 THEN 'confirmed' WHEN g % 100 < 95 THEN 'cancelled' WHEN g % 100 < 99 THEN 'tentative'
            WHEN g % 100000 = 99 THEN 'error' ELSE 'declined' END,
        made + interval '9 days', made + interval '9 days 30 minutes',
        'Termin ' || (ARRAY['Haarschnitt', 'Beratung', 'Prüfung', 'Massage', 'Kontrolle'])[1 + g % 5] || ' ' || g, 'Raum ' || g % 50, '', '[]', '{}',
        jsonb_build_object('ticket', 'T-' || g, 'source', (ARRAY['web', 'phone', 'app'])[1 + g % 3]), made, made, made, g % 100 < 60, 1, 1,
        ((SELECT first FROM bench_first) + g::bigint * 2000 / @n)::text::xid8
    FROM bench_rows;
-- Bookings of a spring hold their time, unless they are cancelled or declined: those months are asked for calendar entries.
INSERT INTO occupancies (id, app_id, resource_id, booking_id, during, exclusive)
    SELECT gen_random_uuid(), app_id, resource_id, id, tstzrange(start_at, end_at), false
    FROM bookings WHERE app_id = @app AND start_at BETWEEN '2025-02-15' AND '2025-04-15' AND state IN ('completed', 'confirmed', 'tentative');
INSERT INTO customers (id, app_id, booking_id, name, email, phone, voip, timezone, meta)
    SELECT gen_random_uuid(), @app, id, fn || ' ' || ln, lower(fn || '.' || ln) || g % 1000 || '@example.' || (ARRAY['org', 'com', 'net'])[1 + g % 3],
        '+49 ' || 170 + g % 9 || ' ' || 1000000 + (hashint4(g + 3) & 2147483647) % 8999999, '', 'Europe/Berlin', '{"note": "x"}' FROM bench_rows;
INSERT INTO booking_texts (booking_id, words, meta)
    SELECT b.id, concat_ws(E'\n', holdfast_fold(b.what), holdfast_fold(b.where_at), holdfast_customer_words(p)), lower(b.meta::text)
    FROM bench_rows w JOIN bookings b ON b.id = w.id JOIN customers p ON p.booking_id = b.id;
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT * FROM bench_indexes LOOP EXECUTE one.indexdef; END LOOP;
END $$;
DROP TABLE bench_rows, bench_indexes, bench_first;
