-- name: listed
-- Sessions, most recently active first. Selected by key: sorting all whole rows takes memory and time.
with chosen as materialized (
    select s.source
    from v_sessions s
    where ($project is null or $project in (s.project, s.project_id, rtrim(s.cwd, '/\')))
    and ($folder::varchar is null or s.cwd = $folder or starts_with(s.cwd, $folder || '/'))
    and ($branch is null or s.branch = $branch)
    and ($session is null or s.id = $session)
    and ($since::timestamp is null or coalesce(s.last_at, s.started_at) >= $since::timestamp)
    and ($until::timestamp is null or coalesce(s.started_at, s.last_at) < $until::timestamp)
    order by s.last_at desc nulls last, s.id, s.home
    limit $limit offset $offset
)
select s.*, h.path as home_path
from v_sessions s
left join homes h on h.id = s.home
where s.source in (from chosen)
order by s.last_at desc nulls last, s.id, s.home;

-- name: marks
-- The newest source of the newest sessions, and a number that changes with any column of `of_sources`.
with chosen as materialized (
    select s.source
    from v_sessions s
    order by s.last_at desc nulls last, s.id, s.home
    limit $limit
)
select s.source, hash(s, h.path) as mark
from v_sessions s
left join homes h on h.id = s.home
where s.source in (from chosen)
order by s.last_at desc nulls last, s.id, s.home;

-- name: of_sources
-- The sessions whose newest source is one of these.
select s.*, h.path as home_path
from v_sessions s
left join homes h on h.id = s.home
where s.source in (select unnest($sources::integer[]));

-- name: anchors
-- When each session began, and its time range.
select
    thread as session, max_by(cwd, last_at) as cwd, min_by("commit", last_at) as "commit",
    min(coalesce(started_at, first_at)) as started_at, max(last_at) as last_at
from segments
group by thread;

-- name: unfinished
-- Sessions whose last turn is open or failed; their current state depends on the clock.
select s.*, h.path as home_path
from v_sessions s
left join homes h on h.id = s.home
where s.turn_state in ('open', 'failed')
order by s.last_at desc nulls last, s.id, s.home;

-- name: last_errors
-- Why the last turns of these sessions failed.
select r.home, r.id, t.error
from session_rows r
join turns t on t.source = r.source
where r.id in (select unnest($ids::varchar[])) and t.error is not null
qualify row_number() over (partition by r.home, r.id order by t.byte desc) = 1;

-- name: pulse
-- How many calls, messages and responses these sessions wrote in each of the last minutes.
select
    r.home, r.id, ((epoch($until::timestamp) - epoch(e.time)) // 60)::integer as minutes_ago,
    count(*) as events
from session_rows r
join (
    select source, time from calls where time > $since::timestamp
    union all
    select source, time from messages where time > $since::timestamp
    union all
    select source, time from usage where time > $since::timestamp
) e on e.source = r.source
where r.id in (select unnest($ids::varchar[]))
group by all;

-- name: starting_with
-- Ids of sessions by prefix.
select distinct thread as id from segments where starts_with(thread, $prefix) order by id;

-- name: beginning_alike
-- Ids of all sessions that share a prefix with one of these.
select distinct thread as id
from segments
where left(thread, $length) in (select unnest($beginnings::varchar[]));

-- name: turns
-- The files of these sessions in the order in which they continue each other, each with its turns;
-- a file without turns has one row without a turn.
select
    v.home, g.thread as session, v.id as source, v.path, v.representation, v.archived,
    v.state as file_state, v.byte as read_to, t.n as turn, t.byte, t.turn_id as id, t.state,
    t.started_at, t.ended_at, t.seconds, t.trigger, t.model, t.error_code, t.error
from v_sources v
join segments g on g.source = v.id
left join v_turns t on t.source = v.id
where g.thread in (select unnest($sessions::varchar[]))
order by
    v.home, g.thread, coalesce(g.started_at, g.first_at) nulls first, v.segment, v.id, t.byte;

-- name: messages
-- User and assistant messages in these files; at most $chars characters of each, if given.
select
    source, turn, byte, time as at, role, phase,
    if($chars::integer is null, text, left(text, $chars)) as text, chars
from messages
where source in (select unnest($sources::integer[])) and role in ('user', 'assistant')
order by source, byte;

-- name: calls
-- Calls of these kinds in these files; with $output, what they wrote where it shows the result.
select
    source, turn, byte, time as at, kind, tool, command, status, exit_code, seconds,
    case
        when not $output or is_own_call(tool, command) then null
        when kind = 'question' or contains(command, 'git commit') then output_head
        when status = 'failed' then coalesce(output_tail, output_head)
    end as output,
    is_own_call(tool, command) as own
from calls
where source in (select unnest($sources::integer[]))
and kind in (select unnest($kinds::varchar[]))
order by source, byte;

-- name: changes
-- The files that patches in these files changed.
select source, turn, byte, path, change, moved_to, status
from files
where source in (select unnest($sources::integer[]))
order by source, byte, path;

-- name: plans
-- Every revision of the plans in these files, refused ones included.
select
    source, turn, byte, time as at, revision, origin, accepted, explanation,
    steps::varchar as steps
from plans
where source in (select unnest($sources::integer[]))
order by source, byte, revision;

-- name: goals
-- Every change of the goals in these files. A row without an objective refers to the goal before it.
select
    source, turn, byte, time as at, objective,
    if(objective is null, nullif(status, ''), goal_status(status)) as status, token_budget,
    tokens_used, seconds
from goals
where source in (select unnest($sources::integer[]))
order by source, byte;

-- name: usage
-- Tokens by turn in these files.
select
    source, turn, sum(input)::bigint as input, sum(cached)::bigint as cached,
    sum(output)::bigint as output, sum(reasoning)::bigint as reasoning, sum(total)::bigint as total
from usage
where source in (select unnest($sources::integer[]))
group by all
order by source, turn;

-- name: notes
-- Notes that roles wrote about these sessions.
select source, turn, time as at, origin, untrusted, kind, text
from notes
where source in (select unnest($sources::integer[])) and project is null
order by source, turn, time, text;

-- name: of_people
-- The sessions of these homes that people began, without those of sub-agents.
select h.path as home, s.id
from session_rows s
join homes h on h.id = s.home
where s.parent_id is null and h.path in (select unnest($homes::varchar[]));

-- name: titles
-- The titles of these sessions; of a sub-agent its name.
select id, coalesce(nickname, title) as title from session_rows where id in (select unnest($ids::varchar[]));

-- name: home_of
-- The Codex home of a session.
select home from session_rows where id = $id limit 1;
