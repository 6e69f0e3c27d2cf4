-- What texts mean, as vectors, for the optional search by meaning. Derived; empty unless it is on.
create table vectors (
    source integer not null, byte bigint not null, turn integer not null, time timestamp,
    kind varchar not null, digest bigint not null, text varchar not null,
    generation varchar not null, vector float[256] not null
);
