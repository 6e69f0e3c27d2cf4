-- name: tagged
-- The sessions that have at least one of these tags.
select distinct session
from v_tags
where list_contains(list_transform($tags::varchar[], lambda one: lower(one)), tag);

-- name: of_session
-- The tags of a session, those of people first.
select tag, list(origin order by origin) as origins
from v_tags
where session = $session
group by tag
order by not list_contains(origins, 'person'), tag;

-- name: counted
-- All tags, each with the number of its sessions, the most frequent first.
select tag, list(distinct origin order by origin) as origins, count(distinct session) as sessions
from v_tags
group by tag
order by sessions desc, tag
limit $limit offset $offset;
