-- name: sources
-- Totals of all sources, in one row. Archived ones do not count as followed.
select
    count(*) filter (state = 'following' and not archived) as following,
    count(*) filter (state = 'following' and archived) as archived,
    count(*) filter (state = 'missing') as missing,
    count(*) filter (state in ('damaged', 'too_large')) as damaged,
    count(*) filter (state = 'unreadable') as unreadable,
    count(*) filter (rewrites > 0) as rewritten,
    coalesce(sum(behind), 0)::bigint as behind,
    coalesce(sum(size) filter (state = 'following'), 0)::bigint as size,
    coalesce(sum(rejected), 0)::bigint as rejected,
    max(updated_at) as fresh_at
from v_sources;

-- name: held
-- Unread bytes that are not read now because their batch failed or was snoozed by a person.
select v.path, v.behind as bytes
from v_sources v
join batches b on b.source = v.id and b.generation = v.generation and b.start = v.byte
where b.kind = 'ingest' and b.state in ('dead', 'failed', 'cancelled', 'snoozed');

-- name: queue
-- Number of batches by state at the current time.
select
    state, sum(batches)::bigint as batches,
    case state
        when 'failed' then (
            select count(*) from batches where state = 'failed' and retry_at > $now::timestamp
        )
        else 0
    end as backed_off
from v_batch_counts
group by all;

-- name: claims
-- The claimed batches; whether they are stuck depends on which processes are alive.
select id, state, heartbeat_at from batches where state = 'claimed';

-- name: pauses
-- Why the queue is paused.
select code, message, hint, since from pauses order by since;

-- name: problems
-- Problems of a home as a whole.
select h.path as home, p.code, p.path, p.message, p.hint, p.since
from problems p
left join homes h on h.id = p.home
order by p.since, p.path;

-- name: kinds
-- Kinds of records that are not read.
select kind, lines, bytes from v_kinds where not known order by lines desc, kind;

-- name: refused
-- References to older parts of session files that were not followed, and why.
select message from rejects where reason = 'reference' order by source, byte;

-- name: unattributed
-- How many messages, calls and token counts have no session, and how many have no id of a turn.
select
    count(*) filter (nullif(g.thread, '') is null) as sessionless,
    count(*) filter (t.turn_id is null) as turnless
from (
    select source, turn from messages
    union all select source, turn from calls
    union all select source, turn from usage
) r
left join segments g on g.source = r.source
left join turns t on t.source = r.source and t.n = r.turn;

-- name: plan_tool
-- The newest files of a home, newest first: the version of Codex that wrote each, and whether it
-- accepted or refused a plan.
select
    g.cli_version,
    exists (select 1 from plans p where p.source = g.source and p.accepted) as planned,
    exists (select 1 from plans p where p.source = g.source and not p.accepted) as refused
from segments g
join sources s on s.id = g.source
where g.cli_version is not null and s.home = $home
order by coalesce(g.started_at, g.first_at) desc nulls last
limit $sessions;

-- name: newest_line
-- The time of the newest line of any session.
select max(last_at) as last_at from segments;

-- name: migrations
-- The applied migrations.
select version, name, applied_at, duckdb from schema_migrations order by version;
