-- name: tables
-- About how many rows each table has.
select table_name as name, estimated_size as rows
from duckdb_tables()
where not internal and not temporary
order by table_name;

-- name: sources
-- How many files of each kind are in which state.
select
    kind, representation, state, archived, error_code, count(*) as sources,
    sum(size)::bigint as bytes, sum(behind)::bigint as behind, sum(rejected)::bigint as rejected,
    sum(rewrites)::bigint as rewrites
from v_sources
group by all
order by all;

-- name: batches
-- How many batches are in which state, and with which error.
select kind, state, error_code, error_class, count(*) as batches, max(attempts) as most_attempts
from v_batches
group by all
order by all;

-- name: rejects
-- Why lines were rejected.
select reason, sum(lines)::bigint as lines, sum(extent)::bigint as bytes
from v_rejects
group by all
order by all;

-- name: sessions
-- How many sessions of each generation and Codex end how.
select generation, cli_version, turn_state, count(*) as sessions
from v_sessions
group by all
order by all;

-- name: orders
-- What people ordered, and what became of it.
select verb, state, count(*) as orders from v_commands group by all order by all;

-- name: samples
-- How the last day ran, as far as there was anything to do.
select
    count(*) as minutes, max(behind_bytes) as most_behind, sum(failures)::bigint as failures,
    max(slowest_seconds) as slowest_seconds, sum(bytes_read)::bigint as bytes_read,
    sum(lines)::bigint as lines
from v_samples
where time > $since::timestamp;
