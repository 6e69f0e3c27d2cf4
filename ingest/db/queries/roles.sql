-- name: waiting
-- A pending batch of a role: requested, released, woken, or retried by a person. Roles whose budget
-- is used up are left out.
select
    b.id, b.source, b.generation, b.start, b.finish, r.role, r.home, r.session, r.project, r.day
from batches b
join role_batches r on r.batch = b.id
where b.kind = 'observe' and b.state = 'pending' and not list_contains($held::varchar[], r.role)
order by b.updated_at, b.id
limit 1;

-- name: session_idle
-- A session that ended a turn recently, is idle, and was not given to the role since.
select d.source, d.generation, d.start, d.finish, d.home, d.session
from (
    select
        g.source, s.home, g.thread as session, c.generation, t.start, c.byte as finish, g.last_at
    from segments g
    join sources s on s.id = g.source
    join cursors c on c.source = g.source
    join (
        select source, arg_max(byte, n) as start from turns group by source
    ) t on t.source = g.source
    where s.kind = 'rollout' and s.state = 'following'
    and g.last_turn_state in ('completed', 'failed', 'interrupted')
    and g.last_at between $since::timestamp and $until::timestamp
) d
where not exists (
    from batches b
    join role_batches r on r.batch = b.id
    where r.role = $role and b.source = d.source and b.generation = d.generation
    and b.start = d.start
)
order by d.last_at desc, d.source
limit 1;

-- name: plan_changed
-- A session whose plan changed recently, has rested since, and was not given to the role.
select d.source, d.generation, d.start, d.finish, d.home, d.session
from (
    select
        p.source, s.home, g.thread as session, c.generation, p.start, c.byte as finish, p.changed_at
    from (
        select
            source, arg_max(byte, revision) as start,
            max(coalesce(time, timestamp '1970-01-01')) as changed_at
        from plans
        where accepted
        group by source
    ) p
    join segments g on g.source = p.source
    join sources s on s.id = p.source
    join cursors c on c.source = p.source
    where s.kind = 'rollout' and s.state = 'following'
    and p.changed_at between $since::timestamp and $until::timestamp
) d
where not exists (
    from batches b
    join role_batches r on r.batch = b.id
    where r.role = $role and b.source = d.source and b.generation = d.generation
    and b.start = d.start
)
order by d.changed_at desc, d.source
limit 1;

-- name: day_ended
-- A project with a session that was active on this day, which was not given to the role.
select d.*
from (
    select
        v.project_id as project, $day::date as day, '' as session,
        arg_max(v.home, v.last_at) as home, arg_max(v.source, v.last_at) as source,
        0 as generation, 0 as start, 0 as finish
    from v_sessions v
    where v.last_at >= $began::timestamp and coalesce(v.started_at, v.last_at) < $ended::timestamp
    group by v.project_id
) d
where not exists (
    from role_batches r where r.role = $role and r.project = d.project and r.day = d.day
)
order by d.project
limit 1;

-- name: last_session
-- The session of a project that was active last, without those of agents.
select id from v_sessions
where project = $project and parent_id is null
order by last_at desc nulls last, id
limit 1;

-- name: session_unit
-- What a role is given that a person runs on a session.
select
    v.source, c.generation, coalesce(max(t.byte), 0) as start, c.byte as finish, v.home,
    v.id as session
from v_sessions v
join cursors c on c.source = v.source
left join turns t on t.source = v.source
where v.id = $session
group by all
order by v.home
limit 1;

-- name: day_unit
-- What a role is given that a person runs on a project: its session that was active last.
select
    arg_max(v.source, v.last_at) as source, 0 as generation, 0 as start, 0 as finish,
    arg_max(v.home, v.last_at) as home, '' as session, v.project_id as project, $day::date as day
from v_sessions v
where v.project = $project
group by v.project_id;

-- name: add_batch
-- What the batch of a role is about. Once for each batch, whoever claims or requests it.
insert into role_batches
select $batch, $role, $home, $session, $project, $day::date
where $batch not in (select batch from role_batches);

-- name: request
-- A pending batch that a person asked for, if there is none with this id.
insert into batches by name
select
    $id as id, 'observe' as kind, $source as source, $generation as generation, $start as start,
    $finish as finish, 'pending' as state, 0 as attempts, 0 as lifetime_attempts, 0 as rescues,
    $now::timestamp as created_at, $now::timestamp as updated_at
where $id not in (select id from batches);

-- name: same_input
-- The batch in which the role answered to this input.
select batch from role_runs
where role = $role and input_hash = $input_hash and error_code is null
order by started_at desc
limit 1;

-- name: spent
-- Runs and tokens of each role since this time.
select
    role, count(*) as runs,
    coalesce(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), 0)::bigint as tokens
from role_runs
where started_at >= $since::timestamp
group by role;

-- name: overview
-- Each role that ran or has work: its last run, how many of its batches wait or failed.
select
    r.role, max(u.started_at) as last_run,
    count(distinct b.id) filter (where b.state in ('failed', 'dead')) as failed,
    count(distinct b.id) filter (where b.state in ('pending', 'claimed')) as pending
from role_batches r
left join batches b on b.id = r.batch
left join role_runs u on u.batch = r.batch
group by r.role;

-- name: runs
-- The last runs of a role.
select u.batch, u.started_at, u.seconds, u.input_tokens, u.cached_tokens, u.output_tokens,
    u.command_hash, u.input_hash, u.error_code, r.session, r.project, r.day
from role_runs u
join role_batches r on r.batch = u.batch
where u.role = $role
order by u.started_at desc, u.batch
limit $limit;

-- name: runs_of_batch
-- Each run of a batch, with what it cost.
select started_at, seconds, input_tokens, cached_tokens, output_tokens, error_code
from role_runs
where batch = $batch
order by started_at;

-- name: notes_of_batch
-- What the last run of a batch wrote.
select kind, text from notes where batch = $batch order by rowid;

-- name: written
-- What roles wrote about these sessions and a project, the newest first, with the run it came from.
select
    nullif(n.session, '') as session, n.origin as role, n.kind, n.text, n.time, n.batch, u.command_hash, u.input_hash, u.seconds,
    u.input_tokens, u.cached_tokens, u.output_tokens
from notes n
left join (
    select * from role_runs where error_code is null
    qualify row_number() over (partition by batch order by started_at desc) = 1
) u on u.batch = n.batch
where n.project = $project or n.session in (select unnest($sessions::varchar[]))
order by n.time desc, n.batch, n.kind, n.text;

-- name: words
-- The summaries that people wrote themselves, in the order they were written.
select
    time, actor, selection->>'session' as session, selection->>'project' as project,
    arguments->>'text' as text
from commands
where verb = 'summary'
order by time, rowid;

-- name: add_run
insert into role_runs values (
    $batch, $role, $started_at::timestamp, $seconds, $command_hash, $input_hash, $input_tokens,
    $cached_tokens, $output_tokens, $error_code
);

-- name: tasks
-- The tasks of a project, as they were written last.
select text, state, ready, session, branch, started_at, ended_at
from project_tasks
where project_id = $project and current
order by started_at nulls last, id;

-- name: project_of
-- The project of a session.
select project_id as id, project as label from v_sessions where home = $home and id = $session;

-- name: project
-- The label of a project.
select project as label from v_sessions where project_id = $project limit 1;

-- name: session
-- The data of a session.
select
    id, parent_id, root_id, forked_from, title, project, cwd, branch, "commit", repository, model,
    cli_version, started_at, last_at, turn_state, turns, commands, failed_commands, plan_total,
    plan_done, input, cached, output, reasoning, total
from v_sessions
where home = $home and id = $session;

-- name: turns
-- Its newest turns.
select n, state, started_at, ended_at, seconds, model, error_code, error
from v_turns
join places_of($home, [$session]) using (source)
order by place desc, n desc
limit $limit;

-- name: messages
-- Its newest messages, truncated.
select turn, time, role, phase, left(text, $chars) as text, chars
from v_messages
join places_of($home, [$session]) using (source)
order by place desc, byte desc
limit $limit;

-- name: calls
-- Its last calls.
select
    turn, time, kind, tool, left(command, $chars) as command, status, exit_code, seconds,
    right(coalesce(output_tail, output_head), 400) as output
from v_calls
join places_of($home, [$session]) using (source)
where not is_own_call(tool, command)
order by place desc, byte desc
limit $limit;

-- name: files
-- The files that it changed last.
select turn, time, path, change, status
from v_files
join places_of($home, [$session]) using (source)
order by place desc, byte desc
limit $limit;

-- name: steps
-- The steps of its newest accepted plan, without turns that were rolled back or reverted.
with newest as (
    select p.source, p.revision
    from plans p
    join places_of($home, [$session]) using (source)
    where p.accepted and not exists (
        from v_turns t
        where t.source = p.source and t.n = p.turn and t.state in ('reverted', 'rolled_back')
    )
    order by place desc, p.revision desc
    limit 1
)
select step, text, status, revision
from v_plan_steps
join newest using (source, revision)
order by step;

-- name: drop_notes
delete from notes where batch = $batch;

-- name: add_notes
insert into notes
select
    $home, $session, $source, $turn, $batch, $now::timestamp, $role, true, n.kind, n.text, $project
from (select unnest($notes::struct(kind varchar, text varchar)[], recursive := true)) n;
