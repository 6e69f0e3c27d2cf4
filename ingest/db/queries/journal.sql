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
-- The parts of days, of $minutes, in which sessions have turns: days depend on the time zone. Where turns
-- have no times, the start of their session.
select distinct
    coalesce(
        t.began, time_bucket(to_minutes($minutes::integer), coalesce(s.started_at, s.last_at))
    ) as time,
    s.home, s.id as session
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
order by time desc, s.id;

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
