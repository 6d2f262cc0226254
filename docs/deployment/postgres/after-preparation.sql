-- Takes back what roles.sql gave too much of, in the schema `everstate`. Run by the owner, after each preparation:
--   psql "$OWNER_URL" -f after-preparation.sql

-- Nodes look at these, and change nothing: which journal it is, and which migrations it has.
revoke insert, update, delete, truncate on everstate.journals, everstate.migrations from everstate_service;
-- Only read models are ever emptied.
revoke truncate on all tables in schema everstate from everstate_service;
-- An offset is moved, never removed; a dead letter is put aside and looked at by people.
revoke delete on everstate.projections from everstate_service;
revoke select, update, delete on everstate.projection_dead_letters from everstate_service;
revoke delete on everstate.snapshots from everstate_service;
-- Snapshots hold the state of actors.
revoke usage on schema everstate from everstate_reader;
