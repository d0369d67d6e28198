-- +goose Up
-- Functions in SQL are planned anew by each statement that calls them; those in PL/pgSQL once for each connection. Each creation and each
-- transition calls holdfast_now, each creation holdfast_customer_words.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION holdfast_now(app uuid) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (SELECT COALESCE(a.clock_at, clock_timestamp() + make_interval(secs => a.clock_offset / 1000000.0)) FROM apps a WHERE a.id = app);
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION holdfast_customer_words(p customers) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN concat_ws(E'\n', holdfast_fold(p.name), holdfast_fold(p.email),
        translate(regexp_replace(p.phone, '[^0-9]', '', 'g'), '0123456789', 'ABCDEFGHIJ'));
END $$;
-- +goose StatementEnd
