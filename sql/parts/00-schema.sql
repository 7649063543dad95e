-- Everything below is written with qualified names and only creates, so that
-- nothing a user left in the database can be picked up or replaced.
SET LOCAL search_path = pg_catalog, pg_temp;

CREATE SCHEMA charmbills;
COMMENT ON SCHEMA charmbills IS 'charmbills: Bitcoin subscription billing';
