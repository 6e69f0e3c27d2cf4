-- What the batches of roles are about, and each run of a role. The command of the settings `observe_…`
-- is the role `observe`.
alter table notes add column project varchar;

create table role_batches (
    batch varchar not null, role varchar not null, home varchar not null,
    session varchar not null, project varchar, day date
);

create table role_runs (
    batch varchar not null, role varchar not null, started_at timestamp not null,
    seconds double not null, command_hash varchar not null, input_hash varchar not null,
    input_tokens bigint, cached_tokens bigint, output_tokens bigint, error_code varchar
);

insert into role_batches
select b.id, 'observe', s.home, s.thread, null, null
from batches b
join sources s on s.id = b.source
where b.kind = 'observe';
