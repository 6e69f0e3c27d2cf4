-- name: tokens
-- Tokens by model and part of a day, of $minutes: days depend on the time zone.
select
    time_bucket(to_minutes($minutes::integer), quarter) as time, coalesce(model, 'unknown') as model, sum(total)::bigint as total
from usage_between($since::timestamp, $until::timestamp)
where quarter is not null
group by all
order by time, model;

-- name: spreads
-- Number of turns by size, for tokens and for seconds. Sizes have three steps per power of ten: 1,
-- 2, 5, 10, 20, 50 and so on.
with measured as (
    select 'tokens_per_turn' as name, used_at as time, tokens::double as value
    from turn_rows
    where tokens is not null
    union all
    select 'turn_seconds', started_at, seconds
    from turn_rows
    where seconds is not null and state not in ('reverted', 'rolled_back')
),
sized as (
    select name, time, value, floor(log10(greatest(value, 1)))::integer as tens
    from measured
)
select
    name, 3 * tens + case
        when value >= 5 * pow(10, tens) then 2 when value >= 2 * pow(10, tens) then 1 else 0
    end as step,
    count(*) as turns
from sized
where ($since::timestamp is null or time >= $since::timestamp)
and ($until::timestamp is null or time < $until::timestamp)
group by name, step
order by name, step;

-- name: outcomes
-- Number of turns by state.
select state, count(*) as turns
from turn_rows
where state is not null
and ($since::timestamp is null or started_at >= $since::timestamp)
and ($until::timestamp is null or started_at < $until::timestamp)
group by state
order by turns desc, state;

-- name: limits
-- The highest use of each window of the account's limits, by part of a day, of $minutes.
select
    window_minutes, time_bucket(to_minutes($minutes::integer), time) as time,
    max(used_percent) as used
from v_limits
where bucket = $bucket and time is not null
and ($since::timestamp is null or time >= $since::timestamp)
and ($until::timestamp is null or time < $until::timestamp)
group by all
order by window_minutes nulls last, time;

-- name: context
-- The highest share of a context window that a response used, by part of a day, of $minutes. Usage of
-- several responses together can exceed the window, and is left out. The share is computed last: for
-- each response, it takes half of the time.
select null::integer as window_minutes, time, max(100 * total / context_window) as used
from (
    select
        g.context_window, time_bucket(to_minutes($minutes::integer), u.time) as time,
        max(u.total) as total
    from usage u
    join segments g on g.source = u.source
    where u.time is not null and u.total <= g.context_window
    and ($since::timestamp is null or u.time >= $since::timestamp)
    and ($until::timestamp is null or u.time < $until::timestamp)
    group by all
)
group by time
order by time;

-- name: time
-- Where the time of turns went, in seconds: commands, other tools, questions that waited for an
-- answer, and the rest, in which the model worked. `until_next`: from the end of a turn to the next
-- prompt, where that came within $patience seconds. Microseconds are faster than intervals.
with turned as (
    select
        coalesce(seconds, 0) as seconds, coalesce(asked, 0) as asked,
        coalesce(commands, 0) as commands, coalesce(tools, 0) as tools,
        case when $until::timestamp is null or next_at < $until::timestamp
            then epoch_us(next_at) - epoch_us(ended_at) end as gap
    from turn_rows
    where state not in ('reverted', 'rolled_back')
    and ($since::timestamp is null or started_at >= $since::timestamp)
    and ($until::timestamp is null or started_at < $until::timestamp)
),
parts as (
    -- Calls run beside each other, so they are never counted as longer than their turn.
    select
        seconds, gap, least(asked, seconds) as asked,
        least(commands, seconds - least(asked, seconds)) as commands, tools
    from turned
)
select
    coalesce(sum(asked), 0) as asked, coalesce(sum(commands), 0) as commands,
    coalesce(sum(least(tools, seconds - asked - commands)), 0) as tools,
    coalesce(sum(seconds), 0) as turns,
    coalesce(sum(gap / 1e6) filter (gap between 0 and $patience::bigint * 1000000), 0)
        as until_next
from parts;

-- name: programs
-- The programs whose commands failed most often, and how long one run takes.
select
    program, count(*) as runs, count(*) filter (failed) as failed, median(seconds) as seconds
from command_rows
where ($since::timestamp is null or time >= $since::timestamp)
and ($until::timestamp is null or time < $until::timestamp)
and program in (select program from command_rows where failed)
group by program
having count(*) filter (failed) > 0 and program <> ''
order by failed desc, runs, program
limit $limit;

-- name: spenders
-- The sessions that spent the most tokens.
with spent as (
    select home, session, sum(total)::bigint as total
    from usage_between($since::timestamp, $until::timestamp)
    group by all
)
select t.session, s.title, s.project, t.total
from spent t
join v_sessions s on s.home = t.home and s.id = t.session
order by t.total desc, t.session
limit $limit;

-- name: longest
-- The turns that took the longest, without rolled back and reverted ones.
select t.session, t.n, t.seconds, t.state, s.title, s.project
from v_turns t
join v_sessions s on s.home = t.home and s.id = t.session
where t.seconds is not null and t.state not in ('reverted', 'rolled_back')
and ($since::timestamp is null or t.started_at >= $since::timestamp)
and ($until::timestamp is null or t.started_at < $until::timestamp)
order by t.seconds desc, t.session, t.n
limit $limit;

-- name: ended_badly
-- The newest turns that failed, were interrupted or have no end, each with its error.
select t.session, t.n, t.state, coalesce(t.error, t.error_code, t.end_reason, '') as error,
    t.started_at, s.title, s.project
from v_turns t
join v_sessions s on s.home = t.home and s.id = t.session
where t.state not in ('completed', 'open', 'reverted', 'rolled_back')
and ($since::timestamp is null or t.started_at >= $since::timestamp)
and ($until::timestamp is null or t.started_at < $until::timestamp)
order by t.started_at desc nulls last, t.session, t.n
limit $limit;
