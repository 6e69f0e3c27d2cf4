-- name: asked
-- The last user message of a session, in turns that still count.
select s.path, m.byte, m.time, m.text, n.turn
from standing_turns($home, [$session]) n
join messages m on m.source = n.source and m.turn = n.n
join sources s on s.id = m.source
where m.role = 'user'
order by n.turn desc, m.byte desc
limit 1;

-- name: failures
-- Commands of these sessions that failed and have not succeeded since, newest first: the last run
-- of each, and how often it failed since its last success. Those without output come last, because
-- they do not show the cause.
with run as (
    select n.session, n.turn, c.source, c.byte, c.time, c.command, c.exit_code,
        right(coalesce(nullif(c.output_tail, ''), c.output_head), 400) as output,
        c.status = 'failed' as failed,
        row(n.turn, c.byte) as place,
        max(row(n.turn, c.byte)) filter (c.status = 'completed')
            over (partition by n.session, c.command) as repaired
    from calls c
    join standing_turns($home, $sessions::varchar[]) n on n.source = c.source and n.n = c.turn
    where c.kind = 'command' and c.status in ('completed', 'failed') and c.command is not null
)
select r.session, r.turn, s.path, r.byte, r.time, r.command, r.exit_code, r.output,
    count(*) over (partition by r.session, r.command) as times
from run r
join sources s on s.id = r.source
where r.failed and (r.repaired is null or r.place > r.repaired)
qualify row_number() over (partition by r.session, r.command order by r.place desc) = 1
order by coalesce(trim(r.output), '') = '', r.time desc nulls last, r.place desc, r.source
limit 100;

-- name: files
-- The files that these sessions changed, most recently changed first: the last change of each.
select n.session, n.turn, s.path as log, f.byte, f.time, f.path, f.change, f.moved_to,
    count(*) over (partition by f.path) as times
from files f
join standing_turns($home, $sessions::varchar[]) n on n.source = f.source and n.n = f.turn
join sources s on s.id = f.source
where f.status = 'completed'
qualify row_number() over (partition by f.path order by f.time desc nulls last, n.turn desc, f.byte desc) = 1
order by f.time desc nulls last, f.path
limit 100;
