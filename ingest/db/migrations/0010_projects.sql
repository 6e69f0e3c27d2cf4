-- A project is a repository, not the name of a folder. What git says of each folder in which sessions
-- worked is kept, so that a folder that is gone still belongs to its project.

create table folders (
    path varchar not null,
    recorded varchar not null,          -- the remote in the log; empty if there is none
    common varchar,                     -- the directory that all worktrees share
    top varchar,
    remote varchar,
    first varchar,                      -- the oldest commit without parents
    contains boolean not null,          -- whether the repository contains a commit of the log
    project varchar not null,
    checked_at timestamp not null
);

create table projects (
    id varchar not null,
    name varchar not null,
    label varchar not null,             -- the name, with what tells it from others of the same name
    folder varchar not null,
    keys varchar[] not null             -- everything it is known by
);
