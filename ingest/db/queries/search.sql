-- name: texts
-- The texts of these ranges of lines, as they are indexed: what no longer counts is left out. Of equal
-- steps, files and goals of a source only the last one is indexed.
with ranges as materialized (
    select unnest($ranges::struct(source integer, start bigint, finish bigint)[], recursive := true)
),
gone as materialized (
    select source, n as turn from v_turns
    where source in (select unnest($sources::integer[])) and state in ('reverted', 'rolled_back')
),
steps as (
    select
        source, 'step' as kind, byte, turn, time, revision as place,
        json_extract_string(step, '$[0]') as text, json_extract_string(step, '$[1]') as status
    from (
        select source, byte, turn, time, revision, unnest(cast(steps as json[])) as step
        from plans
        where source in (select unnest($sources::integer[]))
        and source in (
            select p.source from plans p
            join ranges r on p.source = r.source and p.byte >= r.start and p.byte < r.finish
            where p.source in (select unnest($sources::integer[]))
        )
    )
    union all
    select source, 'file', byte, turn, time, byte, concat_ws(' → ', path, moved_to), status
    from files
    where source in (select unnest($sources::integer[]))
    union all
    select source, 'goal', byte, turn, time, byte, objective, status
    from goals
    where source in (select unnest($sources::integer[])) and objective is not null
),
repeated as (
    select
        s.source, max(s.byte) as byte, max_by(s.turn, s.place) as turn,
        max_by(s.time, s.place) as time, s.kind, max_by(s.status, s.place) as status, s.text
    from steps s
    left join ranges r on s.source = r.source and s.byte >= r.start and s.byte < r.finish
    where (s.source, s.turn) not in (from gone) and s.text is not null
    group by s.source, s.kind, s.text
    having bool_or(r.source is not null)
),
single as (
    select
        source, byte, turn, time, if(role = 'user', 'prompt', 'answer') as kind, null as status,
        null as tool, false as broken, text, null as output_head, null as output_tail
    from messages
    where source in (select unnest($sources::integer[]))
    union all
    select
        source, byte, turn, time,
        case
            when is_own_call(tool, command) then 'self' when kind = 'script' then 'script'
            else 'call'
        end,
        status, tool, status = 'failed', coalesce(command, ''), output_head, output_tail
    from calls
    where source in (select unnest($sources::integer[]))
    union all
    -- Many turns fail without a message, or with only a code.
    select source, byte, n, coalesce(ended_at, started_at), 'error', state, null, true, why, null, null
    from (
        select
            source, byte, n, started_at, ended_at, state,
            coalesce(error, error_code, if(state = 'failed', end_reason, null)) as why
        from turns
        where source in (select unnest($sources::integer[]))
    )
    where why is not null
    union all
    select source, -1, turn, time, 'note', null, null, false, text, null, null
    from notes
    where source in (select unnest($sources::integer[]))
)
select
    t.source, t.byte, t.turn, epoch_us(t.time) as time, t.kind, t.status, t.tool, t.broken, t.text,
    t.output_head, t.output_tail, null as thread
from single t
join ranges r on t.source = r.source and t.byte >= r.start and t.byte < r.finish
where (t.source, t.turn) not in (from gone)
union all
select source, byte, turn, epoch_us(time), kind, status, null, false, text, null, null, null
from repeated
union all
-- Prompts of sessions without a file of their own.
select
    p.source, p.byte, 0, epoch_us(p.time), 'prompt', null, null, false, p.text, null, null,
    s.home || ':' || p.thread
from prompts p
join ranges r on p.source = r.source and p.byte >= r.start and p.byte < r.finish
join sources s on s.id = p.source
where p.source in (select unnest($sources::integer[]))
and (s.home, p.thread) not in (
    select f.home, g.thread from segments g join sources f on f.id = g.source
);

-- name: threads
-- The sessions of these sources.
select distinct s.home || ':' || g.thread as thread
from segments g
join sources s on s.id = g.source
where g.source in (select unnest($sources::integer[]));

-- name: scope
-- The sources of the sessions that fit these filters, and the sessions of which only prompts are known.
select g.source, null as thread
from v_sessions v
join segments g on g.thread = v.id
join sources s on s.id = g.source and s.home = v.home
where (
    len($projects::varchar[]) = 0 or list_has_any(
        list_transform($projects::varchar[], lambda one: lower(one)),
        [lower(v.project), lower(v.project_id), lower(rtrim(v.cwd, '/\'))]
    )
)
and is_any_of(v.branch, $branches::varchar[])
and ($tagged::varchar[] is null or list_contains($tagged::varchar[], v.id))
and (
    len($sessions::varchar[]) = 0 or len(list_filter($sessions::varchar[], lambda one:
        starts_with(lower(v.id), lower(one))
    )) > 0
)
union all
select distinct null, home || ':' || session
from v_prompts
where history_only and len($projects::varchar[]) = 0 and len($branches::varchar[]) = 0
and ($tagged::varchar[] is null or list_contains($tagged::varchar[], session))
and (
    len($sessions::varchar[]) = 0 or len(list_filter($sessions::varchar[], lambda one:
        starts_with(lower(session), lower(one))
    )) > 0
);

-- name: commits
-- The commit at which each session of a project began.
select id, "commit" from v_sessions
where "commit" is not null and ($project::varchar is null or project = $project);

-- name: places
-- The session of each of these sources; of a history only its home.
select s.id as source, s.home, g.thread as session, r.project
from sources s
left join segments g on g.source = s.id
left join session_rows r on r.home = s.home and r.id = g.thread
where s.id in (select unnest($sources::integer[]));

-- name: messages
select source, byte, text from messages
where source in (select unnest($sources::integer[])) and byte in (select unnest($bytes::bigint[]))
union all
select source, byte, text from prompts
where source in (select unnest($sources::integer[])) and byte in (select unnest($bytes::bigint[]));

-- name: calls
select source, byte, status, tool, command, output_head, output_tail from calls
where source in (select unnest($sources::integer[])) and byte in (select unnest($bytes::bigint[]));

-- name: exits
-- The exit codes of these calls.
select source, byte, exit_code from calls
where exit_code is not null
and source in (select unnest($sources::integer[])) and byte in (select unnest($bytes::bigint[]));

-- name: turns
-- The numbers of these turns within their sessions, as in `show.turns`.
select source, turn, number
from turn_rows
where number is not null
and source in (select unnest($sources::integer[])) and turn in (select unnest($turns::integer[]));

-- name: values
-- Values for the filters: projects, branches and tools, most recently used first.
select
    'project' as name, coalesce(p.label, project_of(g.cwd, g.repository)) as value,
    max(g.last_at) as last
from segments g
left join folder_projects p
    on p.path = rtrim(g.cwd, '/\') and p.recorded = coalesce(g.repository, '')
group by all
union all
select 'branch', branch, max(last)
from (
    select branch, last_at as last from segments where branch is not null
    union all
    select branch, time from v_moves
)
group by all
union all
select 'tool', tool, max(time)
from calls
group by all
order by last desc nulls last, name, value;
