-- name: batch
-- One batch by its id.
select * from batches where id = $id;

-- name: add
-- Batches that were not there before, claimed as they are made.
insert into batches by name
select
    b.*, 'claimed' as state, 0 as attempts, 0 as lifetime_attempts, 0 as rescues,
    $by as claimed_by, $now::timestamp as heartbeat_at, $now::timestamp as created_at,
    $now::timestamp as updated_at
from (select unnest($batches::struct(
    id varchar, lease varchar, kind varchar, source integer, generation integer, start bigint,
    finish bigint
)[], recursive := true)) b
where b.id not in (select id from batches);

-- name: claim_known
-- Batches that were there already and are free: they are claimed, with the range they have grown to.
update batches set
    state = 'claimed', lease = b.lease, claimed_by = $by, heartbeat_at = $now::timestamp,
    finish = b.finish, updated_at = $now::timestamp
from (select unnest($batches::struct(
    id varchar, lease varchar, kind varchar, source integer, generation integer, start bigint,
    finish bigint
)[], recursive := true)) b
where batches.id = b.id and batches.lease is distinct from b.lease
and batches.state in ('pending', 'completed_empty', 'completed', 'superseded', 'failed', 'snoozed');

-- name: tell_claims
-- The history row of each batch that was claimed just now.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select
    b.id, $now::timestamp, 'claim', null, 'claimed', 'auto', null, b.lifetime_attempts + 1, null
from batches b
where b.lease in (select unnest($leases::varchar[]));

-- name: orphans
-- Batches that are claimed by nobody alive: who holds the database knows that all others are gone.
select * from batches where state = 'claimed' and claimed_by is distinct from $by;

-- name: tell_set_free
-- The history rows of what `set_free` is about to free.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select
    id, $now::timestamp, 'release', 'claimed', 'pending', 'auto', null, lifetime_attempts + 1, null
from batches
where state = 'claimed' and claimed_by = $by;

-- name: set_free
-- Batches that are claimed by this process, and that it does not work on any more.
update batches set
    state = 'pending', lease = null, claimed_by = null, heartbeat_at = null,
    updated_at = $now::timestamp
where state = 'claimed' and claimed_by = $by;

-- name: suspects
-- Batches that were in hand when a process died, and were not done since.
select source, generation, start from batches
where kind = 'ingest' and state = 'pending' and rescues > 0;

-- name: tell_woken
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select id, $now::timestamp, 'retry', state, 'pending', 'auto', 'changed', lifetime_attempts + 1, null
from batches
where id in (select unnest($batches::varchar[]));

-- name: wake
-- Batches that were given up, and are worth one more attempt.
update batches set
    state = 'pending', reason = null, attempts = least(attempts, $attempts),
    updated_at = $now::timestamp
where id in (select unnest($batches::varchar[]));

-- name: rescues_since
-- When a batch was rescued, since a person last retried it.
select time from batch_moves
where batch = $batch and move = 'rescue' and time > coalesce(
    (select max(time) from batch_moves where batch = $batch and move = 'retry' and actor = 'user'),
    '1970-01-01'::timestamp
)
order by time;

-- name: move
-- One move of one batch, if it still is where it was.
update batches set
    state = $new, reason = $reason, attempts = $attempts, lifetime_attempts = $lifetime_attempts,
    rescues = $rescues, lease = null, claimed_by = null, heartbeat_at = null,
    retry_at = $retry_at::timestamp, error_code = $error_code, error_class = $error_class,
    error_message = $error_message, error_hint = $error_hint, updated_at = $now::timestamp
where id = $id and state = $old and lease is not distinct from $lease;

-- name: tell_move
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
values ($id, $now::timestamp, $move, $old, $new, $actor, $reason, $attempt, $error_code);

-- name: held_back
-- Sources that wait: their next batch failed and its time has not come, or was given up.
select id, source, generation, start, finish, state, error_code from batches
where kind = 'ingest' and (
    state in ('dead', 'cancelled', 'claimed')
    or (state = 'failed' and retry_at > $now::timestamp)
    or (state = 'snoozed' and not_before > $now::timestamp)
);

-- name: pause
insert into pauses values ($code, $message, $hint, $now::timestamp);

-- name: resume
delete from pauses;

-- name: pauses
select code, message, hint, since from pauses;

-- name: counts
-- How many batches are in each state.
select state, count(*) as batches from batches group by all;
