-- What people share, one table for each noun. Every row belongs to an installation, which is one
-- database of one person on one machine, and has an id whose first 48 bits are a time in
-- milliseconds (`tailboard.first_id`): so the primary key is also what to partition by.

create table tailboard.installations (
    id uuid primary key,
    member name not null default current_user, -- the role that may write as this installation
    name text not null,         -- of the person, as they chose it
    machine text not null,      -- as they chose it
    joined_at timestamptz not null default now()
);

create table tailboard.projects (
    installation uuid not null references tailboard.installations,
    id uuid not null,           -- the same for everybody who works on the same repository
    name text not null,
    level text not null check (level in ('figures', 'plan', 'text')),
    visibility text not null default 'team' check (visibility in ('team', 'private')),
    repo text,                  -- host and path of its remote; from level plan on
    pushed_at timestamptz not null default now(),
    primary key (installation, id)
);

-- In the tables below: `unit` is what is replaced as a whole (a session, or the tasks of a project),
-- `digest` is of all columns that were sent, and `session` is Codex's id.

create table tailboard.sessions (
    installation uuid not null, id uuid not null, unit uuid not null, project uuid not null,
    visibility text not null default 'team' check (visibility in ('team', 'private')),
    digest text not null,
    session text not null, parent text,
    state text,                 -- of its newest turn: open, completed, failed, interrupted
    waits boolean not null, started_at timestamptz, last_at timestamptz, turns bigint not null,
    failed_turns bigint not null, commands bigint not null, failed_commands bigint not null,
    plan_total bigint not null, plan_done bigint not null, seconds double precision,
    input bigint not null, cached bigint not null, output bigint not null, reasoning bigint not null,
    total bigint not null, model text, cli_version text,
    title text, branch text,    -- from level plan on
    search tsvector generated always as (
        to_tsvector('simple', coalesce(title, '') || ' ' || coalesce(branch, ''))
    ) stored,
    primary key (installation, id),
    foreign key (installation, project) references tailboard.projects
);

create table tailboard.usage_days (
    installation uuid not null, id uuid not null, unit uuid not null, project uuid not null,
    visibility text not null default 'team' check (visibility in ('team', 'private')),
    digest text not null,
    session text not null,
    day date,                   -- in UTC
    model text, input bigint not null, cached bigint not null, output bigint not null,
    reasoning bigint not null, total bigint not null,
    primary key (installation, id),
    foreign key (installation, project) references tailboard.projects
);

create table tailboard.tasks (
    installation uuid not null, id uuid not null, unit uuid not null, project uuid not null,
    visibility text not null default 'team' check (visibility in ('team', 'private')),
    digest text not null,
    task text not null,         -- its id on the machine of its installation
    text text not null, state text not null, origin text not null, ready boolean not null,
    current boolean not null, session text, branch text, owner text, started_at timestamptz,
    ended_at timestamptz,
    search tsvector generated always as (to_tsvector('simple', left(text, 100000))) stored,
    primary key (installation, id),
    foreign key (installation, project) references tailboard.projects
);

create table tailboard.journal_entries (
    installation uuid not null, id uuid not null, unit uuid not null, project uuid not null,
    visibility text not null default 'team' check (visibility in ('team', 'private')),
    digest text not null,
    session text not null, day date,
    at timestamptz,             -- when the session was active last
    title text not null,
    text text not null,         -- Markdown
    search tsvector generated always as (to_tsvector('simple', left(text, 100000))) stored,
    primary key (installation, id),
    foreign key (installation, project) references tailboard.projects
);

-- What people search in the artifacts of a turn.
create function tailboard.texts_of(artifacts jsonb) returns jsonb
language sql immutable strict
as $$
    select pg_catalog.jsonb_path_query_array(artifacts, '$.messages[*].text')
        || pg_catalog.jsonb_path_query_array(artifacts, '$.commands[*].command')
        || pg_catalog.jsonb_path_query_array(artifacts, '$.commands[*].output')
$$;

-- One turn of a session: what was wanted, what was done, and what came of it.
create table tailboard.memories (
    installation uuid not null, id uuid not null, unit uuid not null, project uuid not null,
    visibility text not null default 'team' check (visibility in ('team', 'private')),
    digest text not null,
    session text not null,
    task text,                  -- the title of the session
    repo text, language text,
    goal text,                  -- the request
    model text,
    mode text,                  -- what began the turn
    status text not null, created_at timestamptz,
    artifacts jsonb not null,   -- messages, and commands with their output
    files jsonb not null,       -- paths and changes
    summary text,               -- the answer
    search tsvector generated always as (
        to_tsvector('simple', left(coalesce(task, ''), 1000) || ' '
            || left(coalesce(goal, ''), 20000) || ' ' || left(coalesce(summary, ''), 20000))
        || jsonb_to_tsvector('simple', tailboard.texts_of(artifacts), '["string"]')
    ) stored,
    primary key (installation, id),
    foreign key (installation, project) references tailboard.projects
);

-- What was here and is gone, and why: prune, move, removed. Says nothing of its content.
create table tailboard.tombstones (
    installation uuid not null, unit uuid not null, project uuid not null, reason text not null,
    at timestamptz not null default now(),
    primary key (installation, unit),
    foreign key (installation, project) references tailboard.projects
);

create index on tailboard.sessions (last_at desc nulls last, id);
create index on tailboard.sessions (project, last_at desc nulls last);
create index on tailboard.sessions (installation, unit);
create index on tailboard.sessions using gin (search);
create index on tailboard.usage_days (installation, unit);
create index on tailboard.usage_days (day);
create index on tailboard.tasks (installation, unit);
create index on tailboard.tasks (project);
create index on tailboard.tasks using gin (search);
create index on tailboard.journal_entries (installation, unit);
create index on tailboard.journal_entries using gin (search);
create index on tailboard.memories (installation, unit);
create index on tailboard.memories using gin (search);
create index on tailboard.memories (repo);
create index on tailboard.memories (language);
create index on tailboard.memories (status);

-- A column for embeddings, where the extension for them is installed.
do $$
declare
    place text;
begin
    select n.nspname into place
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'vector';
    if place is not null then
        execute format('alter table tailboard.memories add column embedding %I.vector', place);
    end if;
end $$;

-- The smallest id of a time: where a partition by month begins.
create function tailboard.first_id(at timestamptz) returns uuid
language sql stable strict
as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Everybody reads what is shared with the team, and writes only as an installation of their own.
do $$
declare
    noun text;
    own text := 'installation in (select id from tailboard.installations where member = current_user)';
begin
    foreach noun in array array[
        'projects', 'sessions', 'usage_days', 'tasks', 'journal_entries', 'memories'
    ] loop
        execute format('alter table tailboard.%I enable row level security', noun);
        execute format(
            'create policy reads on tailboard.%I for select using (visibility = ''team'' or %s)',
            noun, own
        );
        execute format('create policy adds on tailboard.%I for insert with check (%s)', noun, own);
        execute format('create policy changes on tailboard.%I for update using (%s)', noun, own);
        execute format('create policy drops on tailboard.%I for delete using (%s)', noun, own);
    end loop;
    alter table tailboard.tombstones enable row level security;
    create policy reads on tailboard.tombstones for select using (true);
    execute format('create policy adds on tailboard.tombstones for insert with check (%s)', own);
    execute format('create policy changes on tailboard.tombstones for update using (%s)', own);
    execute format('create policy drops on tailboard.tombstones for delete using (%s)', own);
    alter table tailboard.installations enable row level security;
    create policy reads on tailboard.installations for select using (true);
    create policy adds on tailboard.installations for insert with check (member = current_user);
    create policy changes on tailboard.installations
        for update using (member = current_user) with check (member = current_user);
    create policy drops on tailboard.installations for delete using (member = current_user);
end $$;

-- The policies keep a search from using an index, because the operators of text search may not see
-- rows before they are checked. This function runs as the owner of the schema and checks the rows
-- itself.
create function tailboard.search_rows(
    words text, in_project uuid, of_kind text, since timestamptz, most integer, skip integer
)
returns table (
    kind text, installation uuid, project uuid, session text, id uuid, at timestamptz, title text,
    excerpt text, score real, total bigint
)
language sql stable security definer set search_path = pg_catalog
as $$
    with wanted as (
        select websearch_to_tsquery('simple', words) as q
    ),
    own as (
        select id from tailboard.installations where member = session_user
    ),
    hits as (
        select
            'session' as kind, t.installation, t.project, t.session, t.id, t.last_at as at,
            t.title, t.title as text, null::jsonb as artifacts, ts_rank(t.search, w.q) as score,
            t.visibility
        from tailboard.sessions t join wanted w on t.search @@ w.q
        union all
        select
            'task', t.installation, t.project, t.session, t.id,
            coalesce(t.ended_at, t.started_at), t.text, t.text, null, ts_rank(t.search, w.q),
            t.visibility
        from tailboard.tasks t join wanted w on t.search @@ w.q
        union all
        select
            'journal', t.installation, t.project, t.session, t.id, t.at, t.title, t.text, null,
            ts_rank(t.search, w.q), t.visibility
        from tailboard.journal_entries t join wanted w on t.search @@ w.q
        union all
        select
            'memory', t.installation, t.project, t.session, t.id, t.created_at, t.task,
            concat_ws(e'\n', t.goal, t.summary), t.artifacts, ts_rank(t.search, w.q), t.visibility
        from tailboard.memories t join wanted w on t.search @@ w.q
    ),
    page as (
        select h.*, count(*) over () as total
        from hits h
        where (h.visibility = 'team' or h.installation in (select own.id from own))
        and (in_project is null or h.project = in_project)
        and (of_kind is null or h.kind = of_kind)
        and (since is null or h.at >= since)
        order by h.score desc, h.at desc nulls last, h.id
        limit most offset skip
    )
    select
        p.kind, p.installation, p.project, p.session, p.id, p.at, p.title,
        ts_headline(
            'simple',
            left(p.text, 20000) || coalesce(left((
                select e'\n' || string_agg(v, e'\n')
                from jsonb_array_elements_text(tailboard.texts_of(p.artifacts)) v
            ), 200000), ''),
            w.q,
            'MaxFragments=1, MaxWords=24, MinWords=8, StartSel="", StopSel=""'
        ),
        p.score, p.total
    from page p cross join wanted w
    order by p.score desc, p.at desc nulls last, p.id
$$;

-- The group of all members. It belongs to the whole server, so it may be there already.
do $$
begin
    create role tailboard_member nologin;
exception
    when duplicate_object or unique_violation then null;
end $$;

grant usage on schema tailboard to tailboard_member;
grant select on tailboard.migrations to tailboard_member;
grant select, insert, update, delete on
    tailboard.installations, tailboard.projects, tailboard.sessions, tailboard.usage_days,
    tailboard.tasks, tailboard.journal_entries, tailboard.memories, tailboard.tombstones
to tailboard_member;
revoke execute on function
    tailboard.search_rows(text, uuid, text, timestamptz, integer, integer)
from public;
grant execute on function
    tailboard.search_rows(text, uuid, text, timestamptz, integer, integer)
to tailboard_member;
