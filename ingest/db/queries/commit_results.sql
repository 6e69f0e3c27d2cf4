-- name: end_clean
-- Remove batches that completed without any failure or order: they are counted in their cursors.
delete from batches
where state = 'claimed' and kind = 'ingest' and id in (select unnest($batches::varchar[]))
and id not in (select batch from batch_moves);

-- name: end_batches
-- End the other claimed batches, which keep their row.
update batches set
    state = e.state, reason = e.reason, finish = e.finish, lines = e.lines, facts = e.facts,
    seconds = e.seconds, heartbeat_at = null, retry_at = null, error_code = null,
    error_class = null, error_message = null, error_hint = null, updated_at = $now::timestamp
from (select unnest($ends::struct(
    batch varchar, state varchar, reason varchar, finish bigint, lines bigint, facts bigint,
    seconds double
)[], recursive := true)) e
where batches.id = e.batch and batches.state = 'claimed';

-- name: with_history
-- Whether any of these batches has a history: one row if so.
select 1 as found from batch_moves where list_contains($batches::varchar[], batch) limit 1;

-- name: record_ends
-- Write the history row of each batch that ended and has a history.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select
    e.batch, $now::timestamp,
    case e.state
        when 'completed' then 'complete'
        when 'superseded' then 'supersede'
        else 'complete_empty'
    end,
    'claimed', e.state, 'auto', e.reason, b.lifetime_attempts + 1, null
from (select unnest($ends::struct(
    batch varchar, state varchar, reason varchar, finish bigint, lines bigint, facts bigint,
    seconds double
)[], recursive := true)) e
join batches b on b.id = e.batch
where e.batch in (select batch from batch_moves);

-- name: stored_cursors
-- How many of these cursors are stored. A cursor counts its batches, so no two are equal.
select count(*) as stored
from (select unnest($cursors::struct(
    source integer, generation integer, byte bigint, completed integer, completed_empty integer
)[], recursive := true)) e
join cursors c using (source, generation, byte, completed, completed_empty);

-- name: grow_rejects
-- Extend runs of rejected lines that the next lines continue.
update rejects set lines = g.lines, extent = g.extent
from (select unnest($rejects::struct(
    source integer, byte bigint, lines bigint, extent bigint
)[], recursive := true)) g
where rejects.source = g.source and rejects.byte = g.byte and rejects.whole;

-- name: drop_cursors
delete from cursors where source in (select unnest($sources::integer[]));

-- name: add_cursors
insert into cursors by name
select unnest($cursors::struct(
    source integer, generation integer, byte bigint, size bigint, mtime_ns bigint, dev ubigint,
    inode ubigint, head_len integer, head_hash varchar, tail_hash varchar, partial bigint,
    lines bigint, stored bigint, rejected bigint, blank bigint, rewrites integer, batch varchar,
    batch_start bigint, batch_state varchar, batch_seconds double, completed integer,
    completed_empty integer, superseded integer, state varchar, updated_at timestamp
)[], recursive := true);

-- name: drop_segments
delete from segments where source in (select unnest($sources::integer[]));

-- name: set_prompts_aside
-- A history was rewritten: mark its stored prompts while the new rows are loaded.
update prompts set source = -source where source = $source;

-- name: drop_found_prompts
-- Delete the marked prompts that still exist in the file, since the new rows have their positions.
-- Of equal rows delete the last ones, because Codex removes the oldest prompts.
delete from prompts where rowid in (
    select o.id
    from (
        select
            rowid as id, thread, time, text,
            row_number() over (partition by thread, time, text order by byte desc) as copy
        from prompts
        where source = -$source::integer
    ) o
    join (
        select thread, time, text, count(*) as copies
        from prompts
        where source = $source
        group by all
    ) n
    on n.thread = o.thread and n.time is not distinct from o.time and n.text = o.text
    where o.copy <= n.copies
);

-- name: take_prompts_back
-- The remaining prompts are in no file any more: their old byte is stored as -1 - byte.
update prompts
set source = -source, byte = case when byte < 0 then byte else -1 - byte end
where source = -$source::integer;

-- name: reverted_threads
-- Threads among these sources with more than one segment.
select distinct s.home, s.thread
from sources s
where s.kind = 'rollout' and s.segment <> '' and (s.home, s.thread) in (
    select home, thread from sources where id in (select unnest($sources::integer[]))
);

-- name: thread_segments
select
    s.id, s.segment, s.live_until, s.live_ordinal, g.base_thread, g.base_offset, g.base_ordinal,
    coalesce(g.started_at, g.first_at) as started_at
from sources s
join segments g on g.source = s.id
where s.home = $home and s.thread = $thread
order by started_at, s.segment;

-- name: set_live_until
update sources set live_until = $live_until, live_ordinal = $live_ordinal where id = $source;
