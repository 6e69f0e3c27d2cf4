-- name: add_sample
insert into samples by name
select
    $time::timestamp as time, $seconds::double as seconds, $version as version,
    $behind_bytes::bigint as behind_bytes, $stale_sources::integer as stale_sources,
    $database_bytes::bigint as database_bytes, $landings::integer as landings,
    $batches::integer as batches, $failures::integer as failures,
    $batch_seconds::double as batch_seconds, $slowest_seconds::double as slowest_seconds,
    $bytes_read::bigint as bytes_read, $bytes_new::bigint as bytes_new, $lines::bigint as lines,
    $facts::bigint as facts, $unchanged::bigint as unchanged,
    $nothing_new::bigint as nothing_new, $begun::bigint as begun, $appended::bigint as appended,
    $reread::bigint as reread, $rewritten::bigint as rewritten;

-- name: span
-- The time range of the samples.
select min(time) as first, max(time) as last, count(*) as samples
from samples
where ($since::timestamp is null or time >= $since::timestamp)
and ($until::timestamp is null or time < $until::timestamp);

-- name: series
-- Samples aggregated in intervals of some seconds.
select
    time_bucket(to_seconds($width::bigint), time) as time, sum(seconds) as seconds,
    max(behind_bytes) as behind_bytes, arg_max(behind_bytes, time) as behind_at_end,
    arg_max(stale_sources, time) as stale_sources, max(database_bytes) as database_bytes,
    sum(landings)::bigint as landings, sum(batches)::bigint as batches,
    sum(failures)::bigint as failures, sum(batch_seconds) as batch_seconds,
    max(slowest_seconds) as slowest_seconds, sum(bytes_read)::bigint as bytes_read,
    sum(bytes_new)::bigint as bytes_new, sum(lines)::bigint as lines, sum(facts)::bigint as facts,
    sum(unchanged)::bigint as unchanged, sum(nothing_new)::bigint as nothing_new,
    sum(begun)::bigint as begun, sum(appended)::bigint as appended,
    sum(reread)::bigint as reread, sum(rewritten)::bigint as rewritten
from (
    from samples
    where ($since::timestamp is null or time >= $since::timestamp)
    and ($until::timestamp is null or time < $until::timestamp)
)
group by 1
order by 1;

-- name: distributions
-- Distributions of tokens per turn, of the lengths of turns, commands and messages, and of batches.
with chosen as (
    select source from segments where $version::varchar is null or cli_version = $version::varchar
),
measured as (
    select
        'tokens_per_turn' as name, 'tokens' as unit, min(time) as time,
        sum(total)::double as value
    from v_usage
    where source in (from chosen)
    group by source, turn
    union all
    select 'output_tokens_per_turn', 'tokens', min(time), sum(output)::double
    from v_usage
    where source in (from chosen)
    group by source, turn
    union all
    select 'turn_seconds', 'seconds', started_at, seconds
    from v_turns
    where source in (from chosen) and seconds is not null
    and state not in ('reverted', 'rolled_back')
    union all
    select 'command_seconds', 'seconds', time, seconds
    from v_calls
    where source in (from chosen) and kind = 'command' and seconds is not null
    union all
    select 'message_chars', 'characters', time, chars::double
    from v_messages
    where source in (from chosen)
    union all
    select role || '_message_chars', 'characters', time, chars::double
    from v_messages
    where source in (from chosen) and role in ('user', 'assistant')
    union all
    select 'batch_seconds', 'seconds', updated_at, seconds
    from v_batches
    where source in (from chosen) and kind = 'ingest' and seconds is not null
)
select
    name, unit, count(*) as count, quantile_cont(value, 0.5) as p50,
    quantile_cont(value, 0.9) as p90, quantile_cont(value, 0.99) as p99, max(value) as max,
    avg(value) as mean
from measured
where ($since::timestamp is null or time >= $since::timestamp)
and ($until::timestamp is null or time < $until::timestamp)
group by name, unit
order by name;

-- name: coverage
-- How many sessions have a folder, a title and a plan.
select
    count(*) as sessions, count(*) filter ("commit" is not null or branch is not null) as git,
    count(*) filter (title is not null) as title, count(*) filter (plan_revision > 0) as plan
from v_sessions
where ($version::varchar is null or cli_version = $version::varchar)
and ($since::timestamp is null or coalesce(started_at, last_at) >= $since::timestamp)
and ($until::timestamp is null or coalesce(started_at, last_at) < $until::timestamp);

-- name: kinds
-- Lines and bytes of these sessions' files by kind of record, with copied history apart.
with chosen as (
    select kinds, replayed_lines, replayed_bytes from segments
    where ($version::varchar is null or cli_version = $version::varchar)
    and ($since::timestamp is null or coalesce(started_at, first_at) >= $since::timestamp)
    and ($until::timestamp is null or coalesce(started_at, first_at) < $until::timestamp)
)
select
    key as kind, sum(cast(json_extract(value, '$[0]') as bigint))::bigint as lines,
    sum(cast(json_extract(value, '$[1]') as bigint))::bigint as bytes
from (
    select unnest(
        map_entries(cast(cast(kinds as json) as map(varchar, json))), recursive := true
    )
    from chosen
)
group by all
union all
select
    'replayed', coalesce(sum(replayed_lines), 0)::bigint,
    coalesce(sum(replayed_bytes), 0)::bigint
from chosen;

-- name: could_go
-- Old data that could be deleted, by place; deletes nothing.
select
    'batch_history' as what, count(*) as items, null::bigint as bytes
from batches
where state in ('completed', 'completed_empty', 'superseded')
and updated_at < $before::timestamp
union all
select 'archived_facts', count(*), sum(size)::bigint
from v_sources v
join segments g on g.source = v.id
where v.archived and v.state = 'following' and g.last_at < $before::timestamp
union all
select 'archived_files', count(*), sum(size)::bigint
from v_sources v
join segments g on g.source = v.id
where v.archived and v.state = 'following' and v.representation = 'plain'
and g.last_at < $before::timestamp
union all
select 'copied_history', count(*) filter (replayed_bytes > 0), sum(replayed_bytes)::bigint
from segments;

-- name: grown
-- Bytes that Codex wrote, by the quarter of an hour in which its sessions began: days depend on the
-- time zone.
select
    time_bucket(interval 15 minutes, coalesce(g.started_at, g.first_at)) as time,
    count(*) as sessions, sum(s.size)::bigint as bytes
from segments g
join sources s on s.id = g.source
where ($since::timestamp is null or coalesce(g.started_at, g.first_at) >= $since::timestamp)
and ($until::timestamp is null or coalesce(g.started_at, g.first_at) < $until::timestamp)
group by 1
order by 1;

-- name: tables
-- The size of each table on disk. A block that several tables share is divided among them.
with placed as (
    select 'turns' as name, * from pragma_storage_info('turns')
    union all select 'messages' as name, * from pragma_storage_info('messages')
    union all select 'calls' as name, * from pragma_storage_info('calls')
    union all select 'files' as name, * from pragma_storage_info('files')
    union all select 'plans' as name, * from pragma_storage_info('plans')
    union all select 'goals' as name, * from pragma_storage_info('goals')
    union all select 'agents' as name, * from pragma_storage_info('agents')
    union all select 'events' as name, * from pragma_storage_info('events')
    union all select 'rollbacks' as name, * from pragma_storage_info('rollbacks')
    union all select 'usage' as name, * from pragma_storage_info('usage')
    union all select 'prompts' as name, * from pragma_storage_info('prompts')
    union all select 'names' as name, * from pragma_storage_info('names')
    union all select 'rejects' as name, * from pragma_storage_info('rejects')
    union all select 'segments' as name, * from pragma_storage_info('segments')
    union all select 'sources' as name, * from pragma_storage_info('sources')
    union all select 'cursors' as name, * from pragma_storage_info('cursors')
    union all select 'batches' as name, * from pragma_storage_info('batches')
    union all select 'batch_moves' as name, * from pragma_storage_info('batch_moves')
    union all select 'samples' as name, * from pragma_storage_info('samples')
    union all select 'notes' as name, * from pragma_storage_info('notes')
    union all select 'pruned' as name, * from pragma_storage_info('pruned')
),
blocks as (
    select distinct name, block_id from (
        select name, block_id from placed where persistent
        union all
        select name, unnest(additional_block_ids) from placed where persistent
    )
    where block_id >= 0
),
shares as (select name, 1.0 / count(*) over (partition by block_id) as share from blocks),
sized as (
    select name, sum(share) * (select any_value(block_size) from pragma_database_size()) as bytes
    from shares
    group by name
)
select t.table_name as name, t.estimated_size as rows, coalesce(z.bytes, 0)::bigint as bytes
from duckdb_tables() t
left join sized z on z.name = t.table_name
where not t.internal
order by bytes desc, rows desc, name;

-- name: stale
-- Files that have unread bytes or cannot be read.
select
    v.path, v.state, v.behind, v.error_code, make_timestamp_ns(s.mtime_ns)::timestamp as changed_at
from v_sources v
join sources s on s.id = v.id
where v.behind > 0 or v.state in ('unreadable', 'damaged', 'too_large')
order by v.behind desc, v.path
limit $limit;
