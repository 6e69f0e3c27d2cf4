-- What the search index has still to be brought up to date for, and its mark: the name of the newest
-- state of the index, which the index has, too. An index with another mark is built again, beside the
-- one in use if that can be searched.

-- name: add
insert into search_changes
select
    (select coalesce(max(id), 0) from search_changes) + row_number() over (), source, start, finish,
    $now::timestamp
from (select unnest($changes::struct(
    source integer, start bigint, finish bigint
)[], recursive := true));

-- name: histories
select id from sources where kind = 'history' order by id;

-- name: pending
-- Changed ranges, each with the end of what is read of its source; the newest first.
select h.id, h.source, h.start, h.finish, h.time, coalesce(c.byte, 0) as byte
from search_changes h
left join cursors c on c.source = h.source
order by h.id desc;

-- name: unbuilt
-- The same of the index that is built beside the one in use.
select h.id, h.source, h.start, h.finish, h.time, coalesce(c.byte, 0) as byte
from search_rebuild h
left join cursors c on c.source = h.source
order by h.id desc;

-- name: marks
-- The marks of the index in use and of the one that is built beside it; an empty one has yet to begin.
select
    (select value from meta where key = 'search_index') as mark,
    (select value from meta where key = 'search_next') as next;

-- name: index_lag
select
    (select value from meta where key = 'search_index') as mark,
    count(distinct source) as sources, min(time) as oldest
from search_changes;

-- name: lag
select
    (select value from meta where key = 'search_index') as mark,
    count(distinct source) as sources, min(time) as oldest,
    -- Sessions whose tasks are derived again in the background.
    case when exists (from meta where key = 'session_tasks') then greatest(
        (select count(*) from session_rows) - (
            select count(*) from session_tasks
            where version = (select value from meta where key = 'session_tasks')
        ),
        0
    ) else 0 end as tasks,
    -- Sessions whose rows another version of the program derived.
    (
        select count(distinct coalesce(g.thread, o.source::varchar))
        from outdated_rows o
        left join segments g on g.source = o.source
    ) as rows,
    (select count(distinct source) from search_rebuild) as unbuilt
from search_changes;

-- name: done
delete from search_changes where id in (select unnest($ids::bigint[]));

-- name: built
delete from search_rebuild where id in (select unnest($ids::bigint[]));

-- name: set_mark
insert or replace into meta values ('search_index', $mark);

-- name: set_next
insert or replace into meta values ('search_next', $mark);

-- name: unset_next
delete from meta where key = 'search_next';

-- name: unset_marks
delete from meta where key in ('search_index', 'search_next');

-- name: clear
delete from search_changes;

-- name: clear_rebuild
delete from search_rebuild;

-- name: add_all
insert into search_changes from whole_sources($start::bigint, $finish::bigint, $now::timestamp);

-- name: rebuild_all
insert into search_rebuild from whole_sources($start::bigint, $finish::bigint, $now::timestamp);

-- name: take_over
-- The index that is built is in use now, whatever it has yet to be brought up to date for.
insert into search_changes
select
    (select coalesce(max(id), 0) from search_changes) + row_number() over (order by id), source,
    start, finish, time
from search_rebuild;
