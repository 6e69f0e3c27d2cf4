-- name: projects
-- What each project took in a period, the most tokens first. Sub-agents count for their project.
select
    s.project_id as key, any_value(s.project) as name, count(distinct s.root_id) as parts,
    sum(p.tokens)::bigint as tokens, sum(p.seconds) as seconds, sum(p.turns)::bigint as turns,
    sum(p.unsuccessful)::bigint as unsuccessful
from spent_by_session($since::timestamp, $until::timestamp) p
join v_sessions s on s.home = p.home and s.id = p.session
group by s.project_id
order by tokens desc, seconds desc, name
limit $limit;

-- name: sessions
-- What each session of a project took in a period, its sub-agents included.
select
    s.home, s.root_id as key, coalesce(any_value(r.title), any_value(s.title)) as name,
    count(*) - 1 as parts, sum(p.tokens)::bigint as tokens, sum(p.seconds) as seconds,
    sum(p.turns)::bigint as turns, sum(p.unsuccessful)::bigint as unsuccessful
from spent_by_session($since::timestamp, $until::timestamp) p
join v_sessions s on s.home = p.home and s.id = p.session
left join session_rows r on r.home = s.home and r.id = s.root_id
where s.project_id = $project
group by s.home, s.root_id
order by tokens desc, seconds desc, key
limit $limit;

-- name: turns
-- What each turn of a session took, in order, each with the beginning of its prompt.
with standing as materialized (
    select source, n, turn from standing_turns($home, [$session])
),
used as (
    select source, turn as n, sum(total)::bigint as tokens
    from v_usage
    where home = $home and session = $session
    group by all
),
asked as (
    select source, turn as n, arg_min(text[:400], byte) as name
    from v_messages
    where home = $home and session = $session and role = 'user'
    group by all
)
select
    s.turn as key, t.source, t.byte, a.name, t.state, coalesce(u.tokens, 0) as tokens,
    coalesce(t.seconds, 0) as seconds
from standing s
join v_turns t on t.source = s.source and t.n = s.n
left join used u on u.source = s.source and u.n = s.n
left join asked a on a.source = s.source and a.n = s.n
order by s.turn;

-- name: agents
-- What the sub-agents of a session took, the most tokens first.
select
    s.home, s.id as key, coalesce(s.nickname, s.role) as nickname, s.title as name,
    sum(p.tokens)::bigint as tokens, sum(p.seconds) as seconds, sum(p.turns)::bigint as turns,
    sum(p.unsuccessful)::bigint as unsuccessful
from spent_by_session(null::timestamp, null::timestamp) p
join v_sessions s on s.home = p.home and s.id = p.session
where s.home = $home and s.root_id = $session and s.id <> $session
group by all
order by tokens desc, key;
