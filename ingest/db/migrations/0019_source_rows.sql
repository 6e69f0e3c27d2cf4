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
    asked double, commands double, tools double -- seconds in questions, commands and other tools
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
