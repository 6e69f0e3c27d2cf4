-- name: sayings
-- What people said of sessions whose branch moved on without them, in the order they said it.
select id, time, actor, selection::varchar as about, arguments::varchar as arguments, reason
from commands
where verb = 'reconcile'
order by rowid;
