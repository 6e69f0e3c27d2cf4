-- name: missing
-- Texts without a vector of this generation, the newest first. The text of a message is read later.
with newest as (
    select source, max(revision) as revision from plans where accepted group by source
),
texts as (
    select
        source, byte, turn, time, if(role = 'user', 'prompt', 'answer') as kind, '' as text
    from messages
    union all
    select source, -1, turn, time, 'note', text from notes
    union all
    select source, max(byte), max_by(turn, byte), max_by(time, byte), 'goal', objective
    from goals
    where objective is not null
    group by source, objective
    union all
    select
        p.source, p.byte, p.turn, p.time, 'step',
        json_extract_string(unnest(cast(p.steps as json[])), '$[0]')
    from plans p
    join newest n on n.source = p.source and n.revision = p.revision
)
select distinct t.source, t.byte, t.turn, t.time, t.kind, t.text
from texts t
anti join (from vectors where generation = $generation) v
on v.source = t.source and v.byte = t.byte and v.kind = t.kind and v.text = t.text
where t.text is not null
order by t.time desc nulls last, t.source, t.byte, t.text
limit $limit;

-- name: messages
-- The texts of these lines of messages.
select source, byte, any_value(text) as text
from messages
where (source, byte) in (
    from (select unnest($lines::struct(source integer, byte bigint)[], recursive := true))
)
group by source, byte;

-- name: add
insert into vectors
select v.source, v.byte, v.turn, v.time, v.kind, v.digest, v.text, $generation, v.vector::float[256]
from (select unnest($vectors::struct(
    source integer, byte bigint, turn integer, time timestamp, kind varchar, digest bigint,
    text varchar, vector float[]
)[], recursive := true)) v;

-- name: drop_old
-- Delete the vectors of other models.
delete from vectors where generation <> $generation;

-- name: any
-- A row if there is a vector.
select 1 as one from vectors limit 1;

-- name: drop_changed
-- Delete the vectors of changed lines.
delete from vectors using (select unnest($changes::struct(
    source integer, start bigint, finish bigint
)[], recursive := true)) c
where vectors.source = c.source and vectors.byte >= c.start and vectors.byte < c.finish;

-- name: similar
-- The texts whose meaning is nearest to that of the query.
with nearest as (
    select
        source, byte, turn, time, kind, digest, text,
        array_cosine_similarity(vector, $vector::float[256]) as similarity
    from vectors
    where generation = $generation
    and ($sources::integer[] is null or source in (select unnest($sources::integer[])))
    and source not in (select unnest($hidden::integer[]))
    and (len($kinds::varchar[]) = 0 or list_contains($kinds::varchar[], kind))
    and ($since::timestamp is null or time >= $since::timestamp)
    and ($until::timestamp is null or time < $until::timestamp)
    order by similarity desc, source, byte, text
    limit $limit
)
from nearest
where similarity >= $least and (source, turn) not in (
    select (source, n) from v_turns
    where source in (select source from nearest) and state in ('reverted', 'rolled_back')
)
order by similarity desc, source, byte, text;
