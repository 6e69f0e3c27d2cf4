-- The project of each session, which was looked up for all sessions at every question.
drop table session_rows;
create table session_rows (
    home varchar not null, id varchar not null, parent_id varchar, root_id varchar not null,
    recorded_root varchar,      -- as Codex recorded it; otherwise it is found through the parents
    forked_from varchar, title varchar,
    own_title varchar,          -- without a name that a person gave to the session
    project varchar not null,   -- its label
    project_id varchar not null, cwd varchar, began_on varchar, "commit" varchar,
    repository varchar, nickname varchar, role varchar, agent_path varchar, origin varchar, originator varchar, cli_version varchar,
    provider varchar, generation varchar, model varchar, effort varchar,
    archived boolean not null, path varchar not null,
    source integer not null,    -- of the newest segment
    segments bigint not null, started_at timestamp, last_at timestamp, bytes bigint not null,
    replayed_bytes bigint not null, unknown_lines bigint not null,
    turn_state varchar,         -- of the newest turn that still counts
    turn_started_at timestamp, open_calls integer not null, open_tool varchar,
    open_command varchar, open_since timestamp, waits_for_user boolean not null,
    turns bigint not null, failed_turns bigint not null, commands bigint not null,
    failed_commands bigint not null, plan_revision integer not null, plan_total integer not null,
    plan_done integer not null, context_used bigint, context_window bigint, input bigint not null,
    cached bigint not null, output bigint not null, reasoning bigint not null,
    total bigint not null
);
