-- What was sent to a team's store, one row for each session, and one without a session for the tasks
-- of a project.
create table shared_units (
    project_id varchar not null, home varchar not null, session varchar not null,
    stamp varchar not null,     -- changes with the unit; empty: to be sent again
    rows integer not null, sent_at timestamp not null
);
