-- name: waiting
-- A pending batch of this kind of automatic export: released, woken, or retried by a person.
select b.id, b.source, b.generation, b.start, b.finish, s.home, g.thread as session
from batches b
join sources s on s.id = b.source
join segments g on g.source = b.source
where b.kind = $kind and b.state = 'pending'
order by b.updated_at, b.id
limit 1;

-- name: due
-- A session of the project of one of these folders that has ended its turn and has lines that were
-- not exported. A session whose turn has not ended counts after a longer time without new lines.
with exported as (
    select source, generation, max(finish) as finish
    from batches
    where kind = $kind and state in ('completed', 'completed_empty')
    group by all
)
select
    g.source, s.home, g.thread as session, c.generation, coalesce(e.finish, 0) as start,
    c.byte as finish
from segments g
join sources s on s.id = g.source
join cursors c on c.source = g.source
left join folders d on d.path = rtrim(g.cwd, '/\') and d.recorded = coalesce(g.repository, '')
join (
    select unnest(
        $folders::struct(folder varchar, project varchar, since timestamp)[], recursive := true
    )
) f
on g.last_at >= f.since and case
    when f.project is not null and d.project is not null then d.project = f.project
    else g.cwd = f.folder or starts_with(g.cwd, f.folder || '/')
end
left join exported e on e.source = g.source and e.generation = c.generation
where s.kind = 'rollout' and s.state = 'following' and c.byte > coalesce(e.finish, 0)
and g.last_at <= case
    when g.last_turn_state in ('completed', 'failed', 'interrupted') then $rested::timestamp
    else $abandoned::timestamp
end
and not exists (
    from batches b
    where b.kind = $kind and b.source = g.source and b.generation = c.generation
    and b.start = coalesce(e.finish, 0) and b.state not in ('completed', 'completed_empty')
)
order by g.last_at, g.source
limit 1;
