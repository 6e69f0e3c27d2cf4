-- name: found
-- Matches of all words and filters, best first, and their total number. All texts are scanned in
-- place, one column at a time; only those of one page are fetched. A score is relevance × kind ×
-- age: a whole word scores higher than a part of one, and a short text higher than a long one.
-- Turns are numbered as in `show.turns`.
with texts as (
    select
        'messages' as place, rowid as row, source, byte, turn, time,
        if(role = 'user', 'prompt', 'answer') as kind, null as status, null as tool,
        false as broken, null as thread, text as one, null as two, null as three
    from messages
    where contains(lower(text), lower($first))
    and (len($kinds::varchar[]) = 0 or list_has_any($kinds::varchar[], ['prompt', 'answer']))
    union all
    select
        'calls', rowid, source, byte, turn, time,
        case
            when is_own_call(tool, command) then 'self'
            when kind = 'script' then 'script'
            -- If both match, the hit is the command, unless the filter asks for output.
            when contains(lower(command), lower($first)) and not (
                list_contains($kinds::varchar[], 'output')
                and not list_contains($kinds::varchar[], 'command')
                and contains(lower(concat(output_head, output_tail)), lower($first))
            ) then 'command'
            else 'output'
        end,
        status, tool, status = 'failed', null, coalesce(command, ''), output_head, output_tail
    from calls
    where (
        contains(lower(coalesce(command, '')), lower($first))
        or contains(lower(output_head), lower($first))
        or contains(lower(output_tail), lower($first))
    )
    and (
        len($kinds::varchar[]) = 0
        or list_has_any($kinds::varchar[], ['command', 'output', 'script', 'self'])
    )
    union all
    select
        'prompts', null, source, if(byte < 0, null, byte), 0, time, 'prompt', null, null, false, thread, text, null, null
    from prompts
    where contains(lower(text), lower($first))
    union all
    -- Revisions of a plan repeat its steps: use the newest one of each text.
    select
        'plans', null, source, max(byte), max_by(turn, revision), max_by(time, revision), 'step',
        max_by(status, revision), null, false, null, step, null, null
    from (
        select
            source, byte, turn, time, revision, json_extract_string(step, '$[0]') as step,
            json_extract_string(step, '$[1]') as status
        from (
            select source, byte, turn, time, revision, unnest(cast(steps as json[])) as step
            from plans
            -- Skips most plans without decoding, by the word as encoded in JSON.
            where contains(
                lower(cast(steps as varchar)), trim(cast(to_json(lower($first)) as varchar), '"')
            )
        )
    )
    where contains(lower(step), lower($first))
    group by source, step
    union all
    select
        'files', null, source, max(byte), max_by(turn, byte), max_by(time, byte), 'file',
        max_by(status, byte), null, false, null, path, moved_to, null
    from files
    where contains(lower(path), lower($first)) or contains(lower(moved_to), lower($first))
    group by source, path, moved_to
    union all
    select
        'goals', null, source, last.byte, last.turn, last.time, 'goal', last.status, null, false,
        null, objective, null, null
    from (
        select
            source, objective,
            max_by({'byte': byte, 'turn': turn, 'time': time, 'status': status}, byte) as last
        from goals
        where contains(lower(objective), lower($first))
        group by source, objective
    )
    union all
    -- Many turns fail without a message, or with only a code.
    select
        'turns', null, source, byte, n, coalesce(ended_at, started_at), 'error', state, null, true,
        null, why, null, null
    from (
        select
            source, byte, n, started_at, ended_at, state,
            coalesce(error, error_code, if(state = 'failed', end_reason, null)) as why
        from turns
    )
    where contains(lower(why), lower($first))
    union all
    select 'notes', null, source, null, turn, time, 'note', null, null, false, null, text, null,
        null
    from notes
    where contains(lower(text), lower($first))
),
matched as (
    from texts
    where (
        $second = '' or contains(lower(one), lower($second)) or contains(lower(two), lower($second))
        or contains(lower(three), lower($second))
    )
    and (
        $third = '' or contains(lower(one), lower($third)) or contains(lower(two), lower($third))
        or contains(lower(three), lower($third))
    )
    and (
        len($others::varchar[]) = 0 or len(list_filter($others::varchar[], lambda word:
            contains(lower(concat_ws(chr(10), one, two, three)), lower(word))
        )) = len($others::varchar[])
    )
    and (
        len($without::varchar[]) = 0 or len(list_filter($without::varchar[], lambda word:
            contains(lower(concat_ws(chr(10), one, two, three)), lower(word))
        )) = 0
    )
    -- What Tailboard answered repeats other texts: only who asks for it gets it.
    and (
        list_contains($kinds::varchar[], kind)
        or (len($kinds::varchar[]) = 0 and kind <> 'self')
    )
    and is_any_of(status, $statuses::varchar[])
    and is_any_of(tool, $tools::varchar[])
    and ($since::timestamp is null or time >= $since::timestamp)
    and ($until::timestamp is null or time < $until::timestamp)
    and (not $broken or broken)
),
scope as materialized (
    from (
        select
            g.source, null as thread, s.home, g.thread as session,
            -- The last folder of a session, as in `v_sessions`.
            coalesce(
                last_value(p.label) over same,
                project_of(last_value(g.cwd) over same, last_value(g.repository) over same)
            ) as project,
            last_value(p.id) over same as project_id, last_value(g.cwd) over same as cwd,
            coalesce(m.branch, last_value(g.branch) over same) as branch
        from segments g
        join sources s on s.id = g.source
        left join v_moves m on m.session = g.thread
        left join folders d
            on d.path = rtrim(g.cwd, '/\') and d.recorded = coalesce(g.repository, '')
        left join projects p on p.id = d.project
        window same as (
            partition by s.home, g.thread
            order by coalesce(g.started_at, g.first_at) nulls first, s.segment
            rows between unbounded preceding and unbounded following
        )
        union all
        -- Prompts of sessions without a rollout.
        select distinct source, session, home, session, null, null, null, null
        from v_prompts
        where history_only
    )
    where (
        len($projects::varchar[]) = 0 or list_has_any(
            list_transform($projects::varchar[], lambda one: lower(one)),
            [lower(project), lower(project_id), lower(rtrim(cwd, '/\'))]
        )
    )
    and is_any_of(branch, $branches::varchar[])
    and not list_contains($hidden::varchar[], session)
    and ($tagged::varchar[] is null or list_contains($tagged::varchar[], session))
    and (
        len($sessions::varchar[]) = 0 or len(list_filter($sessions::varchar[], lambda one:
            starts_with(lower(session), lower(one))
        )) > 0
    )
),
hits as materialized (
    select
        m.place, m.row, m.source, m.byte, m.turn, m.time, m.kind, m.status, m.tool,
        s.home, s.session, s.project,
        if(m.row is null, concat_ws(' → ', m.one, m.two), null) as text,
        if(
            $first = '' or regexp_matches(
                m.one, '(?i)(^|\W)' || regexp_escape($first) || '(\W|$)'
            ), 1, 0.7
        )
        / (1 + ln(1 + (strlen(m.one) + coalesce(strlen(m.two), 0)) / 1000.0))
        * case m.kind
            when 'prompt' then 1 when 'answer' then 0.8 when 'command' then 0.7
            when 'file' then 0.7 when 'output' then 0.5 when 'script' then 0.2
            when 'self' then 0.1 else 0.9
        end
        * (0.3 + 0.7 * pow(0.5, greatest(0, epoch(
            $now::timestamp - coalesce(m.time, timestamp '1970-01-01')
        )) / 2592000.0)) as score
    from matched m
    join scope s on s.source = m.source and s.thread is not distinct from m.thread
),
page as materialized (
    from hits
    -- Sorted by all columns, so that each hit is on exactly one page.
    order by
        score desc, time desc nulls last, source, byte, kind, text, session, turn, status, row
    limit $limit offset $offset
),
fetched as (
    select 'messages' as place, rowid as row, text from messages
    where rowid in (select row from page where place = 'messages')
    union all
    select 'calls', rowid, concat_ws(chr(10), command, output_head, output_tail) from calls
    where rowid in (select row from page where place = 'calls')
),
numbered as (
    select t.source, t.n as place, row_number() over (
        partition by s.home, g.thread
        order by coalesce(g.started_at, g.first_at) nulls first, s.segment, t.source, t.byte
    ) as n
    from turns t
    join sources s on s.id = t.source
    join segments g on g.source = t.source
    where g.thread in (select session from page)
)
select
    p.home, p.session, p.project, p.source, p.byte, n.n as turn, p.time, p.kind, p.status, p.tool,
    p.score, h.total,
    -- Enough text to show the match.
    substr(
        coalesce(f.text, p.text),
        greatest(1, instr(lower(coalesce(f.text, p.text)), lower($first)) - 2000), 6000
    ) as text
from (select count(*) as total from hits) h
left join page p on true
left join fetched f on f.place = p.place and f.row = p.row
left join numbered n on n.source = p.source and n.place = p.turn
order by
    p.score desc, p.time desc nulls last, p.source, p.byte, p.kind, p.text, p.session, p.turn,
    p.status, p.row;

-- name: values
-- Values for the filters: projects, branches and tools, most recently used first.
select
    'project' as name, coalesce(p.label, project_of(g.cwd, g.repository)) as value,
    max(g.last_at) as last
from segments g
left join folders d on d.path = rtrim(g.cwd, '/\') and d.recorded = coalesce(g.repository, '')
left join projects p on p.id = d.project
group by all
union all
select 'branch', branch, max(last)
from (
    select branch, last_at as last from segments where branch is not null
    union all
    select branch, time from v_moves
)
group by all
union all
select 'tool', tool, max(time)
from calls
group by all
order by last desc nulls last, name, value;
