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
select source, generation, start, state, retry_at from batches
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
