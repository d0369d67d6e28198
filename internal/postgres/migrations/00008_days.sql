-- +goose Up
-- Days off are dates, which stay where they are when their resource moves to another zone; start_at and end_at are the
-- instants they are at now. Null for rows that an older version wrote: then the instants say which dates are meant.
ALTER TABLE calendar_events
    ADD COLUMN start_date date,
    ADD COLUMN end_date   date,
    ADD CONSTRAINT calendar_events_dates CHECK (start_date < end_date);

-- Names that only some machines know. right/ and posix/ are the same zones under another name; posixrules was New York's
-- rules. What localtime was, nobody knows: nothing is offered by it until it is set to a zone.
UPDATE resources SET timezone = regexp_replace(timezone, '^(right|posix)/', '') WHERE timezone ~ '^(right|posix)/';
UPDATE resources SET timezone = 'America/New_York' WHERE timezone = 'posixrules';
UPDATE customers SET timezone = regexp_replace(timezone, '^(right|posix)/', '') WHERE timezone ~ '^(right|posix)/';
UPDATE projects
SET availability = jsonb_set(availability, '{output_timezone}', to_jsonb(regexp_replace(availability->>'output_timezone', '^(right|posix)/', '')))
WHERE availability->>'output_timezone' ~ '^(right|posix)/';
