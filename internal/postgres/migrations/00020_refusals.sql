-- +goose Up
-- What an action was not held to is part of its event, and what refused it is a field of its outcome.
ALTER TABLE events ADD COLUMN lifted text[];
ALTER TABLE actions ADD COLUMN rule jsonb; -- with a refusal: {"name","limit","ends_at"}; null where no rule or bound in time refused
