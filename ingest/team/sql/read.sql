-- name: projects
-- The projects that anybody shares, by what names them.
select distinct id, name from tailboard.projects order by name, id;

-- name: sessions
-- Sessions of everybody, most recently active first.
select
    s.session as id, s.parent as parent_id, s.title, p.name as project, s.branch, s.state, s.waits,
    s.started_at, s.last_at, s.turns, s.failed_turns, s.commands, s.failed_commands, s.plan_total,
    s.plan_done, s.seconds, s.input, s.cached, s.output, s.reasoning, s.total, s.model,
    s.cli_version, i.name as who, i.machine as "where", p.level
from (
    select *
    from tailboard.sessions s
    where (%(project)s::uuid is null or s.project = %(project)s)
    and (%(who)s::text is null or s.installation in (
        select id from tailboard.installations where lower(name) = lower(%(who)s)
    ))
    and (%(since)s::timestamptz is null or s.last_at >= %(since)s)
    and (%(until)s::timestamptz is null or s.started_at < %(until)s)
    order by s.last_at desc nulls last, s.id
    limit %(limit)s offset %(offset)s
) s
join tailboard.projects p on p.installation = s.installation and p.id = s.project
join tailboard.installations i on i.id = s.installation
order by s.last_at desc nulls last, s.id;

-- name: tasks
-- Current tasks of everybody, open ones first.
select
    t.task as id, t.text, t.state, t.origin, t.ready, t.session, p.name as project, t.branch,
    t.owner, t.started_at, t.ended_at, i.name as who, i.machine as "where"
from tailboard.tasks t
join tailboard.projects p on p.installation = t.installation and p.id = t.project
join tailboard.installations i on i.id = t.installation
where t.current
and (%(all)s or t.state not in ('done', 'cancelled'))
and (%(project)s::uuid is null or t.project = %(project)s)
and (%(who)s::text is null or lower(i.name) = lower(%(who)s))
order by t.ended_at desc nulls first, t.started_at desc nulls last, t.id
limit %(limit)s offset %(offset)s;

-- name: search
-- What matches, the best first, with the number of all matches.
select
    h.kind, h.session, p.name as project, h.at, h.title, h.excerpt, h.score, i.name as who,
    i.machine as "where", h.total
from tailboard.search_rows(
    %(words)s, %(project)s::uuid, %(kind)s::text, %(since)s::timestamptz, %(limit)s, %(offset)s
) h
join tailboard.projects p on p.installation = h.installation and p.id = h.project
join tailboard.installations i on i.id = h.installation
order by h.score desc, h.at desc nulls last, h.id;

-- name: report
-- Tokens of everybody by person, project, day or model.
select
    case %(by)s
        when 'person' then i.name when 'project' then p.name when 'day' then u.day::text
        else u.model
    end as key,
    count(distinct (u.installation, u.session)) as sessions, sum(u.input)::bigint as input,
    sum(u.cached)::bigint as cached, sum(u.output)::bigint as output,
    sum(u.reasoning)::bigint as reasoning, sum(u.total)::bigint as total
from tailboard.usage_days u
join tailboard.projects p on p.installation = u.installation and p.id = u.project
join tailboard.installations i on i.id = u.installation
where (%(project)s::uuid is null or u.project = %(project)s)
and (%(since)s::date is null or u.day >= %(since)s::date)
and (%(until)s::date is null or u.day <= %(until)s::date)
group by 1
order by case when %(by)s = 'day' then 0 else sum(u.total) end desc, key nulls last;
