-- name: targets
-- The sources of a reset, each with the batch of a person that prevents it.
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
-- Read these sources again from the start, in a new generation that does not meet the old batches.
update cursors set
    generation = generation + 1, byte = 0, size = 0, mtime_ns = -1, dev = 0, inode = 0,
    head_len = 0, head_hash = $nothing, tail_hash = $nothing, partial = 0, lines = 0, stored = 0,
    rejected = 0, blank = 0, batch = null, superseded = superseded + completed + completed_empty,
    completed = 0, completed_empty = 0, state = null, updated_at = $now::timestamp
where source in (select unnest($sources::integer[]));

-- name: doubt
-- Make the stored identity of these files differ, so that they are read again and compared with the
-- stored prompts.
update cursors set size = 0, mtime_ns = -1, dev = 0, inode = 0, head_hash = ''
where source in (select unnest($sources::integer[])) and byte > 0;

-- name: revive
-- Clear the live ranges of these threads' segments, which are computed again.
update sources set live_until = null, live_ordinal = null
where id in (select unnest($sources::integer[]));
