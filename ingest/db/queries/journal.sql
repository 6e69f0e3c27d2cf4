-- name: sessions
-- The sessions of a journal, oldest first.
select s.*, h.path as home_path
from v_sessions s
left join homes h on h.id = s.home
where ($project::varchar is null or s.project = $project or rtrim(s.cwd, '/\') = $project)
and ($folder::varchar is null or s.cwd = $folder or starts_with(s.cwd, $folder || '/'))
and ($session::varchar is null or s.id = $session)
and ($since::timestamp is null or coalesce(s.last_at, s.started_at) >= $since::timestamp)
and ($until::timestamp is null or coalesce(s.started_at, s.last_at) < $until::timestamp)
order by s.started_at nulls first, s.id, s.home;

-- name: newest
-- When the last turn of a project began, or its session where turns have no times.
select max(coalesce(t.started_at, s.started_at, s.last_at)) as began_at
from v_turns t
join v_sessions s on s.home = t.home and s.id = t.session
where $project::varchar is null or s.project = $project or rtrim(s.cwd, '/\') = $project;

-- name: days
-- The quarters of an hour in which sessions have turns: days depend on the time zone, and every
-- zone is a multiple of a quarter. Where turns have no times, the start of their session.
select distinct
    time_bucket(interval 15 minutes, coalesce(t.started_at, s.started_at, s.last_at)) as quarter,
    s.home, s.id as session
from v_turns t
join v_sessions s on s.home = t.home and s.id = t.session
where quarter is not null
and ($project::varchar is null or s.project = $project or rtrim(s.cwd, '/\') = $project)
order by quarter desc, s.id;

-- name: segments
-- The files of these sessions, oldest first.
select
    v.home, g.thread as session, v.id as source, v.path, v.representation, v.archived, v.state,
    v.byte
from v_sources v
join segments g on g.source = v.id
where g.thread in (select unnest($sessions::varchar[]))
order by v.home, g.thread, coalesce(g.started_at, g.first_at) nulls first, v.segment;

-- name: turns
-- The turns of these files.
select
    source, n as place, byte, state, started_at, ended_at, seconds, error_code, error
from v_turns
where source in (select unnest($sources::integer[]))
order by source, byte;

-- name: messages
-- User and assistant messages in these files, truncated.
select source, turn, byte, time, role, phase, left(text, $chars) as text, chars
from v_messages
where source in (select unnest($sources::integer[])) and role in ('user', 'assistant')
order by source, byte;

-- name: calls
-- Commands, patches and questions in these files, with output where it shows the result.
select
    source, turn, byte, time, kind, tool, command, status, exit_code, seconds, ended_at,
    case
        when kind = 'question' or contains(command, 'git commit') then output_head
        when status = 'failed' then coalesce(output_tail, output_head)
    end as output
from v_calls
where source in (select unnest($sources::integer[])) and kind in ('command', 'patch', 'question')
order by source, byte;

-- name: files
-- The files that patches in these files changed.
select source, turn, byte, path, change, moved_to, status
from v_files
where source in (select unnest($sources::integer[]))
order by source, byte, path;

-- name: plans
-- Every accepted revision of the plans in these files.
select source, turn, byte, time, explanation, steps::varchar as steps
from v_plans
where source in (select unnest($sources::integer[])) and accepted
order by source, revision;

-- name: goals
-- The goals in these files. A row without an objective refers to the previous goal and may have no
-- status.
select
    source, turn, byte, time, objective,
    case when objective is null then status else goal_status(status) end as status
from v_goals
where source in (select unnest($sources::integer[]))
order by source, byte;

-- name: usage
-- Tokens by turn in these files.
select
    source, turn, sum(input)::bigint as input, sum(cached)::bigint as cached,
    sum(output)::bigint as output, sum(reasoning)::bigint as reasoning, sum(total)::bigint as total
from v_usage
where source in (select unnest($sources::integer[]))
group by all
order by source, turn;

-- name: notes
-- Notes that an optional command wrote about these sessions.
select source, turn, kind, text
from v_notes
where source in (select unnest($sources::integer[]))
order by source, turn, time, text;

-- name: said
-- The recorded commands with one of these verbs, in order.
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
-- A session in one of these folders that has ended its turn and has lines that were not exported. A
-- session whose turn has not ended counts after a longer time without new lines.
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
join (select unnest($folders::struct(folder varchar, since timestamp)[], recursive := true)) f
on (g.cwd = f.folder or starts_with(g.cwd, f.folder || '/')) and g.last_at >= f.since
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
where cwd is not null and (project = $project or rtrim(cwd, '/\') = $project)
group by all
order by last_at desc nulls last, cwd;

-- name: session
-- The folder of a session.
select cwd from v_sessions where home = $home and id = $session;
