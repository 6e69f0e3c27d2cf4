-- Success is counted for each source and no longer kept row by row. A batch of bytes has a row while
-- it is in progress or waits, and keeps it from its first failure or the first order of a person on.
-- The history holds failures, recoveries and orders; claims and clean ends are not recorded.

create table troubled as
select distinct batch from batch_moves
where move in ('fail', 'bury', 'rescue') or (actor = 'user' and move <> 'supersede');

alter table cursors add column batch varchar;           -- the last batch that completed
alter table cursors add column batch_start bigint;
alter table cursors add column batch_state varchar;     -- completed, completed_empty
alter table cursors add column batch_seconds double;
alter table cursors add column completed integer default 0;         -- batches since the first one
alter table cursors add column completed_empty integer default 0;
alter table cursors add column superseded integer default 0;

update cursors set
    completed = b.completed, completed_empty = b.completed_empty, superseded = b.superseded
from (
    select
        source, count(*) filter (state = 'completed') as completed,
        count(*) filter (state = 'completed_empty') as completed_empty,
        count(*) filter (state = 'superseded') as superseded
    from batches
    where kind = 'ingest'
    group by source
) b
where cursors.source = b.source;

update cursors set
    batch = b.id, batch_start = b.start, batch_state = b.state, batch_seconds = b.seconds
from (
    from batches
    where kind = 'ingest' and state in ('completed', 'completed_empty')
    qualify row_number() over (
        partition by source, generation order by updated_at desc, start desc
    ) = 1
) b
where cursors.source = b.source and cursors.generation = b.generation;

-- Without a lease: one process writes, and it knows which batches it has claimed. Without a primary
-- key: rows come and go with every commit.
create table kept (
    id varchar not null,
    kind varchar not null,
    source integer not null,
    generation integer not null,
    start bigint not null,
    finish bigint not null,
    state varchar not null,
    reason varchar,
    attempts integer not null,
    lifetime_attempts integer not null,
    rescues integer not null,
    heartbeat_at timestamp,     -- of a claimed batch: the last sign of life of who works on it
    retry_at timestamp,
    not_before timestamp,
    error_code varchar,
    error_class varchar,
    error_message varchar,
    error_hint varchar,
    lines bigint,
    facts bigint,
    seconds double,
    created_at timestamp not null,
    updated_at timestamp not null
);
insert into kept by name
select * exclude (lease, claimed_by) from batches
where kind <> 'ingest' or state not in ('completed', 'completed_empty', 'superseded')
or id in (select batch from troubled);
drop table batches;
alter table kept rename to batches;

delete from batch_moves
where batch not in (select batch from troubled)
or (move in ('claim', 'release', 'wake') and actor <> 'user');
drop table troubled;
