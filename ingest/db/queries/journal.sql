-- name: newest
-- When the last turn of a project began, or its session where turns have no times.
select max(coalesce(t.started_at, s.started_at, s.last_at)) as began_at
from turn_rows t
join sources f on f.id = t.source
join segments g on g.source = t.source
join v_sessions s on s.home = f.home and s.id = g.thread
where t.state is not null
and ($project::varchar is null or $project in (s.project, s.project_id, rtrim(s.cwd, '/\')));

-- name: days
-- The sessions that have turns in each part of a day, of $minutes, because days depend on the time zone; by
-- project, each by its newest source. Where turns have no times, the start of their session.
select
    coalesce(
        t.began, time_bucket(to_minutes($minutes::integer), coalesce(s.started_at, s.last_at))
    ) as time,
    s.project, list(distinct s.source) as sources
from (
    select distinct source, time_bucket(to_minutes($minutes::integer), started_at) as began
    from turn_rows
    where state is not null
) t
join sources f on f.id = t.source
join segments g on g.source = t.source
join v_sessions s on s.home = f.home and s.id = g.thread
where time is not null
and ($project::varchar is null or $project in (s.project, s.project_id, rtrim(s.cwd, '/\')))
and ($folder::varchar is null or s.cwd = $folder or starts_with(s.cwd, rtrim($folder, '/') || '/'))
group by all
order by time desc, s.project;

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
