-- A run of rejected lines is one row: its first line, how many lines it is and how far it goes. What was
-- stored before is one line a row.
alter table rejects add column lines bigint;     -- rejected lines; empty ones between them not counted
alter table rejects add column extent bigint;    -- bytes from the begin of the first to the end of the last
update rejects set lines = 1, extent = length;
