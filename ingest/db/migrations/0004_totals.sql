-- What each source comes to, added up as it is read, so that a list of sessions counts nothing. What was
-- read before is added up here once, in the table and in what its next line will be told of it.

create table summed as
select
    g.source,
    (
        select left(regexp_replace(m.text, '^\s+|\s+$', '', 'g'), 500)
        from messages m
        where m.source = g.source and m.role = 'user' and regexp_matches(m.text, '\S')
        order by m.byte
        limit 1
    ) as first_prompt,
    coalesce(t.failed_turns, 0)::integer as failed_turns,
    coalesce(c.commands, 0)::integer as commands,
    coalesce(c.failed_commands, 0)::integer as failed_commands,
    coalesce(u.input, 0)::bigint as input, coalesce(u.cached, 0)::bigint as cached,
    coalesce(u.output, 0)::bigint as output, coalesce(u.reasoning, 0)::bigint as reasoning,
    coalesce(u.total, 0)::bigint as total,
    coalesce(p.newest.revision, 0)::integer as plan_accepted,
    coalesce(json_array_length(p.newest.steps), 0)::integer as plan_total,
    coalesce(len(list_filter(
        json_extract_string(p.newest.steps, '$[*][1]'), lambda status: status = 'completed'
    )), 0)::integer as plan_done
from segments g
left join (
    select source, count(*) as failed_turns from turns where state = 'failed' group by all
) t on t.source = g.source
left join (
    select source, count(*) as commands, count(*) filter (status = 'failed') as failed_commands
    from calls
    where kind = 'command'
    group by all
) c on c.source = g.source
left join (
    select
        source, sum(input) as input, sum(cached) as cached, sum(output) as output,
        sum(reasoning) as reasoning, sum(total) as total
    from usage
    group by all
) u on u.source = g.source
left join (
    select source, arg_max({'revision': revision, 'steps': steps}, revision) as newest
    from plans
    where accepted
    group by all
) p on p.source = g.source;

alter table segments rename to segments_before;

create table segments (
    source integer not null, thread varchar not null, root varchar, parent varchar,
    forked_from varchar, base_thread varchar, base_offset bigint,
    base_ordinal bigint, nickname varchar, role varchar,
    agent_path varchar, origin varchar, originator varchar, cwd varchar, branch varchar,
    "commit" varchar, repository varchar, cli_version varchar, provider varchar, generation varchar,
    started_at timestamp, first_at timestamp, last_at timestamp, name varchar, model varchar,
    effort varchar, approval varchar, first_prompt varchar, turns integer not null,
    failed_turns integer not null, last_turn_state varchar, last_turn_started_at timestamp,
    open_calls integer not null, open_tool varchar, open_command varchar, open_since timestamp,
    waits_for_user boolean not null, commands integer not null, failed_commands integer not null,
    input bigint not null, cached bigint not null, output bigint not null, reasoning bigint not null,
    total bigint not null, reviewing boolean not null, reasonings integer not null,
    compactions integer not null, plan_revision integer not null, plan_accepted integer not null,
    plan_total integer not null, plan_done integer not null, context_used bigint,
    context_window bigint, replayed_lines bigint not null, replayed_bytes bigint not null,
    lossy_lines bigint not null, unknown_lines bigint not null, kinds varchar
);

insert into segments by name
select g.* exclude (plan_total, plan_done), s.* exclude (source)
from segments_before g
join summed s on s.source = g.source;

drop table segments_before;

update cursors set state = json_merge_patch(cursors.state, json_object(
    'plan_kept', [s.plan_accepted, s.plan_total, s.plan_done],
    'segment', json_object(
        'first_prompt', s.first_prompt, 'failed_turns', s.failed_turns, 'commands', s.commands,
        'failed_commands', s.failed_commands, 'input', s.input, 'cached', s.cached,
        'output', s.output, 'reasoning', s.reasoning, 'total', s.total,
        'plan_accepted', s.plan_accepted, 'plan_total', s.plan_total, 'plan_done', s.plan_done
    )
))
from summed s
where s.source = cursors.source and cursors.state is not null;

drop table summed;
