-- name: batches
-- Ids of the batches that match a filter, those that need attention first, or in the requested
-- order. Without a filter for states, batches that have ended well are listed if $ended.
select id
from v_batches
where (
    case
        when $states::varchar[] is not null then state in (select unnest($states::varchar[]))
        else $ended or state not in ('completed', 'completed_empty', 'superseded')
    end
)
and ($kinds::varchar[] is null or kind in (select unnest($kinds::varchar[])))
and ($error::varchar is null or contains(lower(coalesce(error_code, '')), lower($error)))
and ($session::varchar is null or starts_with(session, $session))
and ($source::varchar is null or source::varchar = $source)
and list_bool_and(list_transform($words::varchar[], lambda one: contains(
    lower(concat_ws(' ', id, kind, state, path, session, error_code, error_message)), one
))) is not false
and list_bool_or(list_transform($without::varchar[], lambda one: contains(
    lower(concat_ws(' ', id, kind, state, path, session, error_code, error_message)), one
))) is not true
order by
    case $sort when 'tries' then -attempts when 'again' then epoch(coalesce(retry_at, not_before))
        when 'range' then start when 'changed' then -epoch(updated_at) end nulls last,
    case $sort when 'kind' then kind when 'source' then path when 'error' then error_code end
        nulls last,
    list_position(['dead', 'failed', 'claimed', 'pending', 'snoozed', 'cancelled'], state)
        nulls last,
    updated_at desc, path, start, id;

-- name: these_batches
-- The title is that of the session, of a role that is about a day the project and the day; `opens` is
-- the session with its home, if it is known.
select
    b.* replace (if(a.batch is null, b.session, a.session) as session), h.path as home_path,
    if(a.day is null, r.title, concat_ws(', ', p.label, a.day)) as title, r.home, r.id as opens
from v_batches b
left join sources s on s.id = b.source
left join homes h on h.id = s.home
left join role_batches a on a.batch = b.id
left join projects p on p.id = a.project
left join session_rows r
    on r.home = coalesce(a.home, s.home) and r.id = coalesce(a.session, b.session)
where b.id in (select unnest($ids::varchar[]));

-- name: failed_of_session
-- Ids of the batches of a session that failed.
select b.id
from batches b
join sources s on s.id = b.source
where s.thread = $session and b.state in ('failed', 'dead')
order by b.start;

-- name: errors
-- Number of batches by error code, each with its newest message.
select
    error_code as code, any_value(error_class) as class, arg_max(error_message, updated_at) as message,
    arg_max(error_hint, updated_at) as hint, count(*) as batches,
    count(*) filter (state = 'failed') as failed, count(*) filter (state = 'dead') as dead,
    max(updated_at) as last_at
from v_batches
where error_code is not null and state in ('failed', 'dead', 'pending', 'claimed', 'snoozed')
group by all
order by batches desc, code;

-- name: groups
-- Number of batches that failed or wait, by error code, file or session, each with its newest message.
select
    case $by when 'error' then b.error_code when 'session' then b.session else b.source::varchar end
        as key,
    any_value(r.title) as title, any_value(b.session) as session, any_value(b.path) as path,
    arg_max(b.error_code, (b.updated_at, b.id)) as code,
    arg_max(b.error_message, (b.updated_at, b.id)) as message,
    arg_max(b.error_hint, (b.updated_at, b.id)) as hint, count(*) as batches,
    count(*) filter (b.state = 'failed') as failed, count(*) filter (b.state = 'dead') as dead,
    max(b.updated_at) as last_at
from v_batches b
left join sources s on s.id = b.source
left join session_rows r on r.home = s.home and r.id = b.session
where b.state in ('failed', 'dead', 'pending', 'claimed', 'snoozed')
group by 1
having key is not null
order by failed + dead desc, batches desc, key;

-- name: sources
-- Ids of the sources that match a filter, those with errors or unread bytes first.
select id
from v_sources
where ($states::varchar[] is null or state in (select unnest($states::varchar[])))
and ($kinds::varchar[] is null or kind in (select unnest($kinds::varchar[])))
and ($session::varchar is null or starts_with(thread, $session))
and list_bool_and(list_transform($words::varchar[], lambda one: contains(
    lower(concat_ws(' ', kind, state, path, thread, error_code)), one
))) is not false
and list_bool_or(list_transform($without::varchar[], lambda one: contains(
    lower(concat_ws(' ', kind, state, path, thread, error_code)), one
))) is not true
order by
    case $sort when 'behind' then -behind when 'size' then -size when 'lines' then -lines
        when 'rejected' then -rejected when 'rewrites' then -rewrites end,
    case $sort when 'source' then path when 'kind' then kind end,
    list_position(['damaged', 'too_large', 'unreadable', 'missing'], state) nulls last,
    behind > 0 desc, updated_at desc nulls last, id;

-- name: these_sources
select s.*, h.path as home_path, r.title as session_title
from v_sources s
left join homes h on h.id = s.home
left join session_rows r on r.home = s.home and r.id = s.thread
where s.id in (select unnest($ids::integer[]));

-- name: rejects
-- Ids of the rejected lines that match a filter, in the order of their files.
select id
from v_rejects
where list_bool_and(list_transform($words::varchar[], lambda one: contains(
    lower(concat_ws(' ', id, path, reason, message)), one
))) is not false
and list_bool_or(list_transform($without::varchar[], lambda one: contains(
    lower(concat_ws(' ', id, path, reason, message)), one
))) is not true
order by
    case $sort when 'length' then -extent end, case $sort when 'reason' then reason end,
    path, byte;

-- name: these_rejects
select r.*, s.thread, s.representation, h.path as home_path
from v_rejects r
join sources s on s.id = r.source
left join homes h on h.id = r.home
where r.id in (select unnest($ids::varchar[]));

-- name: log
-- Commands of people and automatic failures and recoveries, newest first.
select *
from (
    select
        id, time, actor, verb as did, null as batch, reason, state, matched, done,
        skipped::varchar as skipped, selection::varchar as selection, null as error_code,
        null as path
    from v_commands
    union all
    select
        m.batch || ':' || m.rowid, m.time, m.actor, m.move, m.batch, m.reason, m.new, null, null,
        null, null, m.error_code, s.path
    from batch_moves m
    left join batches b on b.id = m.batch
    left join sources s on s.id = b.source
    where m.move in ('fail', 'bury', 'rescue')
)
where list_bool_and(list_transform($words::varchar[], lambda one: contains(
    lower(concat_ws(' ', actor, did, batch, reason, error_code, path)), one
))) is not false
and list_bool_or(list_transform($without::varchar[], lambda one: contains(
    lower(concat_ws(' ', actor, did, batch, reason, error_code, path)), one
))) is not true
order by time desc, id
limit $limit;

-- name: samples
-- Backlog and throughput over time.
select time, behind_bytes, bytes_new, seconds
from v_samples
where time >= $since::timestamp
order by time;
