-- name: project
-- The project, with the level at which it is shared, and who may read it.
insert into tailboard.projects (installation, id, name, level, visibility, repo)
values (%(installation)s, %(id)s, %(name)s, %(level)s, %(visibility)s, %(repo)s)
on conflict (installation, id) do update set
    name = excluded.name, level = excluded.level, visibility = excluded.visibility,
    repo = excluded.repo, pushed_at = now()
where (projects.name, projects.level, projects.visibility, projects.repo)
    is distinct from (excluded.name, excluded.level, excluded.visibility, excluded.repo);

-- name: set_visibility
-- Let the team, or only this role, read what is there of a project.
update {table} set visibility = %(visibility)s
where installation = %(installation)s and project = %(project)s and visibility <> %(visibility)s;

-- name: stage
-- A table for the rows of one noun, until the end of the transaction.
create temp table {staged} on commit drop as select {columns} from {table} with no data;

-- name: copy
copy pg_temp.{staged} ({columns}) from stdin;

-- name: drop_changed
-- Delete rows of these units that are not sent again as they are.
delete from {table} t
where t.installation = %(installation)s and t.unit = any(%(units)s)
and not exists (
    select from pg_temp.{staged} s where s.id = t.id and s.digest = t.digest and s.project = t.project
);

-- name: add
-- Store the rows that are new or changed.
insert into {table} ({columns}, visibility) select {columns}, %(visibility)s from pg_temp.{staged}
on conflict (installation, id) do nothing;

-- name: drop_units
-- Delete units that are gone, and these units where they have no rows in a table; says how much was
-- deleted. What is back has no tombstone.
with a as (
    delete from tailboard.sessions
    where (unit = any(%(left)s) or %(sessions)s and unit = any(%(units)s))
    and installation = %(installation)s and project = %(project)s returning 1
), b as (
    delete from tailboard.usage_days
    where (unit = any(%(left)s) or %(usage_days)s and unit = any(%(units)s))
    and installation = %(installation)s and project = %(project)s returning 1
), c as (
    delete from tailboard.tasks
    where (unit = any(%(left)s) or %(tasks)s and unit = any(%(units)s))
    and installation = %(installation)s and project = %(project)s returning 1
), d as (
    delete from tailboard.journal_entries
    where (unit = any(%(left)s) or %(journal_entries)s and unit = any(%(units)s))
    and installation = %(installation)s and project = %(project)s returning 1
), e as (
    delete from tailboard.memories
    where (unit = any(%(left)s) or %(memories)s and unit = any(%(units)s))
    and installation = %(installation)s and project = %(project)s returning 1
), f as (
    delete from tailboard.tombstones
    where unit = any(%(units)s) and installation = %(installation)s
)
select count(*) as deleted from (
    select from a union all select from b union all select from c union all select from d
    union all select from e
) gone;

-- name: add_tombstones
-- Remember that these units were here.
insert into tailboard.tombstones (installation, unit, project, reason)
select %(installation)s, u.unit, %(project)s, u.reason
from unnest(%(units)s::uuid[], %(reasons)s::text[]) as u (unit, reason)
where not exists (
    select from tailboard.sessions s
    where s.installation = %(installation)s and s.unit = u.unit
)
on conflict (installation, unit) do update set reason = excluded.reason, at = now();

-- name: withdraw
-- Delete what this installation stored of a project.
delete from {table} where installation = %(installation)s and project = %(project)s;

-- name: withdraw_project
delete from tailboard.projects where installation = %(installation)s and id = %(project)s;

-- name: count
-- How many rows this installation has stored of a project.
select count(*) as count from {table} where installation = %(installation)s and project = %(project)s;
