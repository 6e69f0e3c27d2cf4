-- What reports, journals and lists add up, derived from the facts of each source and kept up to date with
-- them: of all sources without $parts, else of these parts, each from a byte of its source to the end.

-- name: first_changes
-- For each part, the first turn and the first quarter of an hour whose rows may be others now. The
-- newest turn before the part has another one after it now. `whole` if turns do not begin in order.
with parts as materialized (
    select unnest($parts::struct(source integer, start bigint)[], recursive := true)
),
begun as (
    select
        p.source,
        arg_max(t.n, (t.started_at, t.byte))
            filter (t.byte < p.start and t.started_at is not null) as turn,
        min(t.n) filter (t.byte >= p.start) as new_turn,
        max(t.started_at) filter (t.byte < p.start)
            > min(t.started_at) filter (t.byte >= p.start) as disordered
    from parts p
    join turns t on t.source = p.source
    group by all
),
counted as (
    select
        p.source, min(u.turn) as turn, min(time_bucket(interval 15 minutes, u.time)) as quarter
    from parts p
    join usage u on u.source = p.source and u.byte >= p.start
    group by all
),
called as (
    select p.source, min(c.turn) as turn
    from parts p
    join calls c on c.source = p.source and c.byte >= p.start
    group by all
)
select
    p.source, p.start, b.turn is null or coalesce(b.disordered, false) as whole,
    least(b.turn, b.new_turn, u.turn, c.turn) as turn, u.quarter
from parts p
left join begun b on b.source = p.source
left join counted u on u.source = p.source
left join called c on c.source = p.source;

-- name: drop_usage
delete from usage_days d using source_parts($parts) p
where p.source = d.source and (p.whole or d.quarter is null or d.quarter >= p.quarter);

-- name: add_usage
-- Tokens by model and quarter of an hour: days depend on the time zone, and every zone is a multiple of
-- a quarter.
insert into usage_days by name
select
    u.source, time_bucket(interval 15 minutes, u.time) as quarter, u.model, sum(input)::bigint as input,
    sum(cached)::bigint as cached, sum(output)::bigint as output,
    sum(reasoning)::bigint as reasoning, sum(total)::bigint as total
from usage u
join source_parts($parts) p
    on p.source = u.source and (p.whole or u.time is null or u.time >= p.quarter)
group by all;

-- name: drop_turns
delete from turn_rows r using source_parts($parts) p
where p.source = r.source and (p.whole or r.turn >= p.turn);

-- name: add_turns
-- Turns, and usage without a turn. The parts include all sources of a session, because its next turn
-- may be in another one. Decimals, so that seconds in another order have the same sum.
with parts as materialized (from source_parts($parts)),
earlier as materialized (
    select t.source, count(*) as turns
    from turns t
    join parts p on p.source = t.source and not p.whole and t.n < p.turn
    group by all
),
counted as materialized (
    select t.*, row_number() over (
        partition by t.home, t.session
        order by coalesce(g.started_at, g.first_at) nulls first, s.segment, t.source, t.byte
    ) + coalesce(e.turns, 0) as number
    from v_turns t
    join sources s on s.id = t.source
    join segments g on g.source = t.source
    join parts p on p.source = t.source and (p.whole or t.n >= p.turn)
    left join earlier e on e.source = t.source
    where is_about_parts(s.id, $parts)
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
        u.source, u.turn, min(u.time) as used_at, sum(u.total)::bigint as tokens,
        sum(u.output)::bigint as output
    from usage u
    join parts p on p.source = u.source and (p.whole or u.turn >= p.turn)
    group by all
),
called as (
    select
        c.source, c.turn,
        sum(seconds::decimal(38, 6)) filter (kind = 'question')::double as asked,
        sum(seconds::decimal(38, 6)) filter (kind = 'command')::double as commands,
        sum(seconds::decimal(38, 6))
            filter (kind not in ('question', 'command', 'script'))::double as tools
    from calls c
    join parts p on p.source = c.source and (p.whole or c.turn >= p.turn)
    where c.seconds > 0
    group by all
)
insert into turn_rows by name
select
    coalesce(t.source, u.source) as source, coalesce(t.n, u.turn) as turn, t.state, t.started_at,
    t.ended_at, t.seconds, s.next_at, u.used_at, u.tokens, u.output, c.asked, c.commands, c.tools,
    t.number
from counted t
left join standing s on s.source = t.source and s.n = t.n
left join called c on c.source = t.source and c.turn = t.n
full join used u on u.source = t.source and u.turn = t.n;

-- name: drop_commands
delete from command_rows r using source_parts($parts) p
where p.source = r.source and (p.whole or r.byte >= p.start);

-- name: add_commands
insert into command_rows by name
select
    c.source, c.byte, c.time, program_of(c.command) as program, c.status = 'failed' as failed,
    c.seconds
from calls c
join source_parts($parts) p on p.source = c.source and (p.whole or c.byte >= p.start)
where c.kind = 'command';

-- name: drop_decisions
delete from decision_rows r using source_parts($parts) p
where p.source = r.source and (p.whole or r.byte >= p.start);

-- name: add_decisions
-- The texts are looked at after the parts were chosen, because that takes long.
with candidates as materialized (
    select m.source, m.byte, m.text
    from messages m
    join source_parts($parts) p on p.source = m.source and (p.whole or m.byte >= p.start)
    where m.role in ('user', 'assistant')
    -- A constant of the plan, so that texts before all parts are not even loaded.
    and m.byte >= coalesce(
        list_min(list_transform($parts::struct(start bigint)[], lambda part: part.start)), 0
    )
)
insert into decision_rows by name
select source, byte from candidates where mentions_decision(text);

-- name: drop_kinds
delete from kind_rows r using source_parts($parts) p
where p.source = r.source;

-- name: add_kinds
insert into kind_rows by name
select source, key as kind, value[1] as lines, value[2] as bytes
from (
    select
        source,
        unnest(map_entries(cast(cast(kinds as json) as map(varchar, bigint[]))), recursive := true)
    from segments
    where source in (select source from source_parts($parts))
);

-- name: drop_tags
-- Tags of tools are only added to, except of a whole source.
delete from tag_rows r using source_parts($parts) p
where p.source = r.source and (p.whole or r.origin <> 'tool');

-- name: add_tags
with parts as materialized (from source_parts($parts)),
paths as (
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
    join parts p on p.source = f.source
)
insert into tag_rows by name
select distinct source, lower(split_part(inside, '/', 1)) as tag, 'folder' as origin
from paths
where contains(inside, '/') and not regexp_matches(inside, '^[./]')
union all
select distinct source, language_of(path), 'language'
from paths
where language_of(path) is not null
union all
(
    select distinct c.source, lower(c.tool), 'tool'
    from calls c
    join parts p on p.source = c.source and (p.whole or c.byte >= p.start)
    except
    select t.source, t.tag, t.origin
    from tag_rows t
    join parts p on p.source = t.source
    where t.origin = 'tool'
);
