-- How much of the windows of the account's limits was used, one row for each change.
create table limits (
    source integer not null, byte bigint not null, turn integer not null, time timestamp,
    bucket varchar not null,    -- codex, or what has limits of its own
    window_minutes bigint,
    used_percent double not null, -- may exceed 100
    resets_at timestamp, plan varchar
);
