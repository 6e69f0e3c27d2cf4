-- The public views, which `tailboard sql`, the screens and all commands read. Columns keep their
-- names and meaning in every version; the tables behind them may change.

-- Every source: its path, how far it is read, and how many lines were rejected.
create or replace view v_sources as
select
    s.id, s.home, s.kind, s.thread, s.segment, s.path, s.representation, s.archived, s.state,
    s.state_since, s.error_code, s.error, s.size, coalesce(c.size, 0) as read_size,
    coalesce(c.byte, 0) as byte, coalesce(c.generation, 0) as generation,
    -- Unread bytes. Those of a compressed file are compressed bytes.
    case
        when s.state in ('missing', 'damaged', 'too_large', 'unreadable') then 0
        when c.source is null then s.size
        when s.representation = 'zst' then case when s.size = c.size then 0 else s.size end
        -- By how much it has grown: the offset counts older parts of the file, too.
        when c.size > 0 then greatest(0, s.size - c.size)
        else greatest(0, s.size - c.byte - c.partial)
    end as behind,
    coalesce(c.partial, 0) as partial, coalesce(c.lines, 0) as lines,
    coalesce(c.stored, 0) as stored, coalesce(c.rejected, 0) as rejected,
    coalesce(c.blank, 0) as blank, coalesce(c.rewrites, 0) as rewrites, c.updated_at, s.live_until,
    -- Batches that ended, by state.
    coalesce(c.completed, 0) as completed, coalesce(c.completed_empty, 0) as completed_empty,
    coalesce(c.superseded, 0) as superseded
from sources s left join cursors c on c.source = s.id;

-- The turns of all sessions; the state of those that no longer count is reverted or rolled_back.
create or replace view v_turns as
select
    s.home, g.thread as session, t.source, t.byte, t.length, t.n,
    t.turn_id,
    case
        -- By ordinal where there is one, because bytes change if the file is edited.
        when coalesce(t.ordinal >= s.live_ordinal, t.byte >= s.live_until) then 'reverted'
        when list_bool_or(list_transform(
            r.dropped, lambda one: t.n >= one.from_n and t.byte < one.byte
        )) then 'rolled_back'
        else t.state
    end as state,
    t.started_at, t.ended_at,
    -- Without a duration if the clock was set back during the turn.
    coalesce(
        t.seconds, case when t.ended_at >= t.started_at then epoch(t.ended_at - t.started_at) end
    ) as seconds,
    t.trigger, t.model, t.effort, t.error_code, t.error, t.end_reason
from turns t
join sources s on s.id = t.source
join segments g on g.source = t.source
left join (
    select source, list({'from_n': from_n, 'byte': byte}) as dropped from rollbacks group by source
) r on r.source = t.source;

-- Messages of people and agents, each once.
create or replace view v_messages as
select
    s.home, g.thread as session, m.source, m.byte, m.length, m.turn, m.time, m.role, m.phase,
    m.text, m.chars
from messages m
join sources s on s.id = m.source
join segments g on g.source = m.source;

-- Tool calls of agents: commands, patches, searches and questions.
create or replace view v_calls as
select
    s.home, g.thread as session, c.source, c.byte, c.length, c.turn, c.time, c.call_id, c.kind,
    c.tool, c.command, c.status, c.workdir, c.ended_at, c.exit_code, c.seconds, c.output_head,
    c.output_tail, c.output_chars, c.output_byte, c.output_length
from calls c
join sources s on s.id = c.source
join segments g on g.source = c.source;

-- The files that patches changed.
create or replace view v_files as
select
    s.home, g.thread as session, f.source, f.byte, f.turn, f.time, f.path, f.change, f.moved_to,
    f.status
from files f
join sources s on s.id = f.source
join segments g on g.source = f.source;

-- Every revision of every plan, its steps as a list of pairs of text and status.
create or replace view v_plans as
select
    s.home, g.thread as session, p.source, p.byte, p.turn, p.time, p.revision, p.origin, p.accepted,
    p.explanation, p.steps
from plans p
join sources s on s.id = p.source
join segments g on g.source = p.source;

-- The steps of every revision of every plan; a revision without steps has no row.
create or replace view v_plan_steps as
select
    home, session, source, byte, turn, time, revision, origin, accepted, explanation,
    i as step, json_extract_string(one, '$[0]') as text, json_extract_string(one, '$[1]') as status
from (
    select
        *, unnest(cast(steps as json[])) as one,
        generate_subscripts(cast(steps as json[]), 1) as i
    from v_plans
);

-- Every goal that was set, and each change of its status.
create or replace view v_goals as
select
    s.home, g.thread as session, o.source, o.byte, o.turn, o.time, o.objective, o.status,
    o.token_budget, o.tokens_used, o.seconds
from goals o
join sources s on s.id = o.source
join segments g on g.source = o.source;

-- The status of a goal; one without a status was just set, and is active.
create or replace macro goal_status(status) as coalesce(nullif(status, ''), 'active');

-- Events of sub-agents, from the sessions that started them.
create or replace view v_agents as
select
    s.home, g.thread as session, a.source, a.byte, a.turn, a.time, a.event, a.child, a.nickname,
    a.role, a.path, a.task
from agents a
join sources s on s.id = a.source
join segments g on g.source = a.source;

-- Compactions, reviews, errors, memories of Codex that an answer used.
create or replace view v_events as
select
    s.home, g.thread as session, e.source, e.byte, e.length, e.turn, e.time, e.kind, e.text,
    e.detail
from events e
join sources s on s.id = e.source
join segments g on g.source = e.source;

-- Used tokens, each counted once, without copied history.
create or replace view v_usage as
select
    s.home, g.thread as session, u.source, u.byte, u.turn, u.time, u.model, u.input, u.cached,
    u.output, u.reasoning, u.total
from usage u
join sources s on s.id = u.source
join segments g on g.source = u.source;

-- The use of the account's limits, each change with the session that reported it.
create or replace view v_limits as
select
    s.home, g.thread as session, l.source, l.byte, l.turn, l.time, l.bucket, l.window_minutes,
    l.used_percent, l.resets_at, l.plan
from limits l
join sources s on s.id = l.source
join segments g on g.source = l.source;

-- Prompts that people typed, with their session; `history_only` if that session has no rollout.
-- Codex removes the oldest prompts from its history file; those have no `byte`.
create or replace view v_prompts as
select
    s.home, p.thread as session, p.source, if(p.byte < 0, null, p.byte) as byte,
    if(p.byte < 0, null, p.length) as length, p.time, p.text,
    not exists (
        from segments g join sources r on r.id = g.source
        where r.home = s.home and g.thread = p.thread
    ) as history_only
from prompts p
join sources s on s.id = p.source;

-- The newest name a person gave to each session.
create or replace view v_names as
select s.home, n.thread as session, arg_max(n.name, (n.source, n.byte)) as name
from names n
join sources s on s.id = n.source
group by all;

-- The name of a project whose folder was not looked up yet: that of the folder, or of its repository.
create or replace macro project_of(cwd, repository) as coalesce(
    nullif(regexp_extract(rtrim(cwd, '/\'), '[^/\\]+$'), ''),
    nullif(regexp_replace(regexp_extract(repository, '[^/:]+$'), '\.git$', ''), ''),
    'unknown'
);

-- The project of each folder that was looked up.
create or replace view folder_projects as
select d.path, d.recorded, p.id, p.label
from folders d
join projects p on p.id = d.project;

-- The id of the project of a folder that was not looked up yet.
create or replace macro project_without_id(cwd) as coalesce(
    nullif(rtrim(cwd, '/\'), ''), 'unknown'
);

-- Whether a text is in the list, ignoring case; true for an empty list.
create or replace macro is_any_of(of_text, of_these) as (
    len(of_these) = 0
    or list_contains(list_transform(of_these, lambda one: lower(one)), lower(of_text))
);

-- Whether a call asked Tailboard: a tool of its server, whatever the server is called, or a command
-- line that runs nothing else. What it answered is no source of anything.
create or replace macro is_own_call(tool, command) as (
    regexp_matches(
        coalesce(tool, ''),
        '\.(project_resume|project_tasks|project_task_update|project_journal|history_search|history_get)$'
    )
    or (tool = 'read_mcp_resource' and contains(coalesce(command, ''), 'tailboard://'))
    or (tool = 'exec' and regexp_matches(
        coalesce(command, ''),
        'mcp__\w+__(project_resume|project_tasks|project_task_update|project_journal|history_search|history_get)\b'
    ))
    or regexp_matches(
        coalesce(command, ''),
        '^\s*(cd\s+\S+\s*(&&|;)\s*)?(\S*/)?tailboard(\s([^;&\n]|>&|&>)*)?\s*$'
    )
);

-- The files of these sessions in the order in which they continue each other, which may differ from
-- the order of their ids.
create or replace macro places_of(of_home, of_sessions) as table
select
    g.thread as session, g.source,
    row_number() over (
        partition by g.thread
        order by coalesce(g.started_at, g.first_at) nulls first, s.segment, g.source
    ) as place
from segments g
join sources s on s.id = g.source
where s.home = of_home and g.thread in (select unnest(of_sessions));

-- The turns of these sessions that still count, each with its number in the session and its file.
create or replace macro standing_turns(of_home, of_sessions) as table
select g.thread as session, t.source, t.turn as n, t.number as turn, s.path as log
from turn_rows t
join segments g on g.source = t.source
join sources s on s.id = t.source
where s.home = of_home and g.thread in (select unnest(of_sessions))
and t.state not in ('reverted', 'rolled_back');

-- The parts of sources to derive rows of again, see `source_rows.py`; without any, all sources.
create or replace macro source_parts(parts) as table
select unnest(parts::struct(
    source integer, start bigint, whole boolean, turn integer, quarter timestamp
)[], recursive := true)
union all
select id, null, true, null, null from sources where parts is null;

-- Whether a source is in the range of these sources, or of these parts (any without them): constants of
-- a plan, so that rows of other sources are not even loaded.
create or replace macro is_about(source, of_sources) as (
    of_sources is null or source between list_min(of_sources) and list_max(of_sources)
);
create or replace macro is_about_parts(source, of_parts) as is_about(
    source, list_transform(of_parts::struct(source integer)[], lambda part: part.source)
);

-- Whether a source is one of these (any without them).
create or replace macro is_among(source, of_sources) as (
    of_sources is null
    or (is_about(source, of_sources) and source in (select unnest(of_sources)))
);

-- All lines of all sources for the search index, numbered so that the sessions that were active last are
-- indexed first.
create or replace macro whole_sources(from_byte, until_byte, changed_at) as table
select
    row_number() over (order by coalesce(g.last_at, s.state_since) nulls first, s.id) as id,
    s.id as source, from_byte as start, until_byte as finish, changed_at as time
from sources s
left join segments g on g.source = s.id;

-- Whether a message may state a decision; see `stated_decisions.py`.
create or replace macro mentions_decision(text) as regexp_matches(
    text, '(?i)\bdeci(ded|sions?)\b|\b(chose|opted|picked|settled on|went with)\b'
);

-- Whether a time is in a period; a null means no limit.
create or replace macro is_within(moment, from_time, until_time) as (
    (from_time is null or moment >= from_time) and (until_time is null or moment < until_time)
);

-- The typical values of a column.
create or replace macro spread_of(value) as {
    'count': count(value), 'quantiles': quantile_cont(value::double, [0.5, 0.9, 0.99]),
    'max': max(value)::double, 'mean': avg(value)
};

-- The columns of a distribution, from such a spread.
create or replace macro spread_columns(spread) as {
    'count': spread.count, 'p50': spread.quantiles[1], 'p90': spread.quantiles[2],
    'p99': spread.quantiles[3], 'max': spread.max, 'mean': spread.mean
};

-- The same quantile as `quantile_cont`, of values that are given once with their rank.
create or replace macro ranked_quantile(value, rank, of_count, share) as (
    min(value) filter (rank > floor(share * (of_count - 1)))
    + (
        min(value) filter (rank > ceil(share * (of_count - 1)))
        - min(value) filter (rank > floor(share * (of_count - 1)))
    ) * any_value(share * (of_count - 1) - floor(share * (of_count - 1)))
)::double;

-- Tokens of sessions by model and quarter of an hour in a period; a null means no limit. A quarter that
-- a limit divides is counted from the facts.
create or replace macro usage_between(from_time, until_time) as table
select s.home, g.thread as session, u.*
from (
    from usage_days
    where (from_time is null or quarter >= from_time)
    and (until_time is null or quarter + interval 15 minutes <= until_time)
    union all
    select
        source, time_bucket(interval 15 minutes, time) as quarter, model, input, cached, output,
        reasoning, total
    from usage
    where time >= from_time and time < from_time + interval 15 minutes
    and quarter < from_time and (until_time is null or time < until_time)
    union all
    select
        source, time_bucket(interval 15 minutes, time) as quarter, model, input, cached, output,
        reasoning, total
    from usage
    where time < until_time and time >= until_time - interval 15 minutes
    and quarter + interval 15 minutes > until_time and (from_time is null or quarter >= from_time)
) u
join sources s on s.id = u.source
join segments g on g.source = u.source;

-- Tokens, seconds and turns of each session in a period; a null means no limit.
create or replace macro spent_by_session(from_time, until_time) as table
with used as (
    select home, session, sum(total)::bigint as tokens
    from usage_between(from_time, until_time)
    group by all
),
worked as (
    select
        s.home, g.thread as session, sum(t.turns)::bigint as turns, sum(t.seconds) as seconds,
        sum(t.unsuccessful)::bigint as unsuccessful
    from (
        select
            source, count(*) as turns, sum(coalesce(seconds, 0)) as seconds,
            count(*) filter (state not in ('completed', 'open')) as unsuccessful
        from turn_rows
        where state not in ('reverted', 'rolled_back')
        and (from_time is null or started_at >= from_time)
        and (until_time is null or started_at < until_time)
        group by source
    ) t
    join sources s on s.id = t.source
    join segments g on g.source = t.source
    group by all
)
select
    coalesce(u.home, w.home) as home, coalesce(u.session, w.session) as session,
    coalesce(u.tokens, 0) as tokens, coalesce(w.seconds, 0) as seconds,
    coalesce(w.turns, 0) as turns, coalesce(w.unsuccessful, 0) as unsuccessful
from used u
full join worked w on w.home = u.home and w.session = u.session;

-- The program that a command line runs: `cd x && FOO=1 uv run pytest -q` runs pytest. Programs with
-- subcommands have the subcommand, too: git commit.
create or replace macro program_of(command) as regexp_extract(
    regexp_replace(
        regexp_replace(
            coalesce(command, ''),
            '^\s*((cd|source|\.|export|set|mkdir)\s[^;&|\n]*(&&|;|\n)\s*|[A-Za-z_]\w*=\S*\s+|(sudo|time|env|nice|uv run|poetry run|timeout\s+\S+)\s+)+',
            ''
        ),
        '^(\S*/)?python[0-9.]*\s+-m\s+',
        ''
    ),
    '(?:^|/)((?:git|gh|npm|npx|pnpm|yarn|cargo|go|make|docker|kubectl|uv|pip|bun|deno|dotnet|mvn|gradle|terraform)(?:\s+[a-z][\w:-]*)?|[^\s/;|&<>()''"]+)(?:[\s;|&)]|$)',
    1
);

-- The lines in the output of a command by which git names the commits that it made:
-- `[main 361059c] Improve error messages`.
create or replace macro commit_lines(output) as regexp_extract_all(
    if(contains(output, '['), output, ''),
    '(?m)^\[[^\]\n]{1,200}? (?:\(root-commit\) )?[0-9a-f]{7,40}\][^\n]{0,200}'
);

-- The branch to which people moved a session's work with `tailboard state reconcile`; the last
-- command counts.
create or replace view v_moves as
select session, branch, time, actor, reason
from (
    select
        json_extract_string(selection, '$.session') as session,
        json_extract_string(arguments, '$.choice') as choice,
        json_extract_string(arguments, '$.to') as branch, time, actor, reason
    from commands
    where verb = 'reconcile'
    qualify row_number() over (partition by session order by commands.rowid desc) = 1
)
where choice = 'move' and branch is not null;

-- One row per session, over all its segments. `branch` is the branch of its work: `began_on`, which
-- Codex records at the start, unless a person moved it. `turn_state` is the state of the newest turn
-- that still counts, and `plan_…` the newest plan of such a turn; whether an open turn runs, waits or
-- is stalled depends on the clock, see `tailboard sessions`. `root_id` is the session at the root of
-- a tree of agents: Codex records it since 0.145; before, it is found through the parents.
create or replace view v_sessions as
select
    r.home, r.id, r.parent_id, r.root_id, r.forked_from, r.title,
    r.project, r.project_id, r.cwd,
    coalesce(m.branch, r.began_on) as branch, r.began_on, r."commit", r.repository, r.nickname,
    r.role, r.agent_path, r.origin, r.originator, r.cli_version, r.provider, r.generation, r.model,
    r.effort, r.archived, r.path, r.source, r.segments, r.started_at, r.last_at, r.bytes,
    r.replayed_bytes, r.unknown_lines, r.turn_state, r.turn_started_at, r.open_calls, r.open_tool,
    r.open_command, r.open_since, r.waits_for_user, r.turns, r.failed_turns, r.commands,
    r.failed_commands, r.plan_revision, r.plan_total, r.plan_done, r.context_used,
    r.context_window, r.input, r.cached, r.output, r.reasoning, r.total
from session_rows r
left join v_moves m on m.session = r.id;

-- The tasks of each project over all its sessions, as of `as_of`: `tailboard sql` and a running
-- dashboard or `ingest --follow` bring them up to date. `tailboard tasks` shows them as they are now.
create or replace view v_tasks as
select
    t.project, t.project_id, t.id, t.text, t.state, t.origin, t.ready, t.current, t.session, t.branch,
    t.owner, t.started_at, t.ended_at, t.left_at, t.sessions, w.written_at as as_of
from project_tasks t
join written_projects w on w.project_id = t.project_id;

-- What comes before what (`order` in a plan, `depends` by a person), and what is a `part` of what.
create or replace view v_task_edges as
select project, project_id, source, target, kind from task_edges;

-- Lines and bytes by kind of record; `known` is false for kinds that are not read.
create or replace view v_kinds as
select
    ltrim(kind, '?') as kind, kind not like '?%' as known, sum(lines)::bigint as lines,
    sum(bytes)::bigint as bytes
from kind_rows
group by all;

-- Notes that roles wrote about sessions and projects. They derive from logs and are not trusted.
create or replace view v_notes as
select home, session, source, turn, batch, time, origin, untrusted, kind, text, project from notes;

-- Tailboard's own metrics, one row for each minute in which anything happened.
create or replace view v_samples as
from samples;

-- Rejected lines and the reason. A run of lines is one row: `length`, `sha256`, `head` and `tail` are
-- those of its first line, `lines` and `extent` (in bytes) those of the whole run.
create or replace view v_rejects as
select
    r.source || ':' || r.byte as id, s.home, s.path, r.source, r.byte,
    r.length, r.whole, r.reason, r.message, r.sha256, r.head, r.tail, r.trace, r.lines, r.extent
from rejects r
join sources s on s.id = r.source;

-- The rows of `v_batches`, each with its place in the table of batches, if it is there.
create or replace view shown_batches as
select rowid as place, * from batches
union all by name
select
    batch as id, 'ingest' as kind, source, generation, batch_start as start, byte as finish,
    batch_state as state, 0 as attempts, 0 as lifetime_attempts, 0 as rescues,
    batch_seconds as seconds, updated_at as created_at, updated_at
from cursors
where batch is not null and batch not in (select id from batches);

-- The queue: batches that are in progress or wait, those with a history of failures or orders, and of
-- each source the last batch that completed. Whether a batch is stuck depends on live processes, see
-- `tailboard batches`. No batch has a lease any more: `lease` and `claimed_by` are always null.
create or replace view v_batches as
select
    b.id, b.kind, b.source, s.path, s.thread as session, b.generation, b.start, b.finish, b.state,
    b.reason, b.attempts, b.lifetime_attempts, b.rescues, null::varchar as lease,
    null::varchar as claimed_by, b.heartbeat_at, b.retry_at, b.not_before, b.error_code,
    b.error_class, b.error_message, b.error_hint, b.lines, b.facts, b.seconds, b.created_at,
    b.updated_at, r.role
from shown_batches b
left join sources s on s.id = b.source
left join role_batches r on r.batch = b.id;

-- How many batches of each kind are in each state. Ended batches of bytes are only counted: by source
-- in `v_sources`.
create or replace view v_batch_counts as
select kind, state, sum(batches)::bigint as batches
from (
    select kind, state, count(*) as batches
    from batches
    where kind <> 'ingest' or state not in ('completed', 'completed_empty', 'superseded')
    group by all
    union all by name
    select 'ingest' as kind, state, sum(batches) as batches
    from (
        unpivot (select completed, completed_empty, superseded from cursors)
        on completed, completed_empty, superseded into name state value batches
    )
    group by all
)
group by all
having sum(batches) > 0;

-- What people ordered: who, when, why, how many batches matched, and what was done with them.
create or replace view v_commands as
select id, time, actor, verb, selection, arguments, reason, matched, done, skipped, state, finished_at
from commands;

-- What people said about tasks, in order: who, when, which task, what (`edit`: add, set, link, join,
-- part, owner, evidence, note, reset, undo), with its values in `arguments`, and whether it was undone.
create or replace view v_edits as
with edits as (
    select
        id, time, actor, json_extract_string(selection, '$.task') as task,
        json_extract_string(arguments, '$.do') as edit, arguments, reason,
        json_extract_string(arguments, '$.saying') as undoes
    from commands
    where verb = 'task'
)
select
    id, time, actor, task, edit, arguments, reason,
    id in (select undoes from edits where edit = 'undo') as undone
from edits;

-- The language of a file by the ending of its name; null for others.
create or replace macro language_of(path) as map_extract_value(
    map {
        'c': 'c', 'cc': 'c++', 'cpp': 'c++', 'cs': 'c#', 'css': 'css', 'go': 'go', 'h': 'c',
        'hpp': 'c++', 'html': 'html', 'java': 'java', 'js': 'javascript', 'jsx': 'javascript',
        'kt': 'kotlin', 'md': 'markdown', 'php': 'php', 'py': 'python', 'rb': 'ruby',
        'rs': 'rust', 'scala': 'scala', 'sh': 'shell', 'sql': 'sql', 'swift': 'swift',
        'ts': 'typescript', 'tsx': 'typescript', 'vue': 'vue', 'zig': 'zig'
    },
    lower(regexp_extract(path, '\.(\w+)$', 1))
);

-- Words that name what a session is about. `origin` is where a word comes from: `folder` (the top folder
-- of a changed file), `language` (by its ending), `tool` (that was called), or `person` (`tailboard tag`).
create or replace view v_tags as
with people as (
    select
        json_extract_string(selection, '$.session') as session,
        json_extract_string(arguments, '$.tag') as tag,
        arg_max(json_extract_string(arguments, '$.do'), commands.rowid) as last
    from commands
    where verb = 'tag'
    group by all
)
select distinct s.home, g.thread as session, t.tag, t.origin
from tag_rows t
join sources s on s.id = t.source
join segments g on g.source = t.source
union all
select distinct s.home, p.session, p.tag, 'person'
from people p
join segments g on g.thread = p.session
join sources s on s.id = g.source
where p.last = 'add';

-- For each project, what changes with each of its sessions and with the edits of tasks and projects, for
-- this version of the program; and the newest source of its sessions.
create or replace macro project_inputs(version) as table
select
    s.project, s.project_id,
    version || ' ' || count(*) || ' ' || coalesce(max(s.last_at)::varchar, '') || ' '
    || sum(s.bytes) || ' ' || (
        select count(*) from commands where verb in ('task', 'project', 'reconcile')
    ) as inputs,
    arg_max(r.source, (coalesce(s.last_at, timestamp '-infinity'), r.source)) as source
from v_sessions s
join session_rows r on r.home = s.home and r.id = s.id
group by all;
