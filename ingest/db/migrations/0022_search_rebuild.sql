-- Lines that a search index which is built beside the one in use does not have yet, like those in
-- `search_changes`, which are for both.
create table search_rebuild (
    id bigint not null, source integer not null, start bigint not null, finish bigint not null,
    time timestamp not null
);
