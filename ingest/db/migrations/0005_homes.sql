-- The identity of a home is its path. It was made of the name of the machine, too, which may change:
-- then everything in the home was read again, as if it were another one. These twins are folded.

create table renamed as
select id as old, left(sha256(path), 16) as id, path from homes;

-- Of each file the one that was read last is kept; it holds all that the others hold of it.
create table folded as
select source, keep, kind
from (
    select
        s.id as source, s.kind,
        first_value(s.id) over (
            partition by r.id, s.kind, s.thread, s.segment
            order by c.updated_at desc nulls last, s.id desc
        ) as keep
    from sources s
    join renamed r on r.old = s.home
    left join cursors c on c.source = s.id
)
where source <> keep;

-- A list of prompts is cut from its head by Codex: what only the other one holds is kept.
delete from prompts where rowid in (
    select o.id
    from (
        select
            *, row_number() over (partition by keep, thread, time, text, copy order by source) as twin
        from (
            select
                p.rowid as id, f.keep, p.source, p.thread, p.time, p.text,
                row_number() over (
                    partition by p.source, p.thread, p.time, p.text order by p.byte
                ) as copy
            from prompts p
            join folded f on f.source = p.source
        )
    ) o
    left join (
        select source, thread, time, text, count(*) as copies
        from prompts
        where source in (select keep from folded)
        group by all
    ) k
    on k.source = o.keep and k.thread = o.thread and k.time is not distinct from o.time
    and k.text = o.text
    where o.twin > 1 or o.copy <= k.copies
);
update prompts set source = f.keep from folded f where prompts.source = f.source;

delete from notes using folded f, notes k
where notes.source = f.source and k.source = f.keep and k.turn = notes.turn;
update notes set source = f.keep from folded f where notes.source = f.source;
update notes set home = r.id from renamed r where notes.home = r.old;

delete from turns where source in (select source from folded);
delete from messages where source in (select source from folded);
delete from calls where source in (select source from folded);
delete from files where source in (select source from folded);
delete from plans where source in (select source from folded);
delete from goals where source in (select source from folded);
delete from agents where source in (select source from folded);
delete from events where source in (select source from folded);
delete from rollbacks where source in (select source from folded);
delete from usage where source in (select source from folded);
delete from names where source in (select source from folded);
delete from rejects where source in (select source from folded);
delete from segments where source in (select source from folded);
delete from cursors where source in (select source from folded);
delete from pruned where source in (select source from folded);
delete from command_skips where batch in (
    select id from batches where source in (select source from folded)
);
delete from batch_moves where batch in (
    select id from batches where source in (select source from folded)
);
delete from batches where source in (select source from folded);
delete from sources where id in (select source from folded);

update sources set home = r.id from renamed r where sources.home = r.old;
-- They are found anew when a home is looked at.
delete from problems;
delete from homes;
insert into homes select distinct id, path from renamed;

drop table folded;
drop table renamed;
