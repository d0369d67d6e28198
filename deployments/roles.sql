-- The roles and databases of a new Postgres: one role each for Holdfast and Temporal, neither a superuser, each the owner of its own
-- databases and unable to connect to the other's. For psql, as a superuser:
--
--   psql -v ON_ERROR_STOP=1 -v holdfast_password=… -v temporal_password=… -f roles.sql
--
-- The extensions that both need (btree_gist, btree_gin) are trusted: whoever owns a database may create them in it.
CREATE ROLE holdfast LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'holdfast_password';
CREATE ROLE temporal LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'temporal_password';
CREATE DATABASE holdfast OWNER holdfast;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE ALL ON DATABASE holdfast FROM PUBLIC;
REVOKE ALL ON DATABASE temporal FROM PUBLIC;
REVOKE ALL ON DATABASE temporal_visibility FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
