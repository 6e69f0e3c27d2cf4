-- name: changed
-- Sessions of a project that are not as they were sent last, most recently active first. `version`
-- changes with everything else that decides what is sent. Those without a stamp were sent, and may
-- be gone. Reads what decides what is sent, and no views: an owner asks after each commit.
with units as (
    select
        r.home, r.id as session, r.bytes, r.last_at,
        hash(
            $version, m.branch, r.parent_id, r.title, r.cwd, r.began_on, r.model, r.cli_version,
            r.source, r.segments, r.started_at, r.last_at, r.bytes, r.unknown_lines, r.turn_state,
            r.waits_for_user, r.turns, r.failed_turns, r.commands, r.failed_commands,
            r.plan_revision, r.plan_total, r.plan_done, r.input, r.cached, r.output, r.reasoning,
            r.total
        )::varchar as stamp
    from session_rows r
    left join v_moves m on m.session = r.id
    where r.project_id = $project
)
select
    coalesce(n.home, u.home) as home, coalesce(n.session, u.session) as session, n.stamp,
    n.bytes, count(n.stamp) over () as total, count(*) filter (n.stamp is null) over () as gone
from units n
full join (
    select home, session, stamp from shared_units where project_id = $project and session <> ''
) u on u.home = n.home and u.session = n.session
where u.stamp is distinct from n.stamp
order by n.stamp is null, n.last_at desc nulls first, n.session, n.home
limit $limit;

-- name: changed_tasks
-- Whether the tasks of a project are not as they were sent last: one row if so, without a stamp if
-- there are none any more.
select n.stamp
from (
    select if(count(*) > 0, hash($version, list(t order by t.id))::varchar, null) as stamp
    from project_tasks t
    where t.project_id = $project
) n
left join (
    select stamp from shared_units where project_id = $project and session = ''
) u on true
where u.stamp is distinct from n.stamp;

-- name: sent_tasks
-- One row if the tasks of a project were sent.
select 1 as found from shared_units where project_id = $project and session = '';

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

-- name: figures
-- Sessions to send.
select
    home, id, parent_id, turn_state, waits_for_user, started_at, last_at, turns, failed_turns,
    commands, failed_commands, plan_total, plan_done, input, cached, output, reasoning, total, model,
    cli_version
from session_rows
where id in (select unnest($sessions::varchar[]))
order by id, home;

-- name: sources
-- The files of these sessions: what is counted has their ids, and no join takes as little time.
select id, home, thread as session
from sources
where thread in (select unnest($sessions::varchar[]));

-- name: seconds
-- How long the turns in these files took.
select
    source,
    sum(coalesce(
        seconds, if(ended_at >= started_at, epoch(ended_at - started_at), null)
    )) as seconds
from turns
where source in (select unnest($sources::integer[]))
group by source;

-- name: usage
-- Tokens in these files by day, in UTC, and model.
select
    source, cast(quarter as date) as day, model, sum(input)::bigint as input,
    sum(cached)::bigint as cached, sum(output)::bigint as output,
    sum(reasoning)::bigint as reasoning, sum(total)::bigint as total
from usage_days
where source in (select unnest($sources::integer[]))
group by all
order by source, day, model;

-- name: sessions
-- The same sessions with everything that journals need.
select s.*, h.path as home_path
from v_sessions s
left join homes h on h.id = s.home
where s.id in (select unnest($sessions::varchar[]))
order by s.id, s.home;

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

-- name: put_units
-- Record what was sent; `units` is JSON, which takes less time and memory than a list.
merge into shared_units s
using (
    select u.*, $now::timestamp as sent_at
    from (select unnest(from_json(
        $units,
        '[{"home": "VARCHAR", "session": "VARCHAR", "stamp": "VARCHAR", "rows": "INTEGER"}]'
    ), recursive := true)) u
) n
on s.project_id = $project and s.home = n.home and s.session = n.session
when matched then update set stamp = n.stamp, rows = n.rows, sent_at = n.sent_at
when not matched then insert (project_id, home, session, stamp, rows, sent_at)
    values ($project, n.home, n.session, n.stamp, n.rows, n.sent_at);

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
