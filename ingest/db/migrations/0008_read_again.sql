-- Rollouts are decoded more exactly than before: outcomes of turns, exit codes, refusals, titles and
-- runs of rejected lines. What was read of them is read again, file by file; a file that is gone
-- keeps the facts it has, and so does one whose old facts a person pruned.
update cursors set size = 0, mtime_ns = -1, dev = 0, inode = 0, head_hash = ''
where byte > 0
and source in (select id from sources where kind not in ('history', 'session_index'))
and source not in (select source from pruned);
