-- name: project
-- The project, with the level at which it is shared.
insert into tailboard.projects (installation, id, name, level, repo)
values (%(installation)s, %(id)s, %(name)s, %(level)s, %(repo)s)
on conflict (installation, id) do update set
    name = excluded.name, level = excluded.level, repo = excluded.repo, pushed_at = now()
where (projects.name, projects.level, projects.repo)
    is distinct from (excluded.name, excluded.level, excluded.repo);

-- name: stage
-- A table for the rows of one noun, until the end of the transaction.
create temp table staged on commit drop as select {columns} from {table} with no data;

-- name: copy
copy pg_temp.staged ({columns}) from stdin;

-- name: drop_changed
-- Delete rows of these units that are not sent again as they are.
delete from {table} t
where t.installation = %(installation)s and t.unit = any(%(units)s)
and not exists (
    select from pg_temp.staged s where s.id = t.id and s.digest = t.digest and s.project = t.project
);

-- name: add
-- Store the rows that are new or changed.
insert into {table} ({columns}) select {columns} from pg_temp.staged
on conflict (installation, id) do nothing;

-- name: unstage
drop table pg_temp.staged;

-- name: drop_units
-- Delete units that are gone.
delete from {table}
where installation = %(installation)s and project = %(project)s and unit = any(%(units)s);

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

-- name: drop_tombstones
-- These units are back.
delete from tailboard.tombstones where installation = %(installation)s and unit = any(%(units)s);

-- name: withdraw
-- Delete what this installation stored of a project.
delete from {table} where installation = %(installation)s and project = %(project)s;

-- name: withdraw_project
delete from tailboard.projects where installation = %(installation)s and id = %(project)s;

-- name: count
-- How many rows this installation has stored of a project.
select count(*) as count from {table} where installation = %(installation)s and project = %(project)s;
