-- name: batch
-- One batch by its id.
select * from batches where id = $id;

-- name: add
-- Insert batches that do not exist yet, already claimed.
insert into batches by name
select
    b.*, 'claimed' as state, 0 as attempts, 0 as lifetime_attempts, 0 as rescues,
    $now::timestamp as heartbeat_at, $now::timestamp as created_at, $now::timestamp as updated_at
from (select unnest($batches::struct(
    id varchar, kind varchar, source integer, generation integer, start bigint, finish bigint
)[], recursive := true)) b
where b.id not in (select id from batches);

-- name: claim_known
-- Claim existing batches that are claimable, with the range to which they have grown.
update batches set
    state = 'claimed', heartbeat_at = $now::timestamp, finish = b.finish, retry_at = null,
    not_before = null, updated_at = $now::timestamp
from (select unnest($batches::struct(
    id varchar, kind varchar, source integer, generation integer, start bigint, finish bigint
)[], recursive := true)) b
where batches.id = b.id and batches.state in (select unnest($free::varchar[]));

-- name: beat
-- Renew the heartbeat of the claimed batches of this kind.
update batches set heartbeat_at = $now::timestamp
where state = 'claimed' and kind = $kind and id not in (select unnest($silent::varchar[]));

-- name: orphans
-- Batches that a process had claimed when it ended.
select id from batches where state = 'claimed';

-- name: release
-- Release the claimed batches of this kind.
update batches set state = 'pending', heartbeat_at = null, updated_at = $now::timestamp
where state = 'claimed' and kind = $kind;

-- name: suspects
-- Batches that were claimed more than once when a process died, and have not completed since.
select source, generation, start from batches
where kind = 'ingest' and state = 'pending' and rescues > 1;

-- name: waiting
-- Pending ingest batches, and where each begins.
select id, source, generation, start from batches where kind = 'ingest' and state = 'pending';

-- name: record_changed
-- Write the history rows of the batches that `retry_changed` is about to retry.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select id, $now::timestamp, 'retry', state, 'pending', 'auto', 'changed', lifetime_attempts + 1, null
from batches
where id in (select unnest($batches::varchar[]));

-- name: retry_changed
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

-- name: claimed
-- Those of these batches that are claimed.
select id, attempts, lifetime_attempts, rescues from batches
where state = 'claimed' and id in (select unnest($batches::varchar[]));

-- name: move
-- Change the state of claimed batches.
update batches set
    state = m.new, reason = m.reason, attempts = m.attempts,
    lifetime_attempts = m.lifetime_attempts, rescues = m.rescues, heartbeat_at = null,
    retry_at = m.retry_at, error_code = m.error_code, error_class = m.error_class,
    error_message = m.error_message, error_hint = m.error_hint, updated_at = $now::timestamp
from (select unnest($moves::struct(
    id varchar, move varchar, old varchar, new varchar, reason varchar, attempt integer,
    attempts integer, lifetime_attempts integer, rescues integer, retry_at timestamp,
    error_code varchar, error_class varchar, error_message varchar, error_hint varchar
)[], recursive := true)) m
where batches.id = m.id and batches.state = m.old;

-- name: record_moves
-- Write the history rows of failed and rescued batches.
insert into batch_moves (batch, time, move, old, new, actor, reason, attempt, error_code)
select m.id, $now::timestamp, m.move, m.old, m.new, $actor, m.reason, m.attempt, m.error_code
from (select unnest($moves::struct(
    id varchar, move varchar, old varchar, new varchar, reason varchar, attempt integer,
    attempts integer, lifetime_attempts integer, rescues integer, retry_at timestamp,
    error_code varchar, error_class varchar, error_message varchar, error_hint varchar
)[], recursive := true)) m;

-- name: held_back
-- Ingest batches whose source waits: the batch failed and its time has not come, or it is dead.
select id, source, generation, start, finish, state, error_code from batches
where kind = 'ingest' and state in ('dead', 'cancelled', 'claimed', 'failed', 'snoozed');

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

-- name: record_revived
-- Write the history rows of the batches that `revive` is about to retry.
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

-- name: next_due
-- When the next waiting batch is due.
select min(if(state = 'snoozed', not_before, retry_at)) as at from batches
where kind = 'ingest' and (
    state = 'snoozed'
    or ((state = 'failed' or (state = 'dead' and reason = 'poison')) and $mode = 'automatic')
);

-- name: due_paths
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

-- name: add_decided
-- Create such a batch in the state that the person decided.
insert into batches by name
select
    $id as id, $kind as kind, $source as source, $generation as generation, $start as start,
    $finish as finish, d.state, 0 as attempts, 0 as lifetime_attempts, 0 as rescues,
    d.until as not_before, $now::timestamp as created_at, $now::timestamp as updated_at
from decisions d
where d.batch = $id and d.batch not in (select id from batches);

-- name: record_decision
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
-- Resume the queue: end all pauses.
delete from pauses;

-- name: lift
-- Resume the queue unless a person paused it.
delete from pauses where code <> $by_person;

-- name: pauses
select code, message, hint, since from pauses;
