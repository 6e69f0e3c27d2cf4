-- name: batch
-- One batch by its id.
select * from batches where id = $id;

-- name: add
-- Insert batches that do not exist yet, already claimed.
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
-- Claim existing batches that are claimable, with the range to which they have grown.
update batches set
    state = 'claimed', lease = b.lease, claimed_by = $by, heartbeat_at = $now::timestamp,
    finish = b.finish, retry_at = null, not_before = null, updated_at = $now::timestamp
from (select unnest($batches::struct(
    id varchar, lease varchar, kind varchar, source integer, generation integer, start bigint,
    finish bigint
)[], recursive := true)) b
where batches.id = b.id and batches.lease is distinct from b.lease
and batches.state in (select unnest($free::varchar[]));

-- name: tell_claims
-- Write the history row of each batch that is about to be claimed.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select
    c.id, $now::timestamp, 'claim', b.state, 'claimed', 'auto', null,
    coalesce(b.lifetime_attempts, 0) + 1, null
from (select unnest($batches::struct(
    id varchar, lease varchar, kind varchar, source integer, generation integer, start bigint,
    finish bigint
)[], recursive := true)) c
left join batches b on b.id = c.id
where b.id is null or b.state in (select unnest($free::varchar[]));

-- name: beat
-- Renew the heartbeat of the batches that this process has claimed.
update batches set heartbeat_at = $now::timestamp
where state = 'claimed' and claimed_by = $by and lease not in (select unnest($silent::varchar[]));

-- name: orphans
-- Batches claimed by other processes. They have ended: this process holds the database's lock.
select * from batches where state = 'claimed' and claimed_by is distinct from $by;

-- name: tell_set_free
-- Write the history rows of the batches that `set_free` is about to release.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select
    id, $now::timestamp, 'release', 'claimed', 'pending', 'auto', null, lifetime_attempts + 1, null
from batches
where state = 'claimed' and claimed_by = $by;

-- name: set_free
-- Release the batches that this process has claimed.
update batches set
    state = 'pending', lease = null, claimed_by = null, heartbeat_at = null,
    updated_at = $now::timestamp
where state = 'claimed' and claimed_by = $by;

-- name: suspects
-- Batches that were claimed more than once when a process died, and have not completed since.
select source, generation, start from batches
where kind = 'ingest' and state = 'pending' and rescues > 1;

-- name: waiting
-- Pending ingest batches, and where each begins.
select id, source, generation, start from batches where kind = 'ingest' and state = 'pending';

-- name: tell_woken
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select id, $now::timestamp, 'retry', state, 'pending', 'auto', 'changed', lifetime_attempts + 1, null
from batches
where id in (select unnest($batches::varchar[]));

-- name: wake
-- Give dead batches one more attempt.
update batches set
    state = 'pending', reason = null, attempts = least(attempts, $attempts),
    updated_at = $now::timestamp
where id in (select unnest($batches::varchar[]));

-- name: deaths_since
-- When readers died while reading only one of these batches, since a person last retried it.
select m.batch, m.time
from batch_moves m
left join (
    select batch, max(time) as time from batch_moves
    where move = 'retry' and actor = 'user'
    group by all
) r
on r.batch = m.batch
where m.batch in (select unnest($batches::varchar[])) and m.error_code = $code
and m.time > coalesce(r.time, '1970-01-01'::timestamp)
order by m.time;

-- name: batches
-- Batches by their ids.
select id, state, lease, attempts, lifetime_attempts, rescues from batches
where id in (select unnest($batches::varchar[]));

-- name: move
-- Change the state of claimed batches, each only if its state and lease are unchanged.
update batches set
    state = m.new, reason = m.reason, attempts = m.attempts,
    lifetime_attempts = m.lifetime_attempts, rescues = m.rescues, lease = null, claimed_by = null,
    heartbeat_at = null, retry_at = m.retry_at, error_code = m.error_code,
    error_class = m.error_class, error_message = m.error_message, error_hint = m.error_hint,
    updated_at = $now::timestamp
from (select unnest($moves::struct(
    id varchar, lease varchar, move varchar, old varchar, new varchar, reason varchar,
    attempt integer, attempts integer, lifetime_attempts integer, rescues integer,
    retry_at timestamp, error_code varchar, error_class varchar, error_message varchar,
    error_hint varchar
)[], recursive := true)) m
where batches.id = m.id and batches.state = m.old and batches.lease is not distinct from m.lease;

-- name: tell_moves
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select m.id, $now::timestamp, m.move, m.old, m.new, $actor, m.reason, m.attempt, m.error_code
from (select unnest($moves::struct(
    id varchar, lease varchar, move varchar, old varchar, new varchar, reason varchar,
    attempt integer, attempts integer, lifetime_attempts integer, rescues integer,
    retry_at timestamp, error_code varchar, error_class varchar, error_message varchar,
    error_hint varchar
)[], recursive := true)) m;

-- name: held_back
-- Ingest batches whose source waits: the batch failed and its time has not come, or it is dead.
select id, source, generation, start, finish, state, error_code from batches
where kind = 'ingest' and state in ('dead', 'cancelled', 'claimed', 'failed', 'snoozed');

-- name: tell_due
-- Write the history rows of the batches that `wake_due` is about to wake.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select
    id, $now::timestamp, 'wake', state, 'pending', 'auto', null, lifetime_attempts + 1, error_code
from batches
where (state = 'snoozed' and not_before <= $now::timestamp)
or (
    state = 'failed' and $mode = 'automatic'
    -- A time later than the longest delay means that the clock was set back: retry now.
    and (retry_at <= $now::timestamp or retry_at > $latest::timestamp)
);

-- name: wake_due
-- Make batches pending whose time has come. In manual mode a failed batch waits for a person.
update batches set
    state = 'pending', retry_at = null, not_before = null, updated_at = $now::timestamp
where (state = 'snoozed' and not_before <= $now::timestamp)
or (
    state = 'failed' and $mode = 'automatic'
    -- A time later than the longest delay means that the clock was set back: retry now.
    and (retry_at <= $now::timestamp or retry_at > $latest::timestamp)
);

-- name: tell_revived
-- Write the history rows of the batches that `revive` is about to wake.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select
    id, $now::timestamp, 'retry', state, 'pending', 'auto', 'rarely', lifetime_attempts + 1, error_code
from batches
where state = 'dead' and reason = 'poison' and $mode = 'automatic'
and coalesce(retry_at <= $now::timestamp, true);

-- name: revive
-- Retry batches of which a process died, after a long delay. Batches that an older version gave up
-- because a process ended for any reason have no time and are retried at once.
update batches set state = 'pending', reason = null, retry_at = null, updated_at = $now::timestamp
where state = 'dead' and reason = 'poison' and $mode = 'automatic'
and coalesce(retry_at <= $now::timestamp, true);

-- name: next_try
-- When the next waiting batch is due.
select min(if(state = 'snoozed', not_before, retry_at)) as at from batches
where kind = 'ingest' and (
    state = 'snoozed'
    or ((state = 'failed' or (state = 'dead' and reason = 'poison')) and $mode = 'automatic')
);

-- name: to_try
-- Paths of the sources with a batch that is due.
select distinct s.path
from batches b
join sources s on s.id = b.source
where b.kind = 'ingest' and (
    b.state = 'pending' or (b.state = 'snoozed' and b.not_before <= $now::timestamp)
    or (
        (b.state = 'failed' or (b.state = 'dead' and b.reason = 'poison'))
        and $mode = 'automatic' and b.retry_at <= $now::timestamp
    )
);

-- name: decided
-- Batches that a person decided about before they existed.
select batch from decisions;

-- name: take_up
-- Create such a batch in the state that the person decided.
insert into batches by name
select
    $id as id, $kind as kind, $source as source, $generation as generation, $start as start,
    $finish as finish, d.state, 0 as attempts, 0 as lifetime_attempts, 0 as rescues,
    d.until as not_before, $now::timestamp as created_at, $now::timestamp as updated_at
from decisions d
where d.batch = $id and d.batch not in (select id from batches);

-- name: tell_taken_up
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select
    batch, $now::timestamp, case state when 'snoozed' then 'snooze' else 'cancel' end, 'pending',
    state, 'user', reason, 1, null
from decisions
where batch = $id;

-- name: drop_decision
delete from decisions where batch = $id;

-- name: pause
insert into pauses values ($code, $message, $hint, $now::timestamp);

-- name: resume
-- Resume the queue, whoever paused it.
delete from pauses;

-- name: lift
-- Resume the queue unless a person paused it.
delete from pauses where code <> $by_person;

-- name: pauses
select code, message, hint, since from pauses;
