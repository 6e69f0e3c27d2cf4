-- name: by_time
-- Tokens by quarter of an hour: days depend on the time zone, and every zone is a multiple of a
-- quarter.
select
    time_bucket(interval 15 minutes, u.time) as key, sum(u.input)::bigint as input,
    sum(u.cached)::bigint as cached, sum(u.output)::bigint as output,
    sum(u.reasoning)::bigint as reasoning, sum(u.total)::bigint as total
from v_usage u
left join v_sessions s on s.home = u.home and s.id = u.session
where ($project is null or $project in (s.project, s.project_id, rtrim(s.cwd, '/\')))
and ($branch is null or s.branch = $branch)
and ($session is null or u.session = $session)
and ($since::timestamp is null or u.time >= $since::timestamp)
and ($until::timestamp is null or u.time < $until::timestamp)
group by all
order by key nulls last;

-- name: by_name
-- Tokens by model, project or session, the largest first.
select
    case $by when 'model' then u.model when 'project' then s.project else u.session end as key,
    sum(u.input)::bigint as input, sum(u.cached)::bigint as cached,
    sum(u.output)::bigint as output, sum(u.reasoning)::bigint as reasoning,
    sum(u.total)::bigint as total
from v_usage u
left join v_sessions s on s.home = u.home and s.id = u.session
where ($project is null or $project in (s.project, s.project_id, rtrim(s.cwd, '/\')))
and ($branch is null or s.branch = $branch)
and ($session is null or u.session = $session)
and ($since::timestamp is null or u.time >= $since::timestamp)
and ($until::timestamp is null or u.time < $until::timestamp)
group by all
order by total desc, key nulls last;

-- name: titles
-- The titles of these sessions.
select id, title from v_sessions where id in (select unnest($sessions::varchar[]));
