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
-- Distributions of tokens per turn, of the lengths of turns and commands.
with chosen as (
    select source from segments where cli_version = $version::varchar
),
measured as (
    select 'tokens_per_turn' as name, 'tokens' as unit, spread_of(tokens) as spread
    from turn_rows
    where ($version::varchar is null or source in (from chosen))
    and is_within(used_at, $since::timestamp, $until::timestamp)
    union all
    select 'output_tokens_per_turn', 'tokens', spread_of(output)
    from turn_rows
    where ($version::varchar is null or source in (from chosen))
    and is_within(used_at, $since::timestamp, $until::timestamp)
    union all
    select 'turn_seconds', 'seconds', spread_of(seconds)
    from turn_rows
    where ($version::varchar is null or source in (from chosen))
    and is_within(started_at, $since::timestamp, $until::timestamp)
    and state not in ('reverted', 'rolled_back')
    union all
    select 'command_seconds', 'seconds', spread_of(seconds)
    from command_rows
    where ($version::varchar is null or source in (from chosen))
    and is_within(time, $since::timestamp, $until::timestamp)
)
select name, unit, unnest(spread_columns(spread)) from measured where spread.count > 0 order by name;

-- name: size_distributions
-- Distributions of the lengths of messages and batches.
with chosen as (
    select source from segments where cli_version = $version::varchar
),
-- Many messages have the same length, so that counting them first takes a fifth of the time.
message_sizes as (
    select role, chars, count(*) as messages
    from messages
    where ($version::varchar is null or source in (from chosen))
    and is_within(time, $since::timestamp, $until::timestamp)
    group by all
),
sized as (
    select 'message_chars' as name, chars, sum(messages) as messages
    from message_sizes
    group by chars
    union all
    select role || '_message_chars', chars, messages
    from message_sizes
    where role in ('user', 'assistant')
),
ranked as (
    select
        *, sum(messages) over (partition by name order by chars) as rank,
        sum(messages) over (partition by name) as count
    from sized
),
message_spreads as (
    select
        name, 'characters' as unit, {
            'count': any_value(count)::bigint,
            'quantiles': [
                ranked_quantile(chars, rank, count, 0.5), ranked_quantile(chars, rank, count, 0.9),
                ranked_quantile(chars, rank, count, 0.99)
            ],
            'max': max(chars)::double, 'mean': sum(chars * messages) / any_value(count)
        } as spread
    from ranked
    group by name
),
measured as (
    from message_spreads
    union all
    select 'batch_seconds', 'seconds', spread_of(seconds)
    from v_batches
    where ($version::varchar is null or source in (from chosen))
    and is_within(updated_at, $since::timestamp, $until::timestamp)
    and kind = 'ingest'
)
select name, unit, unnest(spread_columns(spread)) from measured where spread.count > 0 order by name;

-- name: coverage
-- How many sessions have a folder, a title, a plan and a tag.
select
    count(*) as sessions,
    -- A person can move a session only to a branch.
    count(*) filter (r."commit" is not null or r.began_on is not null or m.session is not null)
        as git,
    count(*) filter (r.title is not null) as title,
    count(*) filter (r.plan_revision > 0) as plan, count(t.session) as tag
from session_rows r
left join v_moves m on m.session = r.id
left join (select distinct session from v_tags) t on t.session = r.id
where ($version::varchar is null or r.cli_version = $version::varchar)
and is_within(coalesce(r.started_at, r.last_at), $since::timestamp, $until::timestamp);

-- name: kinds
-- Lines and bytes of these sessions' files by kind of record, with copied history apart.
with chosen as (
    select source, replayed_lines, replayed_bytes from segments
    where ($version::varchar is null or cli_version = $version::varchar)
    and is_within(coalesce(started_at, first_at), $since::timestamp, $until::timestamp)
)
select kind, sum(lines)::bigint as lines, sum(bytes)::bigint as bytes
from kind_rows
where source in (select source from chosen)
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
-- Bytes that Codex wrote, by the part of a day, of $minutes, in which its sessions began: days depend
-- on the time zone.
select
    time_bucket(to_minutes($minutes::integer), coalesce(g.started_at, g.first_at)) as time,
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
