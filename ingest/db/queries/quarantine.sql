-- name: kept
-- Rejected lines with their position and the stored part of their bytes.
select
    r.source || ':' || r.byte as id, r.source, r.byte, r.length, r.extent, r.sha256, r.head, r.tail, s.path,
    s.representation
from rejects r
join sources s on s.id = r.source
where ($ids::varchar[] is null or r.source || ':' || r.byte in (select unnest($ids::varchar[])))
and ($session::varchar is null or s.thread = $session)
order by r.source, r.byte
limit $limit;
