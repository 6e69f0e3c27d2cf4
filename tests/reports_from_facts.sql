-- What is stored in rows of sources, computed from the facts each time, as versions before source_rows did
-- it; and the same from these rows.

-- name: tokens
select
    home, session, source, time_bucket(interval 15 minutes, time) as quarter, model, sum(input),
    sum(cached), sum(output), sum(reasoning), sum(total)
from v_usage
where ($since::timestamp is null or time >= $since::timestamp)
and ($until::timestamp is null or time < $until::timestamp)
group by all
order by all;

-- name: stored_tokens
select
    home, session, source, quarter, model, sum(input), sum(cached), sum(output), sum(reasoning),
    sum(total)
from usage_between($since::timestamp, $until::timestamp)
group by all
order by all;

-- name: spent
with used as (
    select home, session, sum(total)::bigint as tokens
    from v_usage
    where ($since::timestamp is null or time >= $since::timestamp)
    and ($until::timestamp is null or time < $until::timestamp)
    group by all
),
worked as (
    select
        home, session, count(*) as turns, sum(coalesce(seconds, 0)) as seconds,
        count(*) filter (state not in ('completed', 'open')) as unsuccessful
    from v_turns
    where state not in ('reverted', 'rolled_back')
    and ($since::timestamp is null or started_at >= $since::timestamp)
    and ($until::timestamp is null or started_at < $until::timestamp)
    group by all
)
select
    coalesce(u.home, w.home), coalesce(u.session, w.session), coalesce(u.tokens, 0),
    round(coalesce(w.seconds, 0), 3), coalesce(w.turns, 0), coalesce(w.unsuccessful, 0)
from used u
full join worked w on w.home = u.home and w.session = u.session
order by all;

-- name: stored_spent
select home, session, tokens, round(seconds, 3), turns, unsuccessful
from spent_by_session($since::timestamp, $until::timestamp)
order by all;

-- name: time
with turned as materialized (
    select
        source, n, coalesce(seconds, 0) as seconds,
        lead(started_at) over (
            partition by home, session order by started_at, source, byte
        ) as next_at,
        ended_at
    from v_turns
    where state not in ('reverted', 'rolled_back')
    and ($since::timestamp is null or started_at >= $since::timestamp)
    and ($until::timestamp is null or started_at < $until::timestamp)
),
called as (
    select
        source, turn as n,
        sum(seconds) filter (kind = 'question') as asked,
        sum(seconds) filter (kind = 'command') as commands,
        sum(seconds) filter (kind not in ('question', 'command', 'script')) as tools
    from calls
    where seconds > 0
    group by all
)
select
    t.source, t.n, t.seconds, t.next_at - t.ended_at, round(c.asked, 3), round(c.commands, 3),
    round(c.tools, 3)
from turned t
left join called c on c.source = t.source and c.n = t.n
order by all;

-- name: stored_time
select
    source, turn, coalesce(seconds, 0),
    if($until::timestamp is null or next_at < $until::timestamp, next_at, null) - ended_at,
    round(asked, 3), round(commands, 3), round(tools, 3)
from turn_rows
where state not in ('reverted', 'rolled_back')
and ($since::timestamp is null or started_at >= $since::timestamp)
and ($until::timestamp is null or started_at < $until::timestamp)
order by all;

-- name: turns
select source, turn, min(time) as moment, sum(total)::bigint, sum(output)::bigint, null as state
from v_usage
group by source, turn
having ($since::timestamp is null or min(time) >= $since::timestamp)
and ($until::timestamp is null or min(time) < $until::timestamp)
union all
select source, n, started_at, null, null, state
from v_turns
where ($since::timestamp is null or started_at >= $since::timestamp)
and ($until::timestamp is null or started_at < $until::timestamp)
order by all;

-- name: stored_turns
select source, turn, used_at, tokens, output, null as state
from turn_rows
where tokens is not null and ($since::timestamp is null or used_at >= $since::timestamp)
and ($until::timestamp is null or used_at < $until::timestamp)
union all
select source, turn, started_at, null, null, state
from turn_rows
where state is not null and ($since::timestamp is null or started_at >= $since::timestamp)
and ($until::timestamp is null or started_at < $until::timestamp)
order by all;

-- name: programs
select source, byte, time, program_of(command), status = 'failed', seconds
from calls
where kind = 'command' and ($since::timestamp is null or time >= $since::timestamp)
and ($until::timestamp is null or time < $until::timestamp)
order by all;

-- name: stored_programs
select source, byte, time, program, failed, seconds
from command_rows
where ($since::timestamp is null or time >= $since::timestamp)
and ($until::timestamp is null or time < $until::timestamp)
order by all;

-- name: kinds
select
    ltrim(key, '?') as kind, key not like '?%' as known,
    sum(cast(json_extract(value, '$[0]') as bigint)),
    sum(cast(json_extract(value, '$[1]') as bigint))
from (
    select unnest(
        map_entries(cast(cast(kinds as json) as map(varchar, json))), recursive := true
    )
    from segments
)
where coalesce($since::timestamp, $until::timestamp) is null
group by all
order by all;

-- name: stored_kinds
from v_kinds where coalesce($since::timestamp, $until::timestamp) is null order by all;

-- name: tags
with paths as (
    select
        f.home, f.session, f.path,
        case
            when starts_with(f.path, rtrim(g.cwd, '/') || '/')
            then substr(f.path, length(rtrim(g.cwd, '/')) + 2)
            when not starts_with(f.path, '/') then f.path
        end as inside
    from v_files f
    join segments g on g.source = f.source
)
select distinct home, session, lower(split_part(inside, '/', 1)) as tag, 'folder' as origin
from paths
where contains(inside, '/') and not regexp_matches(inside, '^[./]')
and coalesce($since::timestamp, $until::timestamp) is null
union all
select distinct home, session, language_of(path), 'language'
from paths
where language_of(path) is not null and coalesce($since::timestamp, $until::timestamp) is null
union all
select distinct home, session, lower(tool), 'tool'
from v_calls
where coalesce($since::timestamp, $until::timestamp) is null
order by all;

-- name: stored_tags
from v_tags
where origin <> 'person' and coalesce($since::timestamp, $until::timestamp) is null
order by all;

-- name: numbers
select session, source, n, number
from (
    select t.session, t.source, t.n, t.state, row_number() over (
        partition by t.home, t.session
        order by coalesce(g.started_at, g.first_at) nulls first, s.segment, t.source, t.byte
    ) as number
    from v_turns t
    join sources s on s.id = t.source
    join segments g on g.source = t.source
)
where state not in ('reverted', 'rolled_back') and coalesce($since::timestamp, $until::timestamp) is null
order by all;

-- name: stored_numbers
select g.thread, t.source, t.turn, t.number
from turn_rows t
join segments g on g.source = t.source
where t.state not in ('reverted', 'rolled_back')
and coalesce($since::timestamp, $until::timestamp) is null
order by all;

-- name: decisions
select source, byte
from messages
where role in ('user', 'assistant') and coalesce($since::timestamp, $until::timestamp) is null
and regexp_matches(text, '(?i)\bdeci(ded|sions?)\b|\b(chose|opted|picked|settled on|went with)\b')
order by all;

-- name: stored_decisions
from decision_rows where coalesce($since::timestamp, $until::timestamp) is null order by all;
