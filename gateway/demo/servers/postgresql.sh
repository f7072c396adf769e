#!/bin/sh
# Makes the demonstration's PostgreSQL databases, and the account by which the gateway reads them and can do no more.
# Run once by the image's own start, or by hand with the usual PG* variables.
set -eu

psql -X -q -v ON_ERROR_STOP=1 -v password="${READER_PASSWORD:?}" -U "${POSTGRES_USER:-postgres}" -d postgres <<'SQL'
create role reader login password :'password';
alter role reader set default_transaction_read_only = on;
SQL

for database in poste_fleet poste_hr city_inventory; do
    psql -X -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres -c "create database $database encoding 'UTF8' template template0"
    psql -X -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d "$database" <<'SQL'
revoke create on schema public from public;
grant usage on schema public to reader;
alter default privileges in schema public grant select on tables to reader;
SQL
done
