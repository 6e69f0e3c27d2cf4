-- name: order
-- All events of a session in order, with position, kind and time. Several of one kind in one line are
-- numbered in the order of the statements below. Of calls: their kind, where their output is, and
-- whether a script made them.
with places as (
    from places_of($home, [$session])
),
happened as (
    select
        source, byte, 0 as rank, 'turn' as what, started_at as time, error as text, 0 as nth,
        0 as lines, turns.n as turn, null as kind, null as until, false as scripted
    from turns
    where source in (select source from places)
    union all
    select source, byte, 1, 'message', time, text, 0, 0, turn, null, null, false
    from messages
    where source in (select source from places)
    union all
    select
        source, byte, 2, 'call', time, concat_ws(' ', tool, command, output_head, output_tail), 0,
        case
            when coalesce(output_head, '') = '' then 0
            else least($output, len(string_split(rtrim(output_head, chr(10)), chr(10))))
        end,
        turn, kind, output_byte, call_id is null
    from calls
    where source in (select source from places)
    union all
    select
        source, byte, 3, 'commit', time, concat_ws(' ', 'commit', commit_line), 0, 0, turn, null,
        null, false
    from (
        select *, unnest(commit_lines(output_head)) as commit_line
        from calls
        where source in (select source from places) and kind = 'command' and status = 'completed'
    )
    union all
    select source, byte, 4, 'file', time, path, 0, 0, turn, null, null, false
    from files
    where source in (select source from places)
    union all
    select
        source, byte, 5, 'plan', time, cast(steps as varchar), revision, 0, turn, null, null, false
    from plans
    where source in (select source from places)
    union all
    select
        source, byte, 6, 'agent', time, concat_ws(' ', event, nickname, task), 0, 0, turn, null,
        null, false
    from agents
    where source in (select source from places)
    union all
    select source, byte, 7, 'event', time, concat_ws(' ', kind, text, detail), 0, 0, turn, null,
        null, false
    from events
    where source in (select source from places)
)
select
    h.source, h.byte, h.what, h.time, h.lines, h.turn, h.kind, h.until, h.scripted,
    row_number() over (partition by h.source, h.byte, h.what order by h.nth, h.text) as n,
    case when $words then h.text end as text
from happened h
join places p on p.source = h.source
where $calls or h.what <> 'call'
order by p.place, h.byte, h.rank, n;

-- name: turns
-- These turns, each with its number in the session.
select t.*
from (
    select
        t.source, t.byte, t.length, t.state, t.started_at as time, t.seconds, t.error,
        t.model, t.trigger,
        row_number() over (
            order by coalesce(g.started_at, g.first_at) nulls first, s.segment, t.source, t.byte
        ) as n
    from v_turns t
    join sources s on s.id = t.source
    join segments g on g.source = t.source
    where t.home = $home and t.session = $session
) t
where t.byte in (select unnest($bytes::bigint[]));

-- name: messages
-- These messages; to an agent, with the task that it was started with.
select source, byte, length, time, role, phase, text, chars,
    if(role = 'agent', (select max(task) from agents where child = $session), null) as task
from v_messages
where home = $home and session = $session and byte in (select unnest($bytes::bigint[]))
order by source, byte, text;

-- name: calls
-- These calls.
select
    source, byte, length, time, kind, tool, command, status, workdir, exit_code, seconds,
    output_head, output_tail, output_chars
from v_calls
where home = $home and session = $session and byte in (select unnest($bytes::bigint[]))
order by source, byte, concat_ws(' ', tool, command, output_head, output_tail);

-- name: commits
-- What these commands committed.
select source, byte, length, time, output_head as output,
    unnest(commit_lines(output_head)) as line
from v_calls
where home = $home and session = $session and byte in (select unnest($bytes::bigint[]))
    and kind = 'command' and status = 'completed'
order by source, byte, line;

-- name: files
-- The files that these patches changed, and the session's folder.
select f.source, f.byte, f.time, f.path, f.change, f.moved_to, f.status, g.cwd
from v_files f
join segments g on g.source = f.source
where f.home = $home and f.session = $session and f.byte in (select unnest($bytes::bigint[]))
order by f.source, f.byte, f.path;

-- name: plans
-- These revisions of plans.
select source, byte, time, revision, origin, accepted, explanation, steps::varchar as steps
from v_plans
where home = $home and session = $session and byte in (select unnest($bytes::bigint[]))
order by source, byte, revision;

-- name: agents
-- Events of sub-agents, with the names of their sessions.
select
    a.source, a.byte, a.time, a.event, a.child, a.role, a.task, a.path,
    coalesce(a.nickname, r.nickname) as nickname
from v_agents a
left join session_rows r on r.home = a.home and r.id = a.child
where a.home = $home and a.session = $session and a.byte in (select unnest($bytes::bigint[]))
order by a.source, a.byte, concat_ws(' ', a.event, a.nickname, a.task);

-- name: events
-- These events.
select source, byte, length, time, kind, text, detail
from v_events
where home = $home and session = $session and byte in (select unnest($bytes::bigint[]))
order by source, byte, concat_ws(' ', kind, text, detail);

-- name: place
-- The file and position of the line that begins at this byte.
select v.path, v.representation
from v_sources v
join segments g on g.source = v.id
where v.id = $source;

-- name: reason
-- Where the state of a session comes from: the newest open call of its last turn, or else this turn.
with places as (
    from places_of($home, [$session])
),
last_turn as (
    select t.source, t.n, t.byte, t.state
    from turns t
    join places p on p.source = t.source
    order by p.place desc, t.byte desc
    limit 1
)
select source, byte, 'turn' as what, 0 as rank from last_turn
union all
select c.source, c.byte, 'call', 1
from calls c
join last_turn t on t.source = c.source and t.n = c.turn
where c.status = 'running' and t.state = 'open'
order by rank desc, byte desc
limit 1;

-- name: prompt
-- A prompt of a session without a rollout, at its position in Codex's history.
select p.session, p.text, p.time, s.path
from v_prompts p
join sources s on s.id = p.source
where p.history_only and starts_with(p.session, $prefix) and p.byte = $byte
limit 1;

-- name: spans
-- When the turns and calls of a session and the sessions that it started ran. Calls that scripts made
-- are written when they end.
with places as (
    from places_of($home, [$session])
)
select
    'turn' as what, null as kind, null as name, t.state, t.started_at as start,
    coalesce(t.ended_at, t.started_at + to_milliseconds((t.seconds * 1000)::bigint)) as finish
from turns t
where t.source in (select source from places) and t.started_at is not null
union all
select
    'call', c.kind, c.tool, c.status,
    least(c.time, c.ended_at - to_milliseconds((c.seconds * 1000)::bigint)),
    coalesce(c.ended_at, c.time + to_milliseconds((c.seconds * 1000)::bigint))
from calls c
where c.source in (select source from places) and c.time is not null and c.kind <> 'script'
union all
select 'agent', null, coalesce(r.nickname, r.agent_path, r.id), r.turn_state, r.started_at, r.last_at
from session_rows r
where r.home = $home and r.parent_id = $session and r.started_at is not null
order by start;

-- name: plan_at
-- The newest plan of a session up to this line, which revision it is, and of how many.
with places as (
    from places_of($home, [$session])
),
here as (
    select place from places where source = $source
),
revisions as (
    select
        p.time, p.explanation, p.steps::varchar as steps, w.place, p.byte,
        row_number() over (order by w.place, p.byte, p.revision) as n, count(*) over () as revisions
    from plans p
    join places w on w.source = p.source
    where p.accepted
)
select time, explanation, steps, n, revisions
from revisions, here
where (revisions.place, byte) <= (here.place, $byte::bigint)
order by n desc
limit 1;

-- name: files_at
-- The files that a session had changed up to this line, the newest first.
with places as (
    from places_of($home, [$session])
),
here as (
    select place from places where source = $source
)
select
    f.path, arg_max(f.change, (w.place, f.byte)) as change, count(*) as edits,
    max((w.place, f.byte)) = max(max((w.place, f.byte))) over () as newest, any_value(g.cwd) as cwd
from files f
join places w on w.source = f.source
join segments g on g.source = f.source
cross join here
where f.status = 'completed' and (w.place, f.byte) <= (here.place, $byte::bigint)
group by f.path
order by max((w.place, f.byte)) desc, f.path;

-- name: counts_at
-- What a session had used and run up to this line.
with places as (
    from places_of($home, [$session])
),
here as (
    select place from places where source = $source
)
select
    (
        select coalesce(sum(u.total), 0) from usage u join places w on w.source = u.source
        where (w.place, u.byte) <= (here.place, $byte::bigint)
    )::bigint as tokens,
    (
        select coalesce(sum(u.total), 0) from usage u where u.source in (select source from places)
    )::bigint as all_tokens,
    (
        select count(*) from calls c join places w on w.source = c.source
        where c.kind = 'command' and (w.place, c.byte) <= (here.place, $byte::bigint)
    ) as commands,
    (
        select count(*) from calls c join places w on w.source = c.source
        where c.kind = 'command' and c.status = 'failed'
        and (w.place, c.byte) <= (here.place, $byte::bigint)
    ) as failed
from here;
