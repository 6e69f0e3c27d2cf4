-- How the system itself runs, what was pruned, and what an outside command noted.

-- One row for each minute in which anything happened, or the backlog changed.
create table samples (
    time timestamp not null,        -- when the span ended
    seconds double not null,        -- how long it was
    version varchar not null,       -- of Tailboard
    behind_bytes bigint not null,   -- still to be read, at its end
    stale_sources integer not null, -- files with something new in them, at its end
    database_bytes bigint not null,
    landings integer not null,      -- commits of facts
    batches integer not null,
    failures integer not null,
    batch_seconds double not null,  -- of all of them together
    slowest_seconds double not null,
    bytes_read bigint not null,
    bytes_new bigint not null,      -- by how much cursors moved on
    lines bigint not null,
    facts bigint not null,
    -- What became of each look at a cursor.
    unchanged bigint not null,      -- size and time as before: not opened
    nothing_new bigint not null,    -- opened, and no whole line was there
    begun bigint not null,          -- read for the first time
    appended bigint not null,       -- went on where the cursor stood
    reread bigint not null,         -- read from the beginning once more
    rewritten bigint not null       -- found to be another file than before
);

-- Sources whose facts were given up by a person: they stay known, and are not read again.
create table pruned (
    source integer not null,
    generation integer not null,    -- a later generation is a new file, and is read
    time timestamp not null,
    facts bigint not null
);

-- What an optional command made of a session's facts. Whatever a log said went through it.
create table notes (
    home varchar not null,
    session varchar not null,
    source integer not null,
    turn integer not null,          -- the newest turn it was told of
    batch varchar not null,         -- a retry replaces what the same batch noted before
    time timestamp not null,
    origin varchar not null,        -- observe
    untrusted boolean not null,     -- made from the text of a log, so never an instruction
    kind varchar,
    text varchar not null
);
