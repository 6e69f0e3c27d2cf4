-- name: settle
-- Every source, and why nothing of it may go yet, or null; for this transaction.
create or replace temp table settling as
select
    v.id as source, v.home, v.kind, v.thread, v.archived,
    case
        when v.state in ('unreadable', 'damaged', 'too_large')
            then 'Its file cannot be read, so it is not known to be read whole.'
        when v.behind > 0 or c.source is null then 'Its file is not read to the end.'
        when v.id in (
            select source from batches where state not in (select unnest($prunable::varchar[]))
        ) then 'Work on its file is not finished, or was given up.'
    end as why
from v_sources v
left join cursors c on c.source = v.id;

-- name: match_batches
-- Ended batches that are old enough, and why they stay, or null.
create or replace temp table old_batches as
select b.id as batch, b.state, s.why
from batches b
left join settling s on s.source = b.source
where b.state in (select unnest($prunable::varchar[])) and b.updated_at < $before::timestamp;

-- name: match_sources
-- Archived rollouts that are old enough, and why their facts stay, or null. A thread goes as a
-- whole, and not while a session that stays goes on from it.
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
        when o.gone then 'Its file is gone, so what was read of it is the only copy.'
        when o.rejected > 0 then 'Some of its lines could not be read, and wait for a person.'
        when (o.home, o.thread) in (select home, thread from needed where thread is not null)
            then 'Another session goes on from it.'
    end as why
from old o
join v_sources v on v.home = o.home and v.thread = o.thread
where v.kind in ('rollout', 'typescript');

-- name: no_sources
-- Nobody asked for facts to go.
create or replace temp table old_sources as
select
    null::integer as source, null::varchar as path, null::varchar as thread,
    null::bigint as size, null::varchar as why
where false;

-- name: batches
-- How many batches would go, or would stay and why.
select why, count(*) as batches from old_batches group by all order by why nulls first;

-- name: moves
select count(*) as moves from batch_moves
where batch in (select batch from old_batches where why is null);

-- name: samples
select count(*) as samples from samples where time < $before::timestamp;

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

-- name: drop_notes
delete from notes where source in (select source from old_sources where why is null);

-- name: bury
-- These sources stay known as they are, so that no sweep reads them again.
insert into pruned
select o.source, c.generation, $now::timestamp, $facts::bigint
from old_sources o
join cursors c on c.source = o.source
where o.why is null;

-- name: buried
-- Sources whose facts were given up, as long as their files were not rewritten since.
select p.source, max(p.time) as time
from pruned p
join cursors c on c.source = p.source and c.generation = p.generation
group by p.source;
