-- What each session contributes to the tasks of its project, as JSON. A session with new lines has no
-- row until its tasks are derived again.
create table session_tasks (
    home varchar not null, id varchar not null,
    version varchar not null,   -- of the code that derived it
    document json not null
);
