-- name: listed
-- Sources, those with unread bytes first, then the newest.
select
    id, kind, thread, path, size, byte, behind, generation, state, lines, rejected, stored, blank,
    rewrites, archived, representation, error_code, error, updated_at
from v_sources
where ($session is null or thread = $session)
order by behind > 0 desc, updated_at desc nulls last, id
limit $limit offset $offset;

-- name: rejects
-- Rejected lines, in the order of their files.
select r.id, r.source, r.path, r.byte, r.length, r.whole, r.reason, r.message, r.sha256, r.head,
    r.tail, r.trace, r.lines, r.extent
from v_rejects r
join sources s on s.id = r.source
where ($session is null or s.thread = $session)
and ($id is null or r.id = $id)
order by r.source, r.byte
limit $limit offset $offset;
