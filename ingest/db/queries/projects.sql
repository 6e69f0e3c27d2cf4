-- name: any_unknown
-- Whether there is a folder that was never looked up; asked after every commit, so it must be cheap.
select 1
from (select distinct cwd, repository from segments where cwd is not null) g
anti join folders k on k.path = rtrim(g.cwd, '/\') and k.recorded = coalesce(g.repository, '')
limit 1;

-- name: unknown_folders
-- Folders in which sessions worked and that were not looked up since, most recently used first; each
-- with the remote and some commits that were recorded there.
with due as materialized (
    select f.path, f.recorded, f.last
    from (
        select rtrim(cwd, '/\') as path, coalesce(repository, '') as recorded, max(last_at) as last
        from (
            -- Few folders for many sessions: paths are compared without their ends afterwards.
            select cwd, repository, max(last_at) as last_at
            from segments
            where cwd is not null
            group by all
        )
        group by all
    ) f
    left join folders k on k.path = f.path and k.recorded = f.recorded
    where k.path is null or (k.checked_at < $before::timestamp and f.last >= $since::timestamp)
    order by f.last desc nulls last, f.path, f.recorded
    limit $limit
)
select
    d.path, d.recorded,
    coalesce(list_distinct(list(g."commit") filter (g."commit" is not null))[:20], []) as commits
from due d
join segments g on rtrim(g.cwd, '/\') = d.path and coalesce(g.repository, '') = d.recorded
group by d.path, d.recorded, d.last
order by d.last desc nulls last, d.path, d.recorded;

-- name: folders
-- All folders that were looked up.
select path, recorded, common, top, remote, first, contains, project, checked_at
from folders
order by path, recorded;

-- name: all
-- All projects.
select id, name, label, folder, keys from projects order by label;

-- name: by_folder_name
-- The projects of the sessions that worked in folders of this name, in the order they began.
select
    coalesce(p.label, project_of(g.cwd, g.repository)) as label,
    coalesce(g.started_at, g.first_at) as started_at
from segments g
left join folder_projects p
    on p.path = rtrim(g.cwd, '/\') and p.recorded = coalesce(g.repository, '')
where lower(project_of(g.cwd, g.repository)) = lower($name)
order by started_at nulls first, g.source;

-- name: labelled
-- The project with this label.
select id, name, label, folder from projects where label = $label;

-- name: here
-- The project of these folders: that of the nearest one in which a session worked, or in whose
-- repository one did.
select p.id, p.label
from (
    select path, project from folders
    union all
    select top, project from folders where top is not null
) f
join projects p on p.id = f.project
where list_contains($folders::varchar[], f.path)
order by length(f.path) desc
limit 1;

-- name: listed
-- All projects with their sessions, most recently active first.
select
    p.id, p.name, p.label, p.folder, p.keys, f.folders,
    coalesce(s.sessions, 0) as sessions, s.last_at
from projects p
left join (
    select project, list(distinct path order by path) as folders from folders group by project
) f on f.project = p.id
left join (
    select project_id, count(*) as sessions, max(last_at) as last_at
    from v_sessions
    group by project_id
) s on s.project_id = p.id
order by s.last_at desc nulls last, p.label;

-- name: edits
-- The edits of projects, in the order they were made.
select id, time, actor, arguments::varchar as arguments, reason
from commands
where verb = 'project'
order by rowid;

-- name: edit_count
select count(*) as count from commands where verb = 'project';

-- name: planned
-- The nearest of these folders to which a person added tasks before any session worked there.
select arguments->>'project' as project
from commands
where verb = 'task' and list_contains($folders::varchar[], arguments->>'project')
order by length(project) desc
limit 1;

-- name: drop_folders
delete from folders;

-- name: drop_projects
delete from projects;

-- name: add_folders
insert into folders by name
select unnest($folders::struct(
    path varchar, recorded varchar, common varchar, top varchar, remote varchar, first varchar,
    contains boolean, project varchar, checked_at timestamp
)[], recursive := true);

-- name: add_projects
insert into projects by name
select unnest($projects::struct(
    id varchar, name varchar, label varchar, folder varchar, keys varchar[]
)[], recursive := true);
