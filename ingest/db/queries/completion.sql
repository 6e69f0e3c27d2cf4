-- name: session
-- Sessions by a prefix of their id, most recently active first.
select id as value, title as help
from v_sessions
where starts_with(id, lower($prefix))
order by last_at desc nulls last, id
limit $limit;

-- name: project
-- Projects by a prefix, most recently active first.
select project as value, count(*) || ' sessions' as help
from v_sessions
where starts_with(project, $prefix)
group by project
order by max(last_at) desc nulls last, project
limit $limit;

-- name: branch
-- Branches by a prefix, most recently active first.
select branch as value, string_agg(distinct project, ', ' order by project) as help
from v_sessions
where starts_with(branch, $prefix)
group by branch
order by max(last_at) desc nulls last, branch
limit $limit;

-- name: batch
-- Batches by a prefix of their id, most recently changed first.
select id as value, state as help
from v_batches
where starts_with(id, lower($prefix))
order by updated_at desc, id
limit $limit;

-- name: reject
-- Rejected lines by a prefix of their id.
select id as value, reason as help
from v_rejects
where starts_with(id, $prefix)
order by source, byte
limit $limit;
