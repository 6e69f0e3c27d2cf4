-- name: turns
-- The turns of a session in order, across its segments, counted from 1.
select
    t.source, t.n as place, t.byte, t.turn_id as id, t.state, t.started_at, t.ended_at, t.seconds,
    t.trigger, t.model, t.effort, t.error_code, t.error,
    row_number() over (
        order by coalesce(g.started_at, g.first_at) nulls first, s.segment, t.source, t.byte
    ) as n
from v_turns t
join sources s on s.id = t.source
join segments g on g.source = t.source
where t.home = $home and t.session = $session
order by n;

-- name: messages
-- The messages of a session.
select source, turn, byte, time, role, phase, text, chars
from v_messages
where home = $home and session = $session
order by source, byte;

-- name: commands
-- The commands of a session.
select source, turn, byte, time, command, status, exit_code, seconds, workdir
from v_calls
where home = $home and session = $session and kind = 'command'
order by source, byte;

-- name: files
-- The files that the patches of a session changed.
select source, turn, byte, path, change, moved_to, status
from v_files
where home = $home and session = $session
order by source, byte, path;

-- name: plans
-- All revisions of a session's plan, in order.
select source, turn, time, revision, origin, accepted, explanation, steps::varchar as steps
from v_plans
join places_of($home, [$session]) using (source)
order by place, revision;

-- name: goals
-- The goals of a session.
select
    turn, time, objective, goal_status(status) as status, token_budget, tokens_used, seconds
from v_goals
join places_of($home, [$session]) using (source)
order by place, byte;

-- name: segments
-- The files of a session, oldest first, and how far each is read.
select v.id as source, v.path, v.representation, v.byte
from v_sources v
join segments g on g.source = v.id
where v.home = $home and g.thread = $session
order by coalesce(g.started_at, g.first_at) nulls first, v.segment;

-- name: notes
-- Notes that an optional command wrote about a session.
select turn, time, origin, untrusted, kind, text
from v_notes
where home = $home and session = $session
order by turn, time, text;
