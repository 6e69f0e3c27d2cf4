-- name: waiting
-- A pending observer batch: released, woken, or retried by a person.
select b.id, b.source, b.generation, b.start, b.finish, s.home, g.thread as session
from batches b
join sources s on s.id = b.source
join segments g on g.source = b.source
where b.kind = 'observe' and b.state = 'pending'
order by b.updated_at, b.id
limit 1;

-- name: due
-- A session that ended a turn recently, is idle, and was not observed since.
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
    where b.kind = 'observe' and b.source = d.source and b.generation = d.generation
    and b.start = d.start
)
order by d.last_at desc, d.source
limit 1;

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
    $home, $session, $source, $turn, $batch, $now::timestamp, 'observe', true, n.kind, n.text
from (select unnest($notes::struct(kind varchar, text varchar)[], recursive := true)) n;
