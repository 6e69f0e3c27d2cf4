-- name: limit
-- Bound how long the statements of this transaction may take and wait; nothing outlives it.
select
    set_config('statement_timeout', %(statement)s, true),
    set_config('lock_timeout', %(lock)s, true),
    set_config('timezone', 'UTC', true),
    set_config('search_path', 'pg_catalog', true);

-- name: is_there
-- Whether the schema is there, and whether this role may use it.
select
    to_regclass('tailboard.migrations') is not null as there
where exists (
    select from pg_namespace
    where nspname = 'tailboard' and has_schema_privilege(current_user, oid, 'usage')
);

-- name: version
-- The newest migration that was applied.
select coalesce(max(version), 0) as version from tailboard.migrations;

-- name: begin
-- Before the first migration.
create schema if not exists tailboard;
create table if not exists tailboard.migrations (
    version integer primary key, name text not null, applied_at timestamptz not null default now()
);
revoke all on schema tailboard from public;

-- name: lock
-- One process migrates at a time; until the end of the transaction.
select pg_advisory_xact_lock(7317);

-- name: applied
-- Record a migration.
insert into tailboard.migrations (version, name) values (%(version)s, %(name)s);
