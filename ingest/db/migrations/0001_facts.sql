-- The tables of the first version. Fact tables are append-only, in the order they were read, and have
-- no key or index: zone maps answer "this source" in a millisecond, an index would double the load.
-- A fact is found by (source, byte); a range is read again by deleting from a byte on and inserting.

create table homes (
    id varchar primary key,     -- the same on every start, different on every machine
    path varchar not null
);

-- What is followed. The identity is (home, kind, thread, segment), never a path or an inode.
create table sources (
    id integer primary key,
    home varchar not null,
    kind varchar not null,      -- rollout, typescript, history, session_index
    thread varchar not null,
    segment varchar not null,
    path varchar not null,      -- where it was seen last
    representation varchar not null,
    archived boolean not null,
    size bigint not null,
    mtime_ns bigint not null,
    state varchar not null,     -- following, missing, unreadable, damaged, too_large
    state_since timestamp not null,
    error_code varchar,
    error varchar,
    live_until bigint,          -- bytes that still count, where a later segment reverted the rest
    live_ordinal bigint         -- the same as Codex's own number of the first line that does not
);

-- How far each source is read, and what the next line needs to know. Written with the facts.
create table cursors (
    source integer not null,
    generation integer not null,
    byte bigint not null,       -- in decompressed bytes, always behind a newline
    size bigint not null,
    mtime_ns bigint not null,
    dev ubigint not null,
    inode ubigint not null,
    head_len integer not null,
    head_hash varchar not null,
    tail_hash varchar not null,
    partial bigint not null,    -- bytes of an unfinished last line
    lines bigint not null,
    stored bigint not null,
    rejected bigint not null,
    blank bigint not null,
    rewrites integer not null,
    state varchar,              -- the fold's, as JSON
    updated_at timestamp not null
);

create table segments (
    source integer not null, thread varchar not null, root varchar, parent varchar,
    forked_from varchar, base_thread varchar, base_offset bigint,
    base_ordinal bigint, nickname varchar, role varchar,
    agent_path varchar, origin varchar, originator varchar, cwd varchar, branch varchar,
    "commit" varchar, repository varchar, cli_version varchar, provider varchar, generation varchar,
    started_at timestamp, first_at timestamp, last_at timestamp, name varchar, model varchar,
    effort varchar, approval varchar, turns integer not null, last_turn_state varchar,
    last_turn_started_at timestamp, open_calls integer not null, open_tool varchar,
    open_command varchar, open_since timestamp, waits_for_user boolean not null,
    reviewing boolean not null, reasonings integer not null, compactions integer not null,
    plan_revision integer not null, plan_total integer not null, plan_done integer not null,
    context_used bigint, context_window bigint, replayed_lines bigint not null,
    replayed_bytes bigint not null, lossy_lines bigint not null, unknown_lines bigint not null,
    kinds varchar
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
    time timestamp, call_id varchar, kind varchar not null, tool varchar not null, command varchar,
    status varchar not null, workdir varchar, ended_at timestamp, exit_code bigint, seconds double,
    output_head varchar, output_tail varchar, output_chars bigint, output_byte bigint,
    output_length integer
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
    source integer not null, byte bigint not null, length integer not null, thread varchar not null,
    time timestamp, text varchar not null
);

create table names (
    source integer not null, byte bigint not null, thread varchar not null, name varchar not null,
    time timestamp
);

create table rejects (
    source integer not null, byte bigint not null, length bigint not null, whole boolean not null,
    reason varchar not null, message varchar not null, sha256 varchar not null, head varchar not null,
    tail varchar not null, trace varchar
);

-- Work that can fail: a range of one generation of one source, found by where it starts.
create table batches (
    id varchar primary key,
    kind varchar not null,
    source integer not null,
    generation integer not null,
    start bigint not null,
    finish bigint not null,
    state varchar not null,
    reason varchar,
    attempts integer not null,
    lifetime_attempts integer not null,
    rescues integer not null,
    lease varchar,
    claimed_by varchar,
    heartbeat_at timestamp,
    retry_at timestamp,
    not_before timestamp,
    error_code varchar,
    error_class varchar,
    error_message varchar,
    error_hint varchar,
    lines bigint,
    facts bigint,
    seconds double,
    created_at timestamp not null,
    updated_at timestamp not null
);

-- Every move of every batch: who, why and when.
create table batch_moves (
    batch varchar not null,
    time timestamp not null,
    move varchar not null,
    old varchar,
    new varchar not null,
    actor varchar not null,
    reason varchar,
    attempt integer not null,
    error_code varchar
);

-- Why the queue stands still, where it does; empty while it runs.
create table pauses (
    code varchar not null,
    message varchar not null,
    hint varchar not null,
    since timestamp not null
);

-- Problems of a home as a whole (a missing folder, two files of one name), as last seen.
create table problems (
    home varchar not null, code varchar not null, path varchar not null, message varchar not null,
    hint varchar not null, since timestamp not null
);
