-- name: newest
-- The newest report of each window of the account's limits, the shortest first, and the first report
-- in the hour before it, from which the pace follows.
with reports as materialized (
    select home, bucket, window_minutes, used_percent, resets_at, plan, time, byte
    from v_limits
    where time >= $since::timestamp
),
newest as (
    select
        home, bucket, window_minutes,
        arg_max(
            {'used': used_percent, 'resets_at': resets_at, 'plan': plan, 'time': time}, (time, byte)
        ) as last
    from reports
    group by all
),
paced as (
    select
        n.home, n.bucket, n.window_minutes, n.last, min(r.time) as earlier_at,
        arg_min(r.used_percent, r.time) as earlier_percent
    from newest n
    left join reports r
    on r.home = n.home and r.bucket = n.bucket
    and r.window_minutes is not distinct from n.window_minutes
    and r.time between n.last.time - interval 1 hour and n.last.time
    and abs(epoch(r.resets_at) - epoch(n.last.resets_at)) < 600
    group by all
)
select
    h.path as home, p.bucket, p.window_minutes, p.last.used as used_percent,
    p.last.resets_at as resets_at, p.last.plan as plan, p.last.time as as_of, p.earlier_at,
    p.earlier_percent
from paced p
left join homes h on h.id = p.home
order by p.bucket <> 'codex', p.bucket, p.window_minutes nulls last, h.path;
