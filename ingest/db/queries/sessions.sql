-- name: listed
-- Sessions, most recently active first. Selected by key, because sorting whole rows doubles the
-- memory.
with found as materialized (
    select s.*
    from v_sessions s
    where ($project is null or s.project = $project or rtrim(s.cwd, '/\') = $project)
    and ($branch is null or s.branch = $branch)
    and ($session is null or s.id = $session)
    and ($since::timestamp is null or s.last_at >= $since::timestamp)
    and ($until::timestamp is null or coalesce(s.started_at, s.last_at) < $until::timestamp)
),
chosen as (
    select home, id
    from found
    order by last_at desc nulls last, id, home
    limit $limit offset $offset
)
select f.*, h.path as home_path
from found f
join chosen c on c.home = f.home and c.id = f.id
left join homes h on h.id = f.home
order by f.last_at desc nulls last, f.id, f.home;

-- name: anchors
-- When each session began, and its time range.
select
    thread as session, max_by(cwd, last_at) as cwd, min_by("commit", last_at) as "commit",
    min(coalesce(started_at, first_at)) as started_at, max(last_at) as last_at
from segments
group by thread;

-- name: unfinished
-- Sessions whose last turn is open or failed; their current state depends on the clock.
select s.*, h.path as home_path
from v_sessions s
left join homes h on h.id = s.home
where s.turn_state in ('open', 'failed')
order by s.last_at desc nulls last, s.id, s.home;

-- name: starting_with
-- Ids of sessions by prefix.
select distinct thread as id from segments where starts_with(thread, $prefix) order by id;

-- name: beginning_alike
-- Ids of all sessions that share a prefix with one of these.
select distinct thread as id
from segments
where left(thread, $length) in (select unnest($beginnings::varchar[]));
