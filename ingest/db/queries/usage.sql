-- name: by_time
-- Tokens by part of a day, of $minutes: days depend on the time zone.
select
    time_bucket(to_minutes($minutes::integer), u.quarter) as key, sum(u.input)::bigint as input,
    sum(u.cached)::bigint as cached, sum(u.output)::bigint as output,
    sum(u.reasoning)::bigint as reasoning, sum(u.total)::bigint as total
from usage_between($since::timestamp, $until::timestamp) u
left join v_sessions s on s.home = u.home and s.id = u.session
where ($project is null or $project in (s.project, s.project_id, rtrim(s.cwd, '/\')))
and ($branch is null or s.branch = $branch)
and ($session is null or u.session = $session)
group by all
order by key nulls last;

-- name: by_name
-- Tokens by model, project or session, the largest first.
select
    case $by when 'model' then u.model when 'project' then s.project else u.session end as key,
    sum(u.input)::bigint as input, sum(u.cached)::bigint as cached,
    sum(u.output)::bigint as output, sum(u.reasoning)::bigint as reasoning,
    sum(u.total)::bigint as total
from usage_between($since::timestamp, $until::timestamp) u
left join v_sessions s on s.home = u.home and s.id = u.session
where ($project is null or $project in (s.project, s.project_id, rtrim(s.cwd, '/\')))
and ($branch is null or s.branch = $branch)
and ($session is null or u.session = $session)
group by all
order by total desc, key nulls last;

-- name: titles
-- The titles of these sessions.
select id, title from v_sessions where id in (select unnest($sessions::varchar[]));
