-- What people ordered: each action a row, with who, when, why, and what became of it.
create table commands (
    id varchar primary key,
    time timestamp not null,
    actor varchar not null,
    verb varchar not null,
    selection json not null,    -- what was asked for
    arguments json not null,
    reason varchar,
    matched bigint not null,
    done bigint not null,
    skipped json not null,      -- why, and how many
    state varchar not null,     -- done; replayed: taken over from the file of edits
    finished_at timestamp not null
);

-- Each batch that a command matched and left alone, and why.
create table command_skips (
    command varchar not null,
    batch varchar not null,
    old varchar not null,
    why varchar not null
);

-- Which command a batch was moved by, where it was one.
alter table batch_moves add column command varchar;

-- What a person said of batches that are not there yet, because the database was lost since.
create table decisions (
    batch varchar primary key,
    state varchar not null,     -- cancelled, snoozed
    until timestamp,
    reason varchar
);
