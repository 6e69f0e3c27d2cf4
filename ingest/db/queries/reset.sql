-- name: targets
-- The sources a reset is meant for, with what stands against reading them again.
select
    s.id, s.kind, s.thread, s.path, s.state,
    (
        select b.id from batches b
        where b.kind = 'ingest' and b.source = s.id and b.generation = c.generation
        and b.start = c.byte and b.state in ('cancelled', 'snoozed')
    ) as held
from sources s
join cursors c on c.source = s.id
where ($source::integer is null or s.id = $source)
and ($session::varchar is null or s.thread = $session)
and ($sources::integer[] is null or s.id in (select unnest($sources::integer[])))
order by s.id;

-- name: restart
-- Reading begins anew, as another generation: batches of the old one are never met again.
update cursors set
    generation = generation + 1, byte = 0, size = 0, mtime_ns = -1, dev = 0, inode = 0,
    head_len = 0, head_hash = $nothing, tail_hash = $nothing, partial = 0, lines = 0, stored = 0,
    rejected = 0, blank = 0, state = null, updated_at = $now::timestamp
where source in (select unnest($sources::integer[]));

-- name: doubt
-- What was read is held to be another file: all of it is read again, and compared with what is known.
update cursors set size = 0, mtime_ns = -1, dev = 0, inode = 0, head_hash = ''
where source in (select unnest($sources::integer[])) and byte > 0;

-- name: revive
-- Nothing is known any more of how the segments of these threads hang together.
update sources set live_until = null, live_ordinal = null
where id in (select unnest($sources::integer[]));
