-- The number of each turn in its session, over all its sources.
alter table turn_rows add column number integer;

-- Messages that may state a decision.
create table decision_rows (source integer not null, byte bigint not null);
