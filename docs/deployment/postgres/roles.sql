-- Roles of one system, for its database. Run once, by a superuser or by whoever owns the database, in that database:
--   psql "$ADMIN_URL" -f roles.sql
-- Then give each a password (psql: \password everstate_owner) and start the preparing node (docs/DEPLOYMENT.md).

-- Owns the tables: migrates at the start of a new release, and makes the tables of new projections.
create role everstate_owner login;
-- What nodes run as: rows, and no tables.
create role everstate_service login;
-- What reads the read models, a Query API for example.
create role everstate_reader login;

-- Needed for those below, where this is not run by a superuser.
grant everstate_owner to current_user;

do $$
begin
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to everstate_owner, everstate_service, everstate_reader', current_database());
  execute format('grant create on database %I to everstate_owner', current_database());
end
$$;

-- Every version of a projection has a schema of its own, which the owner makes: whatever it makes, these may use.
-- `truncate` is for rebuilds of projections; without it nodes delete the rows.
alter default privileges for role everstate_owner grant usage on schemas to everstate_service, everstate_reader;
alter default privileges for role everstate_owner grant select, insert, update, delete, truncate on tables to everstate_service;
alter default privileges for role everstate_owner grant select on tables to everstate_reader;
-- A projection in SQL may have `serial` columns.
alter default privileges for role everstate_owner grant usage on sequences to everstate_service;
