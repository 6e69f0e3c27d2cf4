-- name: match
-- Select the batches of an action into a temporary table, each with the reason why it is skipped,
-- or null. Also stores their row ids and what their history rows need, so that none is looked up
-- again.
create or replace temp table matched as
select
    b.id as batch, b.state as old, r.why, b.updated_at, b.lifetime_attempts, b.error_code, b.place
from shown_batches b
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
-- Keep only the first of the matched batches.
create or replace temp table matched as
from matched order by updated_at, batch limit $limit;

-- name: match_sources
-- Select the batches of some sources that have a row, except superseded ones.
create or replace temp table matched as
select
    id as batch, state as old, null::varchar as why, updated_at, lifetime_attempts, error_code,
    rowid as place
from batches
where source in (select unnest($sources::integer[])) and state <> 'superseded';

-- name: matched
-- The matched batches as one JSON list.
select coalesce(to_json(list(
    {'batch': batch, 'old': old, 'why': why} order by updated_at, batch
)), '[]')::varchar as items
from matched;

-- name: tally
-- Number of matched batches by the reason why they are skipped; null for those that are moved.
select why, count(*) as batches from matched group by all;

-- name: done_ids
-- The ids of the moved batches as one JSON list, because there may be 100,000.
select coalesce(to_json(list(batch)), '[]')::varchar as batches from matched where why is null;

-- name: tell_skips
insert into command_skips select $command, batch, old, why from matched where why is not null;

-- name: items
-- The batches that a command moved or skipped, as one JSON list.
select coalesce(to_json(list({'batch': batch, 'old': old, 'why': why} order by batch)), '[]')::varchar
    as items
from (
    select batch, old, null as why from batch_moves where command = $command
    union all by name
    select batch, old, why from command_skips where command = $command
);

-- name: move
-- Move the matched batches, each only if its state is unchanged. None of them is claimed.
update batches set
    state = $new, reason = null, not_before = $until::timestamp, retry_at = null,
    updated_at = $now::timestamp,
    attempts = least(batches.attempts, coalesce($most_attempts, batches.attempts))
from matched m
where m.why is null and batches.rowid = m.place and batches.state = m.old;

-- name: supersede
-- Supersede the matched batches, claimed ones included.
update batches set
    state = 'superseded', reason = null, not_before = null, retry_at = null,
    heartbeat_at = null, updated_at = $now::timestamp
from matched m
where m.why is null and batches.rowid = m.place and batches.state = m.old;

-- name: reset_attempts
update batches set attempts = 0, updated_at = $now::timestamp
from matched m
where m.why is null and batches.rowid = m.place and batches.state = m.old;

-- name: tell_moves
-- Write the history row of each batch that a command moved; `new` is null where the state did not
-- change.
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
-- Which of these commands are recorded here.
select id from commands where id in (select unnest($ids::varchar[]));

-- name: mark
-- The size of the edit log up to which it was replayed.
select value from meta where key = 'edits';

-- name: set_mark
insert or replace into meta values ('edits', $mark);

-- name: pause
-- Pause the queue for a person; other pauses stay.
insert into pauses
select $code, $message, $hint, $now::timestamp
where not exists (from pauses where code = $code);

-- name: decide
-- Store a person's decision about batches that do not exist yet.
insert or replace into decisions
select b.id, $state, $until::timestamp, $reason
from (select unnest($ids::varchar[]) as id) b
where b.id not in (select id from batches);

-- name: undecide
delete from decisions where batch in (select unnest($ids::varchar[]));
