-- name: add_home
insert or replace into homes values ($id, $path);

-- name: homes
-- The ids of all homes that were ever followed.
select id from homes order by id;

-- name: other_homes
select id, path from homes where id <> $home;

-- name: move_sources
update sources set home = $home where home = $old;

-- name: move_notes
update notes set home = $home where home = $old;

-- name: move_roles
update role_batches set home = $home where home = $old;

-- name: drop_home
delete from homes where id = $home;

-- name: sources
-- All sources of a home, with how far each is read.
select
    s.id, s.kind, s.thread, s.segment, s.path, s.representation, s.archived, s.size as last_size,
    s.mtime_ns as last_mtime_ns, s.state as last_state, s.error_code,
    c.generation, c.byte, c.size, c.mtime_ns, c.dev, c.inode, c.head_len, c.head_hash, c.tail_hash,
    c.partial, c.lines, c.stored, c.rejected, c.blank, c.rewrites, c.completed,
    c.completed_empty, c.superseded
from sources s
left join cursors c on c.source = s.id
where s.home = $home;

-- name: fold_state
select state from cursors where source = $source;

-- name: newest_source
select coalesce(max(id), 0) as id from sources;

-- name: add_sources
insert into sources by name
select s.*, $now::timestamp as state_since
from (select unnest($sources::struct(
    id integer, home varchar, kind varchar, thread varchar, segment varchar, path varchar,
    representation varchar, archived boolean, size bigint, mtime_ns bigint, state varchar
)[], recursive := true)) s;

-- name: update_sources
update sources set
    path = s.path, representation = s.representation, archived = s.archived, size = s.size,
    mtime_ns = s.mtime_ns, state = s.state,
    state_since = case when sources.state = s.state then sources.state_since
        else $now::timestamp end,
    error_code = case when s.state = 'following' then null else sources.error_code end,
    error = case when s.state = 'following' then null else sources.error end
from (select unnest($sources::struct(
    id integer, home varchar, kind varchar, thread varchar, segment varchar, path varchar,
    representation varchar, archived boolean, size bigint, mtime_ns bigint, state varchar
)[], recursive := true)) s
where sources.id = s.id;

-- name: set_state
update sources set
    state = $state, error_code = $error_code, error = $error,
    state_since = case when state = $state then state_since else $now::timestamp end
where id = $source;

-- name: killed
-- Sources with a line of which readers died and that was rejected before this time.
select distinct r.source
from rejects r
join cursors c on c.source = r.source
join batches b
on b.source = r.source and b.generation = c.generation and r.byte >= b.start and r.byte < b.finish
where r.reason = 'killed' and b.state = 'completed' and b.updated_at < $before::timestamp
and c.head_hash <> '';

-- name: drop_problems
delete from problems where home = $home;

-- name: add_problems
insert into problems by name
select p.*, $home as home, $now::timestamp as since
from (select unnest($problems::struct(
    code varchar, path varchar, message varchar, hint varchar
)[], recursive := true)) p;

-- name: problems
-- Problems that the last scan of a home found.
select code, path, message, hint, since from problems where home = $home order by rowid;
