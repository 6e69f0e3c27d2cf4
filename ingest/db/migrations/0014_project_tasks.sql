-- The tasks of projects as they were when they were written last, for SQL: the program derives them
-- itself. Written again when sessions or edits of the project changed.
create table project_tasks (
    project varchar not null, project_id varchar not null, id varchar not null,
    text varchar not null, state varchar not null, origin varchar not null, ready boolean not null,
    current boolean not null, session varchar, branch varchar, owner varchar,
    started_at timestamp, ended_at timestamp, left_at timestamp, sessions varchar[] not null
);

create table task_edges (
    project varchar not null, project_id varchar not null, source varchar not null,
    target varchar not null,
    kind varchar not null       -- order, depends, part
);

create table written_projects (
    project_id varchar not null,
    inputs varchar not null,    -- changes with the sessions and edits of the project
    written_at timestamp not null
);
