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

-- name: waiting
-- A pending journal batch: released, woken, or retried by a person.
select b.id, b.source, b.generation, b.start, b.finish, s.home, g.thread as session
from batches b
join sources s on s.id = b.source
join segments g on g.source = b.source
where b.kind = 'journal' and b.state = 'pending'
order by b.updated_at, b.id
limit 1;

-- name: due
-- A session of the project of one of these folders that has ended its turn and has lines that were
-- not exported. A session whose turn has not ended counts after a longer time without new lines.
with exported as (
    select source, generation, max(finish) as finish
    from batches
    where kind = 'journal' and state in ('completed', 'completed_empty')
    group by all
)
select
    g.source, s.home, g.thread as session, c.generation, coalesce(e.finish, 0) as start,
    c.byte as finish
from segments g
join sources s on s.id = g.source
join cursors c on c.source = g.source
left join folders d on d.path = rtrim(g.cwd, '/\') and d.recorded = coalesce(g.repository, '')
join (
    select unnest(
        $folders::struct(folder varchar, project varchar, since timestamp)[], recursive := true
    )
) f
on g.last_at >= f.since and case
    when f.project is not null and d.project is not null then d.project = f.project
    else g.cwd = f.folder or starts_with(g.cwd, f.folder || '/')
end
left join exported e on e.source = g.source and e.generation = c.generation
where s.kind = 'rollout' and s.state = 'following' and c.byte > coalesce(e.finish, 0)
and g.last_at <= case
    when g.last_turn_state in ('completed', 'failed', 'interrupted') then $rested::timestamp
    else $abandoned::timestamp
end
and not exists (
    from batches b
    where b.kind = 'journal' and b.source = g.source and b.generation = c.generation
    and b.start = coalesce(e.finish, 0) and b.state not in ('completed', 'completed_empty')
)
order by g.last_at, g.source
limit 1;

-- name: folders
-- The folders of a project, most recent session first.
select cwd, max(last_at) as last_at
from v_sessions
where cwd is not null and ($project in (project, project_id, rtrim(cwd, '/\')))
group by all
order by last_at desc nulls last, cwd;
