-- name: changed
-- Units of a project that are not as they were sent last, most recently active first: its sessions,
-- and its tasks as a whole (without a session). `version` changes with everything else that decides
-- what is sent. Units without a stamp were sent, and may be gone.
with units as (
    select s.home, s.id as session, hash($version, s)::varchar as stamp, s.bytes, s.last_at
    from v_sessions s
    where s.project_id = $project
    union all
    select
        '' as home, '' as session, hash($version, list(t order by t.id))::varchar as stamp,
        0 as bytes, null as last_at
    from project_tasks t
    where t.project_id = $project and $tasks
    having count(*) > 0
)
select
    n.home, n.session, n.stamp, n.bytes, count(n.stamp) over () as total,
    count(*) filter (n.stamp is null) over () as gone
from units n
full join (
    select home, session, stamp from shared_units where project_id = $project
) u on u.home = n.home and u.session = n.session
where u.stamp is distinct from n.stamp
order by n.stamp is null, n.last_at desc nulls first, n.session, n.home
limit $limit;

-- name: gone
-- Units that were sent and are not in the project any more, and why. Those of a file that is being
-- read again are not gone.
select
    u.home, u.session,
    case
        when s.id is not null then 'move'
        when u.session <> '' and exists (
            from pruned p join sources o on o.id = p.source
            where o.home = u.home and o.thread = u.session
        ) then 'prune'
        else 'removed'
    end as reason
from shared_units u
left join v_sessions s on s.home = u.home and s.id = u.session
where u.project_id = $project
and case
    when u.session = ''
        then not ($tasks and exists (from project_tasks t where t.project_id = $project))
    else s.project_id is distinct from $project
end
and not exists (
    from v_sources v where v.home = u.home and v.thread = u.session and v.behind > 0
);

-- name: sent
-- What was sent of each project, and when.
select
    project_id, count(*) filter (session <> '') as sessions, sum(rows)::bigint as rows,
    max(sent_at) as sent_at
from shared_units
group by project_id;

-- name: sessions
-- Sessions to send, with how long their turns took.
with wanted as (
    select unnest($units::struct(home varchar, session varchar)[], recursive := true)
)
select s.*, h.path as home_path, t.seconds
from v_sessions s
join wanted w on w.home = s.home and w.session = s.id
left join homes h on h.id = s.home
left join (
    select
        o.home, g.thread,
        sum(coalesce(
            t.seconds, if(t.ended_at >= t.started_at, epoch(t.ended_at - t.started_at), null)
        )) as seconds
    from turns t
    join segments g on g.source = t.source
    join sources o on o.id = t.source
    where g.thread in (select session from wanted)
    group by all
) t on t.home = s.home and t.thread = s.id
order by s.id, s.home;

-- name: usage
-- Tokens of these sessions by day, in UTC, and model.
with wanted as (
    select unnest($units::struct(home varchar, session varchar)[], recursive := true)
)
select
    o.home, g.thread as session, cast(u.time as date) as day, u.model,
    sum(u.input)::bigint as input, sum(u.cached)::bigint as cached, sum(u.output)::bigint as output,
    sum(u.reasoning)::bigint as reasoning, sum(u.total)::bigint as total
from usage u
join segments g on g.source = u.source
join sources o on o.id = u.source
join wanted w on w.home = o.home and w.session = g.thread
group by all
order by session, o.home, day, u.model;

-- name: tasks
-- The tasks of a project as they are stored.
select
    id, text, state, origin, ready, current, session, branch, owner, started_at, ended_at
from project_tasks
where project_id = $project
order by id;

-- name: outputs
-- What commands in these files wrote, without what Tailboard answered.
select source, byte, output_head, output_tail
from calls
where source in (select unnest($sources::integer[])) and kind = 'command'
and (output_head is not null or output_tail is not null) and not is_own_call(tool, command);

-- name: languages
-- The language of most files that these sessions changed.
select s.home, g.thread as session, mode(language_of(f.path)) as language
from files f
join segments g on g.source = f.source
join sources s on s.id = f.source
where g.thread in (select unnest($sessions::varchar[])) and language_of(f.path) is not null
group by all;

-- name: drop_units
-- Forget that these units were sent.
delete from shared_units
where project_id = $project
and (home, session) in (
    select (home, session)
    from (select unnest(from_json(
        $units, '[{"home": "VARCHAR", "session": "VARCHAR"}]'
    ), recursive := true))
);

-- name: add_units
-- Record what was sent; `units` is JSON, which takes less time and memory than a list.
insert into shared_units by name
select $project as project_id, u.*, $now::timestamp as sent_at
from (select unnest(from_json(
    $units,
    '[{"home": "VARCHAR", "session": "VARCHAR", "stamp": "VARCHAR", "rows": "INTEGER"}]'
), recursive := true)) u;

-- name: drop_project
-- Forget what was sent of a project.
delete from shared_units where project_id = $project;

-- name: send_again
-- Send everything once more: stored text was masked.
update shared_units set stamp = '';

-- name: batches
-- The batches of these ids: one for each shared project.
select
    id, state, reason, retry_at, error_code, error_message, error_hint, created_at, updated_at
from batches
where id in (select unnest($ids::varchar[]));
