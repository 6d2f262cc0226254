#!/bin/sh
# Gives the roles of roles.sql their passwords, once, at the database's first start.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v owner="$OWNER_PASSWORD" -v service="$ROWS_PASSWORD" -v reader="$READER_PASSWORD" <<'SQL'
alter role everstate_owner password :'owner';
alter role everstate_service password :'service';
alter role everstate_reader password :'reader';
SQL
