-- name: asked
-- The last user message of a session, in turns that still count.
select n.log as path, m.byte, m.time, m.text, n.turn
from standing_turns($home, [$session]) n
join messages m on m.source = n.source and m.turn = n.n
where m.role = 'user'
order by n.turn desc, m.byte desc
limit 1;

-- name: requests
-- The first user messages of each of these sessions, in turns that still count.
select n.session, n.turn, n.log as path, m.byte, m.time, m.text
from standing_turns($home, $sessions::varchar[]) n
join messages m on m.source = n.source and m.turn = n.n
where m.role = 'user'
qualify row_number() over (partition by n.session order by n.turn, m.byte) <= 5
order by n.session, n.turn, m.byte;

-- name: answer
-- The last answer of a session, in turns that still count.
select n.session, n.turn, n.log as path, m.byte, m.time, m.text
from standing_turns($home, [$session]) n
join messages m on m.source = n.source and m.turn = n.n
where m.role = 'assistant' and coalesce(m.phase, 'final_answer') in ('final_answer', 'plan', 'commentary')
order by n.turn desc, coalesce(m.phase, '') = 'commentary', m.byte desc
limit 1;

-- name: decisions
-- Messages of these sessions that may state a decision, the newest first.
select n.session, n.turn, n.log as path, m.byte, m.time, m.role, m.text
from standing_turns($home, $sessions::varchar[]) n
join messages m on m.source = n.source and m.turn = n.n
semi join decision_rows d on d.source = m.source and d.byte = m.byte
where m.role in ('user', 'assistant')
order by m.time desc nulls last, n.turn desc, m.byte desc
limit 200;

-- name: answers
-- The questions that these sessions asked the user, with the answers, the newest first.
select n.session, n.turn, n.log as path, c.byte, c.time, c.command, c.output_head as output
from standing_turns($home, $sessions::varchar[]) n
join calls c on c.source = n.source and c.turn = n.n
where c.kind = 'question' and c.status = 'completed'
order by c.time desc nulls last, n.turn desc, c.byte desc
limit 200;

-- name: failures
-- Commands and patches of these sessions that failed and have not succeeded since in any of them,
-- newest first: the last run of each, and how often it failed since its last success. Those without
-- output come last, because they do not show the cause.
--
-- Only commands that failed at least once are looked at closely, because looking at all takes long.
with failed as materialized (
    select c.source
    from standing_turns($home, $sessions::varchar[]) n
    join calls c on c.source = n.source and c.turn = n.n
    where c.kind in ('command', 'patch') and c.status = 'failed'
    limit 1
),
call as materialized (
    select n.session, n.turn, c.source, c.byte, c.time, c.kind, c.exit_code, c.tool, c.command,
        c.status = 'failed' as failed, row(n.turn, c.byte) as place
    from standing_turns($home, $sessions::varchar[]) n
    join calls c on c.source = n.source and c.turn = n.n
    where c.kind in ('command', 'patch') and c.status in ('completed', 'failed')
    and c.command is not null and exists (from failed)
),
run as materialized (
    select *, regexp_replace(target, '^\*\*\* \w+ File: ', '') as what
    from (
        select *, unnest(if(
            kind = 'patch',
            regexp_extract_all(command, '(?m)^\*\*\* (?:Add|Update|Delete) File: .+$'),
            [regexp_replace(trim(command), '\s+', ' ', 'g')]
        )) as target
        from call
    )
),
repeated as materialized (
    from run
    where what in (select what from run where failed and not is_own_call(tool, command))
),
judged as (
    select *,
        place > max(place) filter (not failed) over own as after_own,
        time > max(time) filter (not failed) over (partition by kind, what) as after_all
    from repeated
    where not is_own_call(tool, command)
    window own as (partition by kind, session, what)
),
unrepaired as (
    select any_value(columns(* exclude (what, target, after_own, after_all))),
        if(any_value(kind) = 'patch', list(what order by what), [any_value(what)]) as what
    from judged
    where failed
    group by source, byte
    having bool_and(coalesce(after_own, true) and coalesce(after_all, true))
)
select u.session, u.turn, s.path, u.byte, u.time, u.kind, u.command, u.what, u.exit_code, o.output,
    count(*) over (partition by u.kind, u.what) as times
from unrepaired u
join (
    select
        source, byte, any_value(right(coalesce(nullif(output_tail, ''), output_head), 400)) as output
    from calls
    where (source, byte) in (select (source, byte) from unrepaired) and status = 'failed'
    group by all
) o on o.source = u.source and o.byte = u.byte
join sources s on s.id = u.source
qualify row_number() over (
    partition by u.kind, u.what order by u.time desc nulls last, u.session desc, u.place desc
) = 1
order by coalesce(trim(o.output), '') = '', u.time desc nulls last, u.place desc, u.source;

-- name: files
-- The files that these sessions changed, most recently changed first: the last change of each.
select n.session, n.turn, n.log, f.byte, f.time, f.path, f.change, f.moved_to,
    count(*) over (partition by f.path) as times
from files f
join standing_turns($home, $sessions::varchar[]) n on n.source = f.source and n.n = f.turn
where f.status = 'completed'
qualify row_number() over (partition by f.path order by f.time desc nulls last, n.turn desc, f.byte desc) = 1
order by f.time desc nulls last, f.path
limit 100;

-- name: commits
-- Commands of these sessions that may have made a commit, with what they wrote.
select n.session, c.time, c.seconds, c.command, c.status, c.output_head as output
from standing_turns($home, $sessions::varchar[]) n
join calls c on c.source = n.source and c.turn = n.n
where c.kind = 'command' and c.status = 'completed' and not is_own_call(c.tool, c.command)
and regexp_matches(c.command, '\b(commit|merge|rebase|cherry-pick|revert|am)\b')
order by c.time, c.source, c.byte;

-- name: notes
-- Notes that roles wrote about these sessions and their projects, the newest first.
select nullif(n.session, '') as session, n.turn, n.time, n.kind, n.origin, n.text
from notes n
where (n.home = $home and n.session in (select unnest($sessions::varchar[])))
or n.project in (select unnest($projects::varchar[]))
order by n.time desc, n.turn desc, n.text
limit 30;
