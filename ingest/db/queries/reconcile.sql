-- name: sayings
-- Commands of people about sessions whose branch moved on without them, in order.
select id, time, actor, selection::varchar as about, arguments::varchar as arguments, reason
from commands
where verb = 'reconcile'
order by rowid;
