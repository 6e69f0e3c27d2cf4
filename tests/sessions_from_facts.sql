-- The rows of `v_sessions`, computed from the facts each time, as versions before session_rows did it.
with recursive segment_rows as materialized (
    select
        s.home, s.path, s.archived, s.size,
        s.live_until is not null or s.live_ordinal is not null or g.source in (
            select source from rollbacks
        ) as revised,
        row(coalesce(g.started_at, g.first_at, timestamp '-infinity'), s.segment) as place,
        g.* exclude (kinds)
    from segments g
    join sources s on s.id = g.source
),
live as materialized (
    select t.*
    from v_turns t
    where t.source in (select source from segment_rows where revised)
    and t.state not in ('reverted', 'rolled_back')
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
),
segment_totals as (
    select
        home, thread, place, turns, failed_turns, last_turn_state as turn_state,
        last_turn_started_at as turn_started_at, plan_accepted as plan_revision, plan_total,
        plan_done
    from segment_rows
    where not revised
    union all
    select
        o.home, o.thread, o.place, t.turns, t.failed_turns, t.newest.state, t.newest.started_at,
        coalesce(p.plan.revision, 0), coalesce(json_array_length(p.plan.steps), 0),
        coalesce(len(list_filter(
            json_extract_string(p.plan.steps, '$[*][1]'), lambda status: status = 'completed'
        )), 0)
    from segment_rows o
    join turn_totals t on t.source = o.source
    left join newest_plans p on p.source = o.source
    where o.revised
),
session_totals as (
    select
        home, thread, sum(turns)::bigint as turns, sum(failed_turns)::bigint as failed_turns,
        arg_max({'state': turn_state, 'started_at': turn_started_at}, place)
            filter (turns > 0) as turn,
        arg_max({'revision': plan_revision, 'total': plan_total, 'done': plan_done}, place)
            filter (plan_revision > 0) as plan
    from segment_totals
    group by all
),
session_ranges as (
    select
        home, thread, arg_max(source, place) as newest, count(*) as segments,
        min(coalesce(started_at, first_at)) as started_at, max(last_at) as last_at,
        arg_min(first_prompt, place) as first_prompt, sum(size) as bytes,
        sum(replayed_bytes) as replayed_bytes, sum(unknown_lines) as unknown_lines,
        sum(commands)::bigint as commands, sum(failed_commands)::bigint as failed_commands,
        sum(input)::bigint as input, sum(cached)::bigint as cached,
        sum(output)::bigint as output, sum(reasoning)::bigint as reasoning,
        sum(total)::bigint as total
    from segment_rows
    group by all
),
ancestors as (
    select home, thread, parent as ancestor, 1 as steps
    from segment_rows
    where parent is not null and root is null
    union
    select f.home, f.thread, coalesce(n.root, n.parent), f.steps + 1
    from ancestors f
    join segment_rows n on n.home = f.home and n.thread = f.ancestor
    where coalesce(n.root, n.parent) <> f.ancestor and f.steps < 64
),
roots as (
    select home, thread, arg_max(ancestor, steps) as root from ancestors group by all
)
select
    n.home, n.thread as id, n.parent as parent_id,
    coalesce(n.root, f.root, n.thread) as root_id,
    n.forked_from, coalesce(v.name, n.name, w.first_prompt, nullif(regexp_extract(n.agent_path, '[^/]*$'), '')) as title,
    coalesce(p.label, project_of(n.cwd, n.repository)) as project,
    coalesce(p.id, nullif(rtrim(n.cwd, '/\'), ''), 'unknown') as project_id, n.cwd, coalesce(m.branch, n.branch) as branch, n.branch as began_on, n."commit", n.repository,
    n.nickname, n.role, n.agent_path, n.origin, n.originator, n.cli_version, n.provider, n.generation, n.model, n.effort, n.archived, n.path,
    n.source, w.segments, w.started_at, w.last_at, w.bytes, w.replayed_bytes, w.unknown_lines,
    t.turn.state as turn_state, t.turn.started_at as turn_started_at, n.open_calls,
    n.open_tool, n.open_command, n.open_since, n.waits_for_user,
    coalesce(t.turns, 0) as turns, coalesce(t.failed_turns, 0) as failed_turns,
    w.commands, w.failed_commands, coalesce(t.plan.revision, 0) as plan_revision,
    coalesce(t.plan.total, 0)::integer as plan_total,
    coalesce(t.plan.done, 0)::integer as plan_done,
    n.context_used, n.context_window, w.input, w.cached, w.output, w.reasoning, w.total
from segment_rows n
join session_ranges w on w.newest = n.source
left join v_names v on v.home = n.home and v.session = n.thread
left join v_moves m on m.session = n.thread
left join roots f on f.home = n.home and f.thread = n.thread
left join session_totals t on t.home = n.home and t.thread = n.thread
left join folders d on d.path = rtrim(n.cwd, '/\') and d.recorded = coalesce(n.repository, '')
left join projects p on p.id = d.project
order by n.home, n.thread;
