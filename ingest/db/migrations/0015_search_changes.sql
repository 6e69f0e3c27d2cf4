-- Lines whose texts the search index does not have yet, or still has although they are gone: those of
-- a source from the byte `start` to before `finish`. Written with the facts.
create table search_changes (
    id bigint not null, source integer not null, start bigint not null, finish bigint not null,
    time timestamp not null
);
