-- The tables of a new database: what all migrations together make of an empty one. Creating them at
-- once takes a tenth of the time. tests/unit/db/test_schema.py compares the two.
--
-- Fact tables are append-only, in the order they were read, and have no key or index: zone maps find
-- the rows of a source in a millisecond, and an index would double the time of loading. A fact is
-- identified by (source, byte); a range is read again by deleting from a byte on and inserting.

create table homes (
    id varchar primary key,     -- made of the path
    path varchar not null
);

-- What is followed. The identity is (home, kind, thread, segment), never a path or an inode.
create table sources (
    id integer primary key, home varchar not null,
    kind varchar not null,      -- rollout, typescript, history, session_index
    thread varchar not null, segment varchar not null,
    path varchar not null,      -- where it was seen last
    representation varchar not null, archived boolean not null, size bigint not null,
    mtime_ns bigint not null,
    state varchar not null,     -- following, missing, unreadable, damaged, too_large
    state_since timestamp not null, error_code varchar, error varchar,
    live_until bigint,          -- bytes that still count, where a later segment reverted the rest
    live_ordinal bigint         -- the same as Codex's own number of the first line that does not
);

-- How far each source is read, and what the next line needs to know. Written with the facts.
create table cursors (
    source integer not null, generation integer not null,
    byte bigint not null,       -- in decompressed bytes, always behind a newline
    size bigint not null, mtime_ns bigint not null, dev ubigint not null, inode ubigint not null,
    head_len integer not null, head_hash varchar not null, tail_hash varchar not null,
    partial bigint not null,    -- bytes of an unfinished last line
    lines bigint not null, stored bigint not null, rejected bigint not null,
    blank bigint not null, rewrites integer not null,
    state varchar,              -- the fold's, as JSON
    updated_at timestamp not null,
    batch varchar,              -- the last batch that completed
    batch_start bigint,
    batch_state varchar,        -- completed, completed_empty
    batch_seconds double,
    completed integer default 0, -- since the first one
    completed_empty integer default 0, superseded integer default 0
);

create table turns (
    source integer not null, byte bigint not null, length integer not null, n integer not null,
    turn_id varchar, state varchar not null, started_at timestamp, ended_at timestamp,
    seconds double, trigger varchar, model varchar, effort varchar, error_code varchar,
    error varchar, end_reason varchar, ordinal bigint
);

create table messages (
    source integer not null, byte bigint not null, length integer not null, turn integer not null,
    time timestamp, role varchar not null, phase varchar, text varchar not null,
    chars bigint not null
);

create table calls (
    source integer not null, byte bigint not null, length integer not null, turn integer not null,
    time timestamp, call_id varchar, kind varchar not null, tool varchar not null,
    command varchar, status varchar not null, workdir varchar, ended_at timestamp,
    exit_code bigint, seconds double, output_head varchar, output_tail varchar,
    output_chars bigint, output_byte bigint, output_length integer
);

create table files (
    source integer not null, byte bigint not null, turn integer not null, time timestamp,
    path varchar not null, change varchar not null, moved_to varchar, status varchar not null
);

create table plans (
    source integer not null, byte bigint not null, length integer not null, turn integer not null,
    time timestamp, revision integer not null, origin varchar not null, accepted boolean not null,
    explanation varchar, steps json not null
);

create table goals (
    source integer not null, byte bigint not null, turn integer not null, time timestamp,
    objective varchar, status varchar, token_budget bigint, tokens_used bigint, seconds bigint
);

create table agents (
    source integer not null, byte bigint not null, turn integer not null, time timestamp,
    event varchar not null, child varchar, nickname varchar, role varchar, path varchar,
    task varchar
);

create table events (
    source integer not null, byte bigint not null, length integer not null, turn integer not null,
    time timestamp, kind varchar not null, text varchar, detail varchar
);

create table rollbacks (
    source integer not null, byte bigint not null, turns integer not null,
    from_n integer              -- the first turn it dropped
);

create table usage (
    source integer not null, byte bigint not null, turn integer not null, time timestamp,
    model varchar, input bigint not null, cached bigint not null, output bigint not null,
    reasoning bigint not null, total bigint not null
);

create table prompts (
    source integer not null, byte bigint not null, length integer not null,
    thread varchar not null, time timestamp, text varchar not null
);

create table names (
    source integer not null, byte bigint not null, thread varchar not null, name varchar not null,
    time timestamp
);

create table rejects (
    source integer not null, byte bigint not null, length bigint not null, whole boolean not null,
    reason varchar not null, message varchar not null, sha256 varchar not null,
    head varchar not null, tail varchar not null, trace varchar,
    lines bigint,               -- rejected lines; empty ones between them not counted
    extent bigint               -- bytes from the begin of the first to the end of the last
);

-- Failures, recoveries and actions of people, for each batch. Claims and clean ends are not recorded.
create table batch_moves (
    batch varchar not null, time timestamp not null, move varchar not null, old varchar,
    new varchar not null, actor varchar not null, reason varchar, attempt integer not null,
    error_code varchar, command varchar
);

-- Why the queue is paused; empty while it runs.
create table pauses (
    code varchar not null, message varchar not null, hint varchar not null,
    since timestamp not null
);

-- Problems of a home as a whole (a missing folder, two files of one name), as last seen.
create table problems (
    home varchar not null, code varchar not null, path varchar not null, message varchar not null,
    hint varchar not null, since timestamp not null
);

-- The actions of people and agents: who, when, why, and what came of it.
create table commands (
    id varchar primary key, time timestamp not null, actor varchar not null,
    verb varchar not null,
    selection json not null,    -- which batches or tasks
    arguments json not null, reason varchar, matched bigint not null, done bigint not null,
    skipped json not null,      -- reasons, and how many of each
    state varchar not null,     -- done; replayed: from the log of edits
    finished_at timestamp not null
);

-- Each batch that a command matched and left alone, and why.
create table command_skips (
    command varchar not null, batch varchar not null, old varchar not null, why varchar not null
);

-- Decisions about batches that do not exist yet, because the database was lost since.
create table decisions (
    batch varchar primary key,
    state varchar not null,     -- cancelled, snoozed
    until timestamp, reason varchar
);

-- One row for each minute in which anything happened or the backlog changed.
create table samples (
    time timestamp not null,    -- when the span ended
    seconds double not null,    -- how long it was
    version varchar not null,   -- of Tailboard
    behind_bytes bigint not null, -- still to be read, at its end
    stale_sources integer not null, -- files with something new in them, at its end
    database_bytes bigint not null,
    landings integer not null,  -- commits of facts
    batches integer not null, failures integer not null,
    batch_seconds double not null, -- of all of them together
    slowest_seconds double not null, bytes_read bigint not null,
    bytes_new bigint not null,  -- by how much cursors moved on
    lines bigint not null, facts bigint not null,
    unchanged bigint not null,  -- size and time as before: not opened
    nothing_new bigint not null, -- opened, and no whole line was there
    begun bigint not null,      -- read for the first time
    appended bigint not null,   -- went on where the cursor stood
    reread bigint not null,     -- read from the beginning once more
    rewritten bigint not null   -- found to be another file than before
);

-- Sources whose facts a person removed: they stay known, and are not read again.
create table pruned (
    source integer not null,
    generation integer not null, -- a later generation is a new file, and is read
    time timestamp not null, facts bigint not null
);

-- Notes that an optional command of the user made about a session.
create table notes (
    home varchar not null, session varchar not null, source integer not null,
    turn integer not null,      -- the newest turn that it was given
    batch varchar not null,     -- a retry replaces the notes of the same batch
    time timestamp not null,
    origin varchar not null,    -- the role
    untrusted boolean not null, -- made from the text of a log, so never an instruction
    kind varchar,               -- summary, decision, proposal, or what the command named it
    text varchar not null,
    project varchar             -- its id, if the note is about a project and not about a session
);

create table segments (
    source integer not null, thread varchar not null, root varchar, parent varchar,
    forked_from varchar, base_thread varchar, base_offset bigint, base_ordinal bigint,
    nickname varchar, role varchar, agent_path varchar, origin varchar, originator varchar,
    cwd varchar, branch varchar, "commit" varchar, repository varchar, cli_version varchar,
    provider varchar, generation varchar, started_at timestamp, first_at timestamp,
    last_at timestamp, name varchar, model varchar, effort varchar, approval varchar,
    first_prompt varchar, turns integer not null, failed_turns integer not null,
    last_turn_state varchar, last_turn_started_at timestamp, open_calls integer not null,
    open_tool varchar, open_command varchar, open_since timestamp,
    waits_for_user boolean not null, commands integer not null, failed_commands integer not null,
    input bigint not null, cached bigint not null, output bigint not null,
    reasoning bigint not null, total bigint not null, reviewing boolean not null,
    reasonings integer not null, compactions integer not null, plan_revision integer not null,
    plan_accepted integer not null, plan_total integer not null, plan_done integer not null,
    context_used bigint, context_window bigint, replayed_lines bigint not null,
    replayed_bytes bigint not null, lossy_lines bigint not null, unknown_lines bigint not null,
    kinds varchar
);

-- Batches of bytes in progress or waiting, and those that failed once or that a person acted on.
-- Without a primary key, because rows come and go with every commit.
create table batches (
    id varchar not null, kind varchar not null, source integer not null,
    generation integer not null, start bigint not null, finish bigint not null,
    state varchar not null, reason varchar, attempts integer not null,
    lifetime_attempts integer not null, rescues integer not null,
    heartbeat_at timestamp,     -- of a claimed batch: when its worker last reported
    retry_at timestamp, not_before timestamp, error_code varchar, error_class varchar,
    error_message varchar, error_hint varchar, lines bigint, facts bigint, seconds double,
    created_at timestamp not null, updated_at timestamp not null
);

create table folders (
    path varchar not null,
    recorded varchar not null,  -- the remote in the log; empty if there is none
    common varchar,             -- the directory that all worktrees share
    top varchar, remote varchar,
    first varchar,              -- the oldest commit without parents
    contains boolean not null,  -- whether the repository contains a commit of the log
    project varchar not null, checked_at timestamp not null
);

create table projects (
    id varchar not null, name varchar not null,
    label varchar not null,     -- the name, with what tells it from others of the same name
    folder varchar not null,
    keys varchar[] not null     -- everything it is known by
);

-- One row per session, over all its segments, derived from the tables above by `session_rows.py`.
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

-- How much of the windows of the account's limits was used, one row for each change.
create table limits (
    source integer not null, byte bigint not null, turn integer not null, time timestamp,
    bucket varchar not null,    -- codex, or what has limits of its own
    window_minutes bigint,
    used_percent double not null, -- may exceed 100
    resets_at timestamp, plan varchar
);

-- What each session contributes to the tasks of its project, as JSON. A session with new lines has no
-- row until its tasks are derived again.
create table session_tasks (
    home varchar not null, id varchar not null,
    version varchar not null,   -- of the code that derived it
    document json not null
);

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

-- Sources of which rows that are derived from facts were derived by another version of the program.
-- These rows are used until they are derived again, in the background.
create table outdated_rows (
    derivation varchar not null, -- as it is named in `derived_rows.py`
    source integer not null
);

-- Lines whose texts the search index does not have yet, or still has although they are gone: those of
-- a source from the byte `start` to before `finish`. Written with the facts.
create table search_changes (
    id bigint not null, source integer not null, start bigint not null, finish bigint not null,
    time timestamp not null
);

-- Lines that a search index which is built beside the one in use does not have yet, like those in
-- `search_changes`, which are for both.
create table search_rebuild (
    id bigint not null, source integer not null, start bigint not null, finish bigint not null,
    time timestamp not null
);

-- What the batches of roles are about: a session, or a day of a project.
create table role_batches (
    batch varchar not null, role varchar not null, home varchar not null,
    session varchar not null,   -- empty if it is about a day
    project varchar,            -- its id, if it is about a day
    day date
);

-- Each run of a role's command.
create table role_runs (
    batch varchar not null, role varchar not null, started_at timestamp not null,
    seconds double not null, command_hash varchar not null, input_hash varchar not null,
    input_tokens bigint,        -- null if the command does not report them
    cached_tokens bigint, output_tokens bigint, error_code varchar
);

-- What was sent to a team's store, one row for each session, and one without a session for the tasks
-- of a project.
create table shared_units (
    project_id varchar not null, home varchar not null, session varchar not null,
    stamp varchar not null,     -- changes with the unit; empty: to be sent again
    rows integer not null, sent_at timestamp not null
);

-- What texts mean, as vectors, for the optional search by meaning. Derived; empty unless it is on.
create table vectors (
    source integer not null, byte bigint not null, turn integer not null, time timestamp,
    kind varchar not null,      -- prompt, answer, step, goal, note
    digest bigint not null,     -- of the text
    text varchar not null,      -- of a step, a goal or a note; the others are in `messages`
    generation varchar not null, -- of the model: vectors of another one are not comparable
    vector float[256] not null
);

-- What reports, journals and lists add up, derived from the facts of each source by `source_rows.py`.
-- Tokens by model and quarter of an hour: the days of every time zone are made of quarters.
create table usage_days (
    source integer not null,
    quarter timestamp,          -- when it began; null if Codex recorded no time
    model varchar, input bigint not null, cached bigint not null, output bigint not null,
    reasoning bigint not null, total bigint not null
);

-- What each turn took.
create table turn_rows (
    source integer not null, turn integer not null,
    state varchar,              -- as in v_turns; null for usage without a turn
    started_at timestamp, ended_at timestamp, seconds double,
    next_at timestamp,          -- when the next turn of the session began
    used_at timestamp,          -- the first count of its tokens
    tokens bigint, output bigint,
    asked double, commands double, tools double, -- seconds in questions, commands and other tools
    number integer              -- in the session, over all its sources
);

-- The program that each command ran.
create table command_rows (
    source integer not null, byte bigint not null, time timestamp, program varchar not null,
    failed boolean not null, seconds double
);

-- Lines and bytes of each source by kind of record.
create table kind_rows (
    source integer not null,
    kind varchar not null,      -- with ? before kinds that are not read
    lines bigint not null, bytes bigint not null
);

create table tag_rows (
    source integer not null, tag varchar not null,
    origin varchar not null     -- folder, language, tool
);

-- Messages that may state a decision.
create table decision_rows (source integer not null, byte bigint not null);
