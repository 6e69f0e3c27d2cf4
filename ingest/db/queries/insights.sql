-- name: tokens
-- Tokens by model and quarter of an hour: days depend on the time zone.
select
    time_bucket(interval 15 minutes, time) as time, coalesce(model, 'unknown') as model,
    sum(total)::bigint as total
from v_usage
where time is not null
and ($since::timestamp is null or time >= $since::timestamp)
and ($until::timestamp is null or time < $until::timestamp)
group by all
order by time, model;

-- name: spreads
-- Number of turns by size, for tokens and for seconds. Sizes have three steps per power of ten: 1,
-- 2, 5, 10, 20, 50 and so on.
with measured as (
    select 'tokens_per_turn' as name, min(time) as time, sum(total)::double as value
    from v_usage
    group by source, turn
    union all
    select 'turn_seconds', started_at, seconds
    from v_turns
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
from v_turns
where ($since::timestamp is null or started_at >= $since::timestamp)
and ($until::timestamp is null or started_at < $until::timestamp)
group by state
order by turns desc, state;

-- name: spenders
-- The sessions that spent the most tokens.
with spent as (
    select home, session, sum(total)::bigint as total
    from v_usage
    where ($since::timestamp is null or time >= $since::timestamp)
    and ($until::timestamp is null or time < $until::timestamp)
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
