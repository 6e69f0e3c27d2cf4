-- What reports, journals and lists add up, derived from the facts of each source and kept up to date with
-- them. Without $sources, of all.

-- name: drop_usage
delete from usage_days
where $sources::integer[] is null or source in (select unnest($sources::integer[]));

-- name: add_usage
-- Tokens by model and quarter of an hour: days depend on the time zone, and every zone is a multiple of
-- a quarter.
insert into usage_days by name
select
    source, time_bucket(interval 15 minutes, time) as quarter, model, sum(input)::bigint as input,
    sum(cached)::bigint as cached, sum(output)::bigint as output,
    sum(reasoning)::bigint as reasoning, sum(total)::bigint as total
from usage
where $sources::integer[] is null or source in (select unnest($sources::integer[]))
group by all;

-- name: drop_turns
delete from turn_rows
where $sources::integer[] is null or source in (select unnest($sources::integer[]));

-- name: add_turns
-- Turns, and usage without a turn. $sources includes all sources of a session, because its next turn
-- may be in another one. Decimals, so that seconds in another order have the same sum.
insert into turn_rows by name
with counted as materialized (
    select t.*, row_number() over (
        partition by t.home, t.session
        order by coalesce(g.started_at, g.first_at) nulls first, s.segment, t.source, t.byte
    ) as number
    from v_turns t
    join sources s on s.id = t.source
    join segments g on g.source = t.source
    where $sources::integer[] is null or t.source in (select unnest($sources::integer[]))
),
standing as (
    select
        source, n, lead(started_at) over (
            partition by home, session order by started_at, source, byte
        ) as next_at
    from counted
    where state not in ('reverted', 'rolled_back')
),
used as (
    select
        source, turn, min(time) as used_at, sum(total)::bigint as tokens,
        sum(output)::bigint as output
    from usage
    where $sources::integer[] is null or source in (select unnest($sources::integer[]))
    group by all
),
called as (
    select
        source, turn,
        sum(seconds::decimal(38, 6)) filter (kind = 'question')::double as asked,
        sum(seconds::decimal(38, 6)) filter (kind = 'command')::double as commands,
        sum(seconds::decimal(38, 6))
            filter (kind not in ('question', 'command', 'script'))::double as tools
    from calls
    where seconds > 0
    and ($sources::integer[] is null or source in (select unnest($sources::integer[])))
    group by all
)
select
    coalesce(t.source, u.source) as source, coalesce(t.n, u.turn) as turn, t.state, t.started_at,
    t.ended_at, t.seconds, s.next_at, u.used_at, u.tokens, u.output, c.asked, c.commands, c.tools,
    t.number
from counted t
left join standing s on s.source = t.source and s.n = t.n
left join called c on c.source = t.source and c.turn = t.n
full join used u on u.source = t.source and u.turn = t.n;

-- name: drop_commands
-- Without $ranges, of all.
with ranges as (
    select unnest($ranges::struct(
        source integer, start bigint, finish bigint
    )[], recursive := true)
)
delete from command_rows c
where $ranges is null or (
    c.source in (select source from ranges)
    and exists (
        from ranges r
        where r.source = c.source and c.byte >= r.start and c.byte < r.finish
    )
);

-- name: add_commands
-- Without $ranges, of all.
with ranges as (
    select unnest($ranges::struct(
        source integer, start bigint, finish bigint
    )[], recursive := true)
)
insert into command_rows by name
select source, byte, time, program_of(command) as program, status = 'failed' as failed, seconds
from calls c
where kind = 'command' and ($ranges is null or (
    c.source in (select source from ranges)
    and exists (
        from ranges r
        where r.source = c.source and c.byte >= r.start and c.byte < r.finish
    )
));

-- name: drop_decisions
-- Without $ranges, of all.
with ranges as (
    select unnest($ranges::struct(
        source integer, start bigint, finish bigint
    )[], recursive := true)
)
delete from decision_rows d
where $ranges is null or (
    d.source in (select source from ranges)
    and exists (
        from ranges r
        where r.source = d.source and d.byte >= r.start and d.byte < r.finish
    )
);

-- name: add_decisions
-- Without $ranges, of all.
with ranges as (
    select unnest($ranges::struct(
        source integer, start bigint, finish bigint
    )[], recursive := true)
)
insert into decision_rows by name
select source, byte
from messages m
where ($ranges is null or (
    m.source in (select source from ranges)
    and exists (
        from ranges r
        where r.source = m.source and m.byte >= r.start and m.byte < r.finish
    )
))
and role in ('user', 'assistant') and mentions_decision(text);

-- name: drop_kinds
delete from kind_rows
where $sources::integer[] is null or source in (select unnest($sources::integer[]));

-- name: add_kinds
insert into kind_rows by name
select source, key as kind, value[1] as lines, value[2] as bytes
from (
    select
        source,
        unnest(map_entries(cast(cast(kinds as json) as map(varchar, bigint[]))), recursive := true)
    from segments
    where $sources::integer[] is null or source in (select unnest($sources::integer[]))
);

-- name: drop_tags
delete from tag_rows
where $sources::integer[] is null or source in (select unnest($sources::integer[]));

-- name: add_tags
insert into tag_rows by name
with paths as (
    select
        f.source, f.path,
        -- The path in the folder of the session; null outside of it.
        case
            when starts_with(f.path, rtrim(g.cwd, '/') || '/')
            then substr(f.path, length(rtrim(g.cwd, '/')) + 2)
            when not starts_with(f.path, '/') then f.path
        end as inside
    from files f
    join segments g on g.source = f.source
    where $sources::integer[] is null or f.source in (select unnest($sources::integer[]))
)
select distinct source, lower(split_part(inside, '/', 1)) as tag, 'folder' as origin
from paths
where contains(inside, '/') and not regexp_matches(inside, '^[./]')
union all
select distinct source, language_of(path), 'language'
from paths
where language_of(path) is not null
union all
select distinct source, lower(tool), 'tool'
from calls
where $sources::integer[] is null or source in (select unnest($sources::integer[]));
