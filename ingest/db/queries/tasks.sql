-- name: projects
-- All projects, most recently active first.
select project from v_sessions group by project order by max(last_at) desc nulls last, project;

-- name: names
-- The current tasks of all projects, those that have not begun first.
select project, id, text
from project_tasks
where current
order by coalesce(ended_at, started_at) desc nulls first, project, id
limit $limit;

-- name: project_of
-- The project of a session.
select project from v_sessions where id = $session;

-- name: project_of_task
-- The project of a task, as of when its tasks were written last.
select project from project_tasks where id = $id limit 1;

-- name: segments
-- The files of sessions in the order in which they continue each other, and the names of the
-- sessions.
select
    g.source, s.home, g.thread as session, s.segment,
    row_number() over (
        partition by s.home, g.thread
        order by coalesce(g.started_at, g.first_at) nulls first, s.segment, g.source
    ) as place
from segments g
join sources s on s.id = g.source
where $sessions::varchar[] is null or g.thread in (select unnest($sessions::varchar[]))
order by place, g.source;

-- name: gone
-- Turns that no longer count: rolled back or reverted.
select source, n as turn
from v_turns
where state in ('reverted', 'rolled_back')
and ($sources::integer[] is null or source in (select unnest($sources::integer[])));

-- name: stored
-- What each of these sessions contributes to the tasks of its project, if it is stored; without
-- $version, by whatever version.
select home, id, document
from session_tasks
where ($version::varchar is null or version = $version::varchar)
and ($sessions::varchar[] is null or id in (select unnest($sessions::varchar[])));

-- name: mark_outdated
-- Have all of it derived again; it is used until then.
update session_tasks set version = '';

-- name: unmark_projects
-- Have the tasks of all projects written again; they are used until then.
delete from written_projects;

-- name: set_version
-- The version of the code that derives it.
insert or replace into meta values ('session_tasks', $version);

-- name: undone
-- The size of the files of the sessions of which it is not stored, and of all.
select
    coalesce(sum(r.bytes) filter (t.id is null), 0)::bigint as undone,
    coalesce(sum(r.bytes), 0)::bigint as bytes
from session_rows r
left join session_tasks t on t.home = r.home and t.id = r.id and t.version = $version;

-- name: underived
-- Sessions of which that is not stored, most recently active first.
select r.home, r.id
from session_rows r
left join session_tasks t on t.home = r.home and t.id = r.id and t.version = $version
where t.id is null
order by r.last_at desc nulls last, r.id
limit $limit;

-- name: stale_project
-- A project of which tasks are written that are no longer what sessions and edits say.
select i.project, i.project_id, i.inputs
from project_inputs($version) i
left join written_projects w on w.project_id = i.project_id
where w.inputs is distinct from i.inputs
order by w.written_at nulls first, i.project_id
limit 1;

-- name: written
-- The other projects, each with the newest source of its sessions.
select i.project, i.project_id, w.written_at, i.source
from project_inputs($version) i
join written_projects w on w.project_id = i.project_id and w.inputs = i.inputs
order by i.project_id;

-- name: written_tasks
select
    id, text, state, origin, ready, current, session, branch, owner, started_at, ended_at, left_at,
    sessions
from project_tasks
where project_id = $project_id;

-- name: written_edges
select source, target, kind from task_edges where project_id = $project_id;

-- name: derived
-- The sessions of which that is stored, each with its newest source.
select t.home, t.id, r.source
from session_tasks t
join session_rows r on r.home = t.home and r.id = t.id
where t.version = $version
order by t.home, t.id;

-- name: drop_tasks
delete from project_tasks where project_id = $project_id;

-- name: drop_edges
delete from task_edges where project_id = $project_id;

-- name: unmark_project
delete from written_projects where project_id = $project_id;

-- name: add_tasks
insert into project_tasks by name
select $project as project, $project_id as project_id, t.*
from (select unnest($tasks::struct(
    id varchar, text varchar, state varchar, origin varchar, ready boolean, current boolean,
    session varchar, branch varchar, owner varchar, started_at timestamp, ended_at timestamp,
    left_at timestamp, sessions varchar[]
)[], recursive := true)) t;

-- name: add_edges
insert into task_edges by name
select $project as project, $project_id as project_id, e.*
from (select unnest($edges::struct(
    source varchar, target varchar, kind varchar
)[], recursive := true)) e;

-- name: mark_project
insert into written_projects values ($project_id, $inputs, $now::timestamp);

-- name: stored_count
-- How many rows there are, of whatever version.
select count(*) as count from session_tasks;

-- name: drop_stored
delete from session_tasks
where (home, id) in (
    select (home, id)
    from (select unnest($sessions::struct(
        home varchar, id varchar, document varchar
    )[], recursive := true))
);

-- name: store
insert into session_tasks by name
select s.*, $version as version
from (select unnest($sessions::struct(
    home varchar, id varchar, document varchar
)[], recursive := true)) s;

-- name: agents
-- Events of sub-agents.
select source, byte, time, turn, event, child, nickname, path, task
from agents
where source in (select unnest($sources::integer[]))
order by source, byte;

-- name: proposals
-- Messages of agents that propose a plan or contain a check list.
select source, byte, time, turn, phase, text
from messages
where source in (select unnest($sources::integer[]))
and role = 'assistant'
and (
    phase = 'plan'
    or (contains(text, '] ') and regexp_matches(text, '(?m)^\s*(?:[-*+]|\d+[.)]) \[[ xX]\] '))
)
order by source, byte;

-- name: requests
-- User messages after the last completed turn. A session's sources are in the order in which they
-- continue each other, because old versions of Codex write no times.
select
    t.source, t.n as turn, min(m.byte) as byte, arg_min(m.time, m.byte) as time,
    arg_min(m.text, m.byte) as text, t.state, t.started_at, t.ended_at
from (
    select
        v.*, row(s.place, v.n) as place,
        max(row(s.place, v.n)) filter (v.state = 'completed') over (partition by home, session) as finished
    from v_turns v
    join (
        select
            unnest($sources::integer[]) as source,
            generate_subscripts($sources::integer[], 1) as place
    ) s using (source)
    where v.state not in ('reverted', 'rolled_back')
) t
join messages m on m.source = t.source and m.turn = t.n and m.role = 'user'
where t.state <> 'completed' and (t.finished is null or t.place > t.finished)
group by t.source, t.n, t.place, t.state, t.started_at, t.ended_at
order by t.place;

-- name: commands
-- Commands in sessions with plans, for the steps during which they ran.
select source, byte, left(command, 200) as what, 'command' as kind
from calls
where kind = 'command' and status in ('completed', 'failed') and command is not null
and not is_own_call(tool, command)
and source in (select unnest($sources::integer[]))
order by source, byte;

-- name: files
-- Files changed in sessions with plans, for the steps during which they changed.
select source, byte, path as what, 'file' as kind
from files
where status = 'completed' and source in (select unnest($sources::integer[]))
order by source, byte;

-- name: commit_outputs
-- Outputs of commands that may name a commit.
select concat(output_head, output_tail) as output
from calls
where kind = 'command' and status = 'completed' and contains(output_head, '] ')
and not is_own_call(tool, command)
and source in (select unnest($sources::integer[]))
order by source, byte;

-- name: sayings
-- The recorded edits of tasks, in order.
select id, time, actor, selection::varchar as about, arguments::varchar as arguments, reason
from commands
where verb = 'task'
order by rowid;

-- name: folder_known
-- Whether any session ran in one of these folders.
select 1 from segments where list_contains($folders::varchar[], rtrim(cwd, '/\')) limit 1;

-- name: project_here
-- The project of these folders: that of the session in the nearest one, most recently active first.
select project
from v_sessions
where list_contains($folders::varchar[], rtrim(cwd, '/\'))
order by length(cwd) desc, last_at desc nulls last
limit 1;
