-- name: listed
-- Batches, those that need attention first.
select *
from v_batches
where ($state is null or state = $state)
and ($kind is null or kind = $kind)
and ($error is null or error_code = $error)
and ($session is null or session = $session)
and ($since::timestamp is null or updated_at >= $since::timestamp)
and ($until::timestamp is null or updated_at < $until::timestamp)
order by
    list_position(['dead', 'failed', 'claimed', 'pending', 'snoozed', 'cancelled'], state)
        nulls last,
    updated_at desc, id
limit $limit offset $offset;

-- name: starting_with
-- Batches by a prefix of their id.
select * from v_batches where starts_with(id, $prefix) order by id;

-- name: moves
-- The history of these batches in the order it was written, which does not depend on the clock;
-- `person` is the actor of the command, if any.
select
    m.batch, m.time, m.move, m.old, m.new, m.actor, m.reason, m.attempt, m.error_code, m.command,
    c.actor as person
from batch_moves m
left join commands c on c.id = m.command
where m.batch in (select unnest($batches::varchar[]))
order by m.batch, m.rowid;

-- name: unwell
-- The last batches that failed and were not read since, each with the number of all of them; without
-- what waits for a team's server, which concerns nothing here.
select id, state, path, error_code, error_message, count(*) over () as total
from v_batches
where state in ('failed', 'dead') and kind <> 'share'
order by updated_at desc, id
limit $limit;

-- name: counts
-- How many batches are in each state.
select state, sum(batches)::bigint as batches from v_batch_counts group by all;
