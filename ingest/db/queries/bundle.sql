-- name: tables
-- The estimated number of rows of each table.
select table_name as name, estimated_size as rows
from duckdb_tables()
where not internal and not temporary
order by table_name;

-- name: sources
-- Number of sources by kind and state.
select
    kind, representation, state, archived, error_code, count(*) as sources,
    sum(size)::bigint as bytes, sum(behind)::bigint as behind, sum(rejected)::bigint as rejected,
    sum(rewrites)::bigint as rewrites
from v_sources
group by all
order by all;

-- name: batches
-- Number of batches by state and error.
select kind, state, error_code, error_class, count(*) as batches, max(attempts) as most_attempts
from batches
where kind <> 'ingest' or state not in ('completed', 'completed_empty', 'superseded')
group by all
union all by name
select kind, state, batches, 0 as most_attempts
from v_batch_counts
where kind = 'ingest' and state in ('completed', 'completed_empty', 'superseded')
order by all;

-- name: rejects
-- Number of rejected lines by reason.
select reason, sum(lines)::bigint as lines, sum(extent)::bigint as bytes
from v_rejects
group by all
order by all;

-- name: sessions
-- Number of sessions by generation, version of Codex and state of the last turn.
select generation, cli_version, turn_state, count(*) as sessions
from v_sessions
group by all
order by all;

-- name: orders
-- Number of commands by verb and state.
select verb, state, count(*) as orders from v_commands group by all order by all;

-- name: samples
-- Totals of the last day's samples.
select
    count(*) as minutes, max(behind_bytes) as most_behind, sum(failures)::bigint as failures,
    max(slowest_seconds) as slowest_seconds, sum(bytes_read)::bigint as bytes_read,
    sum(lines)::bigint as lines
from v_samples
where time > $since::timestamp;
