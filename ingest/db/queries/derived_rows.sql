-- Which derived rows another version of the program derived (`derived_rows.py`).

-- name: versions
-- The versions of the derivations that made the rows.
select key as name, value as version from meta where list_contains($derivations::varchar[], key);

-- name: set_version
insert or replace into meta values ($derivation, $version);

-- name: mark
-- Every source.
insert into outdated_rows select $derivation, id from sources;

-- name: unmark
-- All sources without any.
delete from outdated_rows
where derivation = $derivation
and ($sources::integer[] is null or source in (select unnest($sources::integer[])));

-- name: next
-- Some sources, those of the session that was active last first.
select o.derivation, o.source
from outdated_rows o
left join segments g on g.source = o.source
order by g.last_at desc nulls last, o.source desc, o.derivation
limit $limit;

-- name: undone
-- The size of these files, and of all.
select
    coalesce(sum(size) filter (id in (select source from outdated_rows)), 0)::bigint as undone,
    coalesce(sum(size), 0)::bigint as bytes
from sources;
