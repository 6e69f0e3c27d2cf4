-- name: settle
-- Every source, with the reason why nothing of it may be deleted yet, or null; a temporary table.
create or replace temp table settling as
select
    v.id as source, v.home, v.kind, v.thread, v.archived,
    case
        when v.state in ('unreadable', 'damaged', 'too_large')
            then 'Its file cannot be read, so it may not be read completely.'
        when v.behind > 0 or c.source is null then 'Its file is not completely read.'
        when v.id in (
            select source from batches where state not in (select unnest($prunable::varchar[]))
        ) then 'A batch of its file is not completed.'
    end as why
from v_sources v
left join cursors c on c.source = v.id;

-- name: match_batches
-- Finished batches that are old enough, with the reason why they are kept, or null.
create or replace temp table old_batches as
select b.id as batch, b.state, s.why
from batches b
left join settling s on s.source = b.source
where b.state in (select unnest($prunable::varchar[])) and b.updated_at < $before::timestamp;

-- name: match_sources
-- Archived rollouts that are old enough, with the reason why their facts are kept, or null. All
-- segments of a thread are deleted together, and only if no session that is kept continues it.
create or replace temp table old_sources as
with threads as (
    select
        s.home, s.thread, max(g.last_at) as last_at, bool_and(s.archived) as archived,
        bool_or(v.state = 'missing') as gone, sum(v.rejected) as rejected, any_value(s.why) as why
    from settling s
    join v_sources v on v.id = s.source
    left join segments g on g.source = s.source
    where s.kind in ('rollout', 'typescript')
    group by s.home, s.thread
    having count(g.source) > 0
),
old as (
    from threads where archived and coalesce(last_at, '1970-01-01'::timestamp) < $before::timestamp
),
needed as (
    select s.home, unnest([g.forked_from, g.base_thread, g.parent, g.root]) as thread
    from segments g
    join sources s on s.id = g.source
    where (s.home, g.thread) not in (select home, thread from old)
)
select
    v.id as source, v.path, v.thread, v.size,
    case
        when o.why is not null then o.why
        when o.gone then 'Its file is missing, so the stored facts are the only copy.'
        when o.rejected > 0 then 'Some of its lines were rejected and need attention.'
        when (o.home, o.thread) in (select home, thread from needed where thread is not null)
            then 'Another session continues it.'
    end as why
from old o
join v_sources v on v.home = o.home and v.thread = o.thread
where v.kind in ('rollout', 'typescript');

-- name: match_runs
-- Runs of roles that are old enough, but not the one that wrote what is still shown.
create or replace temp table old_runs as
select r.rowid as run
from role_runs r
where r.started_at < $before::timestamp and not (
    r.error_code is null and r.batch in (select batch from notes)
    and not exists (
        from role_runs n
        where n.batch = r.batch and n.error_code is null and n.started_at > r.started_at
    )
);

-- name: no_sources
-- An empty selection of sources, when no facts are to be deleted.
create or replace temp table old_sources as
select
    null::integer as source, null::varchar as path, null::varchar as thread,
    null::bigint as size, null::varchar as why
where false;

-- name: batches
-- Number of batches by the reason why they are kept; null for those that are deleted.
select why, count(*) as batches from old_batches group by all order by why nulls first;

-- name: moves
select count(*) as moves from batch_moves
where batch in (select batch from old_batches where why is null);

-- name: samples
select count(*) as samples from samples where time < $before::timestamp;

-- name: runs
select count(*) as runs from old_runs;

-- name: sources
select source, path, thread, size, why from old_sources order by source;

-- name: drop_moves
delete from batch_moves where batch in (select batch from old_batches where why is null);

-- name: drop_batches
delete from batches
where id in (select batch from old_batches where why is null)
and state in (select unnest($prunable::varchar[]));

-- name: drop_samples
delete from samples where time < $before::timestamp;

-- name: drop_runs
delete from role_runs where rowid in (select run from old_runs);

-- name: drop_notes
delete from notes where source in (select source from old_sources where why is null);

-- name: bury
-- Keep these sources registered with their current state, so that no sweep reads them again.
insert into pruned
select o.source, c.generation, $now::timestamp, $facts::bigint
from old_sources o
join cursors c on c.source = o.source
where o.why is null;

-- name: buried
-- Sources whose facts were deleted and whose files were not rewritten since.
select p.source, max(p.time) as time
from pruned p
join cursors c on c.source = p.source and c.generation = p.generation
group by p.source;
