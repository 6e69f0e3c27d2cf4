-- name: matching
-- The batches an order is meant for, each with why it is left alone, or null.
select $command as command, m.id as batch, m.state as old, r.why
from (
    select b.id, b.state, b.kind, b.updated_at
    from batches b
    left join sources s on s.id = b.source
    where ($ids::varchar[] is null or b.id in (select unnest($ids::varchar[])))
    and ($session::varchar is null or s.thread = $session)
    and ($source::integer is null or b.source = $source)
    and ($kind::varchar is null or b.kind = $kind)
    and b.state in (select unnest($states::varchar[]))
    and ($error::varchar is null or b.error_code = $error)
    and ($older_than::timestamp is null or b.updated_at < $older_than::timestamp)
    order by b.updated_at, b.id
    limit $limit
) m
left join (select unnest($refusals::struct(state varchar, kind varchar, why varchar)[],
    recursive := true)) r
on r.state = m.state and r.kind = m.kind
order by m.updated_at, m.id;

-- name: matched_items
-- What a command matched, as the open transaction knows it.
select batch, old, why from command_items where command = $command;

-- name: tally
-- How many batches a command left alone, by why; null are those that it moves.
select why, count(*) as batches from command_items where command = $command group by all;

-- name: done_ids
-- The batches a command moves, as one list.
select list(batch) as batches from command_items where command = $command and why is null;

-- name: move
-- Moves the batches of a command, each only if it still is where it was matched.
update batches set
    state = $new, reason = null, not_before = $until::timestamp, retry_at = null, lease = null,
    claimed_by = null, heartbeat_at = null, updated_at = $now::timestamp,
    attempts = least(batches.attempts, coalesce($most_attempts, batches.attempts))
from command_items i
where i.command = $command and i.why is null and batches.id = i.batch and batches.state = i.old;

-- name: reset_attempts
update batches set attempts = 0, updated_at = $now::timestamp
from command_items i
where i.command = $command and i.why is null and batches.id = i.batch and batches.state = i.old;

-- name: tell_moves
-- The history row of each batch that a command moved.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select
    b.id, $now::timestamp, $move, i.old, b.state, 'user', $reason, b.lifetime_attempts + 1,
    b.error_code
from command_items i
join batches b on b.id = i.batch
where i.command = $command and i.why is null;

-- name: add
insert into commands values (
    $id, $time::timestamp, $actor, $verb, $selection::json, $arguments::json, $reason, $matched,
    $done, $skipped::json, $state, $now::timestamp
);

-- name: known
-- Which of these commands were carried out here.
select id from commands where id in (select unnest($ids::varchar[]));

-- name: listed
-- What people ordered, the newest first.
select * from commands order by time desc, id limit $limit;

-- name: mark
-- How far the file of edits is applied.
select value from meta where key = 'edits';

-- name: set_mark
insert or replace into meta values ('edits', $mark);

-- name: pause
-- A person stops the queue; whatever else stopped it is not forgotten.
insert into pauses
select $code, $message, $hint, $now::timestamp
where not exists (from pauses where code = $code);

-- name: decide
-- What a person said of batches that are not there.
insert or replace into decisions
select b.id, $state, $until::timestamp, $reason
from (select unnest($ids::varchar[]) as id) b
where b.id not in (select id from batches);

-- name: undecide
delete from decisions where batch in (select unnest($ids::varchar[]));
