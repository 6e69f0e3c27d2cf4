-- name: match
-- The batches an order is meant for, each with why it is left alone, or null; for this transaction.
-- With what their history needs, and where they stand, so that none has to be looked up by its id.
create or replace temp table matched as
select
    b.id as batch, b.state as old, r.why, b.updated_at, b.lifetime_attempts, b.error_code,
    b.rowid as place
from batches b
left join (select unnest($refusals::struct(state varchar, kind varchar, why varchar)[],
    recursive := true)) r
on r.state = b.state and r.kind = b.kind
where ($ids::varchar[] is null or b.id in (select unnest($ids::varchar[])))
and ($session::varchar is null or b.source in (select id from sources where thread = $session))
and ($source::integer is null or b.source = $source)
and ($kind::varchar is null or b.kind = $kind)
and b.state in (select unnest($states::varchar[]))
and ($error::varchar is null or b.error_code = $error)
and ($older_than::timestamp is null or b.updated_at < $older_than::timestamp);

-- name: cut
-- Of what was matched, the first ones.
create or replace temp table matched as
from matched order by updated_at, batch limit $limit;

-- name: match_sources
-- All batches of some sources, except those that were given up already.
create or replace temp table matched as
select
    id as batch, state as old, null::varchar as why, updated_at, lifetime_attempts, error_code,
    rowid as place
from batches
where source in (select unnest($sources::integer[])) and state <> 'superseded';

-- name: matched
-- What an order is meant for, as the open transaction knows it; one JSON list.
select coalesce(to_json(list(
    {'batch': batch, 'old': old, 'why': why} order by updated_at, batch
)), '[]')::varchar as items
from matched;

-- name: tally
-- How many batches were matched, by why they are left alone; null are those that are moved.
select why, count(*) as batches from matched group by all;

-- name: done_ids
-- The batches that are moved, as one JSON list: there may be a hundred thousand.
select coalesce(to_json(list(batch)), '[]')::varchar as batches from matched where why is null;

-- name: tell_skips
insert into command_skips select $command, batch, old, why from matched where why is not null;

-- name: items
-- What a command matched, and what it left alone; one JSON list.
select coalesce(to_json(list({'batch': batch, 'old': old, 'why': why} order by batch)), '[]')::varchar
    as items
from (
    select batch, old, null as why from batch_moves where command = $command
    union all by name
    select batch, old, why from command_skips where command = $command
);

-- name: move
-- Moves what was matched, each batch only if it still is where it was. None of them is being worked
-- on, so there is no lease to take away.
update batches set
    state = $new, reason = null, not_before = $until::timestamp, retry_at = null,
    updated_at = $now::timestamp,
    attempts = least(batches.attempts, coalesce($most_attempts, batches.attempts))
from matched m
where m.why is null and batches.rowid = m.place and batches.state = m.old;

-- name: supersede
-- Takes away what was matched, from whoever works on it too.
update batches set
    state = 'superseded', reason = null, not_before = null, retry_at = null, lease = null,
    claimed_by = null, heartbeat_at = null, updated_at = $now::timestamp
from matched m
where m.why is null and batches.rowid = m.place and batches.state = m.old;

-- name: reset_attempts
update batches set attempts = 0, updated_at = $now::timestamp
from matched m
where m.why is null and batches.rowid = m.place and batches.state = m.old;

-- name: tell_moves
-- The history row of each batch that a command moved; `new` is null where it stayed where it was.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code, command)
select
    batch, $now::timestamp, $move, old, coalesce($new, old), 'user', $reason, lifetime_attempts + 1,
    error_code, $command
from matched
where why is null;

-- name: add
insert into commands values (
    $id, $time::timestamp, $actor, $verb, $selection::json, $arguments::json, $reason, $matched,
    $done, $skipped::json, $state, $now::timestamp
);

-- name: known
-- Which of these commands were carried out here.
select id from commands where id in (select unnest($ids::varchar[]));

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
