-- name: newest
-- When the last turn of a project began, or its session where turns have no times.
select max(coalesce(t.started_at, s.started_at, s.last_at)) as began_at
from v_turns t
join v_sessions s on s.home = t.home and s.id = t.session
where $project::varchar is null or $project in (s.project, s.project_id, rtrim(s.cwd, '/\'));

-- name: days
-- The quarters of an hour in which sessions have turns: days depend on the time zone, and every
-- zone is a multiple of a quarter. Where turns have no times, the start of their session.
select distinct
    time_bucket(interval 15 minutes, coalesce(t.started_at, s.started_at, s.last_at)) as quarter,
    s.home, s.id as session
from v_turns t
join v_sessions s on s.home = t.home and s.id = t.session
where quarter is not null
and ($project::varchar is null or $project in (s.project, s.project_id, rtrim(s.cwd, '/\')))
order by quarter desc, s.id;

-- name: recorded_edits
-- The entries of the edit log with one of these verbs, in order.
select id, time, actor, verb, selection::varchar as about, arguments::varchar as arguments, reason
from commands
where verb in (select unnest($verbs::varchar[]))
order by rowid;

-- name: folders
-- The folders of a project, most recent session first.
select cwd, max(last_at) as last_at
from v_sessions
where cwd is not null and ($project in (project, project_id, rtrim(cwd, '/\')))
group by all
order by last_at desc nulls last, cwd;
