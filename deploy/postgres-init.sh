#!/bin/bash
# Creates calltrail's role and database: run once by the postgres image, on an empty volume.
# The role owns its database and may create the group roles that `calltrail migrate` needs; it is no superuser,
# because row-level security does not hold for one.
set -euo pipefail
: "${CALLTRAIL_DATABASE_PASSWORD:?is missing: deploy/generate-env writes it into deploy/postgres.env}"

# \getenv keeps the password off the command line; :'…' quotes it.
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv password CALLTRAIL_DATABASE_PASSWORD
-- Must not reach the server's log, not even when it logs statements.
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
create role calltrail login createrole nosuperuser nobypassrls password :'password';
create database calltrail owner calltrail encoding 'UTF8' template template0;
SQL
