-- name: join
-- Register this installation, or change its name.
insert into tailboard.installations (id, name, machine)
values (%(id)s, %(name)s, %(machine)s)
on conflict (id) do update set name = excluded.name, machine = excluded.machine
where tailboard.installations.member = current_user;

-- name: mine
-- The registered installation, if this role may write as it.
select name, machine, joined_at
from tailboard.installations
where id = %(id)s and member = current_user;

-- name: everybody
-- Whose rows there are.
select id, name, machine, joined_at from tailboard.installations order by name, machine, id;
