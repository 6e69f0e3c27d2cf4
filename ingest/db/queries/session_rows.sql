-- The rows of `session_rows`: one per session, over all its segments, kept up to date with the facts.

-- name: touched
-- The sessions of these sources; `revised` if some turns of theirs no longer count, `rootless` if Codex
-- did not record the root of their tree of agents (before 0.145) or that of an agent below them.
with sessions as materialized (
    select distinct s.home, g.thread
    from segments g
    join sources s on s.id = g.source
    where is_among(g.source, $sources::integer[]) and is_about(s.id, $sources::integer[])
),
found as materialized (
    select t.home, g.thread, g.source, g.parent is not null and g.root is null as rootless
    from sessions t
    join segments g on g.thread = t.thread
)
select
    f.home, f.thread,
    bool_or(
        s.live_until is not null or s.live_ordinal is not null
        or f.source in (select source from rollbacks)
    ) as revised,
    bool_or(
        f.rootless
        or f.thread in (select parent from segments where root is null and parent is not null)
    ) as rootless,
    list(f.source) as sources
from found f
join sources s on s.id = f.source and s.home = f.home
group by all;

-- name: revised
-- For each of these sources (of all without any) of which some turns no longer count: how many
-- turns are left, the newest of them and the newest plan in them.
with revised as materialized (
    select g.source
    from segments g
    join sources s on s.id = g.source
    where (
        s.live_until is not null or s.live_ordinal is not null
        or g.source in (select source from rollbacks)
    )
    and is_among(g.source, $sources::integer[]) and is_about(s.id, $sources::integer[])
),
live as materialized (
    select t.source, t.n, t.state, t.started_at
    from v_turns t
    where t.source in (from revised) and t.state not in ('reverted', 'rolled_back')
),
turn_totals as (
    select
        source, count(*) as turns, count(*) filter (state = 'failed') as failed_turns,
        arg_max({'state': state, 'started_at': started_at}, n) as newest
    from live
    group by all
),
newest_plans as (
    select
        l.source,
        arg_max({'revision': p.revision, 'steps': p.steps}, (p.byte, p.revision)) as plan
    from plans p
    join live l on l.source = p.source and l.n = p.turn
    where p.accepted
    group by all
)
select
    r.source, coalesce(t.turns, 0) as turns, coalesce(t.failed_turns, 0) as failed_turns,
    t.newest.state as turn_state, t.newest.started_at as turn_started_at,
    coalesce(p.plan.revision, 0) as plan_revision,
    coalesce(json_array_length(p.plan.steps), 0) as plan_total,
    coalesce(len(list_filter(
        json_extract_string(p.plan.steps, '$[*][1]'), lambda status: status = 'completed'
    )), 0) as plan_done
from revised r
left join turn_totals t on t.source = r.source
left join newest_plans p on p.source = r.source;

-- name: drop
delete from session_rows where is_among(source, $sources::integer[]);

-- name: drop_tasks
-- What was derived from the facts of these sessions.
delete from session_tasks
where (home, id) in (
    select unnest($sessions::struct(home varchar, thread varchar)[], recursive := true)
);

-- name: add
-- A segment's totals were computed when it was read; those of a revised one are given in `$revised`.
insert into session_rows by name
with segment_rows as materialized (
    select
        s.home, s.path, s.archived, s.size,
        row(coalesce(g.started_at, g.first_at, timestamp '-infinity'), s.segment) as place,
        case when r.source is null then g.turns else r.turns end as live_turns,
        case when r.source is null then g.failed_turns else r.failed_turns end as live_failed_turns,
        case
            when r.source is null
            then {'state': g.last_turn_state, 'started_at': g.last_turn_started_at}
            else {'state': r.turn_state, 'started_at': r.turn_started_at}
        end as turn,
        case
            when r.source is null
            then {'revision': g.plan_accepted, 'total': g.plan_total, 'done': g.plan_done}
            else {'revision': r.plan_revision, 'total': r.plan_total, 'done': r.plan_done}
        end as plan,
        g.* exclude (kinds)
    from segments g
    join sources s on s.id = g.source
    left join (select unnest($revised::struct(
        source integer, turns bigint, failed_turns bigint, turn_state varchar,
        turn_started_at timestamp, plan_revision integer, plan_total integer, plan_done integer
    )[], recursive := true)) r on r.source = g.source
    where is_among(g.source, $sources::integer[]) and is_about(s.id, $sources::integer[])
),
totals as (
    select
        home, thread, arg_max(source, place) as newest, count(*) as segments,
        min(coalesce(started_at, first_at)) as started_at, max(last_at) as last_at,
        arg_min(first_prompt, place) as first_prompt, sum(size)::bigint as bytes,
        sum(replayed_bytes)::bigint as replayed_bytes, sum(unknown_lines)::bigint as unknown_lines,
        sum(commands)::bigint as commands, sum(failed_commands)::bigint as failed_commands,
        sum(input)::bigint as input, sum(cached)::bigint as cached,
        sum(output)::bigint as output, sum(reasoning)::bigint as reasoning,
        sum(total)::bigint as total, sum(live_turns)::bigint as turns,
        sum(live_failed_turns)::bigint as failed_turns,
        arg_max(turn, place) filter (live_turns > 0) as turn,
        arg_max(plan, place) filter (plan.revision > 0) as plan
    from segment_rows
    group by all
)
select
    n.home, n.thread as id, n.parent as parent_id, coalesce(n.root, n.thread) as root_id,
    n.root as recorded_root, n.forked_from,
    -- An agent without a prompt has the last part of its path.
    coalesce(n.name, w.first_prompt, nullif(regexp_extract(n.agent_path, '[^/]*$'), ''))
        as own_title,
    coalesce(v.name, own_title) as title,
    coalesce(p.label, project_of(n.cwd, n.repository)) as project,
    coalesce(p.id, project_without_id(n.cwd)) as project_id, n.cwd, n.branch as began_on,
    n."commit", n.repository, n.nickname, n.role, n.agent_path, n.origin, n.originator,
    n.cli_version, n.provider, n.generation, n.model, n.effort, n.archived, n.path, n.source,
    w.segments, w.started_at, w.last_at, w.bytes, w.replayed_bytes, w.unknown_lines,
    w.turn.state as turn_state, w.turn.started_at as turn_started_at, n.open_calls, n.open_tool,
    n.open_command, n.open_since, n.waits_for_user, w.turns, w.failed_turns, w.commands,
    w.failed_commands, coalesce(w.plan.revision, 0) as plan_revision,
    coalesce(w.plan.total, 0)::integer as plan_total,
    coalesce(w.plan.done, 0)::integer as plan_done, n.context_used, n.context_window, w.input,
    w.cached, w.output, w.reasoning, w.total
from segment_rows n
join totals w on w.newest = n.source
left join v_names v on v.home = n.home and v.session = n.thread
left join folder_projects p
    on p.path = rtrim(n.cwd, '/\') and p.recorded = coalesce(n.repository, '');

-- name: set_roots
-- Find the roots that Codex did not record through the parents.
update session_rows set root_id = r.root
from (
    with recursive ancestors as (
        select s.home, g.thread, g.parent as ancestor, 1 as steps
        from segments g
        join sources s on s.id = g.source
        where g.parent is not null and g.root is null
        union
        select a.home, a.thread, coalesce(g.root, g.parent), a.steps + 1
        from ancestors a
        join segments g on g.thread = a.ancestor
        join sources s on s.id = g.source and s.home = a.home
        where coalesce(g.root, g.parent) <> a.ancestor and a.steps < 64
    )
    select home, thread, arg_max(ancestor, steps) as root from ancestors group by all
) r
where session_rows.home = r.home and session_rows.id = r.thread
and session_rows.recorded_root is null and session_rows.root_id <> r.root;

-- name: set_titles
-- After names of sessions changed.
update session_rows set title = t.title
from (
    select r.home, r.id, coalesce(v.name, r.own_title) as title
    from session_rows r
    left join v_names v on v.home = r.home and v.session = r.id
    where r.title is distinct from coalesce(v.name, r.own_title)
) t
where session_rows.home = t.home and session_rows.id = t.id;

-- name: set_projects
-- After folders or projects changed.
update session_rows set project = t.project, project_id = t.project_id
from (
    select
        r.home, r.id, coalesce(p.label, project_of(r.cwd, r.repository)) as project,
        coalesce(p.id, project_without_id(r.cwd)) as project_id
    from session_rows r
    left join folder_projects p
        on p.path = rtrim(r.cwd, '/\') and p.recorded = coalesce(r.repository, '')
) t
where session_rows.home = t.home and session_rows.id = t.id
and (session_rows.project <> t.project or session_rows.project_id <> t.project_id);

-- name: set_files
-- After files grew or moved.
update session_rows set path = f.path, archived = f.archived, bytes = f.bytes
from (
    select
        r.home, r.id, any_value(n.path) as path, any_value(n.archived) as archived,
        sum(s.size)::bigint as bytes
    from session_rows r
    join sources n on n.id = r.source
    join segments g on g.thread = r.id
    join sources s on s.id = g.source and s.home = r.home
    where r.id in (
        select thread from segments where source in (select unnest($sources::integer[]))
    )
    group by all
) f
where session_rows.home = f.home and session_rows.id = f.id;

-- name: move_home
update session_rows set home = $home where home = $old;

-- name: move_tasks
update session_tasks set home = $home where home = $old;
