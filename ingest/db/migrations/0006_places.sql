-- Prompts that Codex cut from its list kept the byte they stood at, which another prompt has now.
-- Lists that were rewritten are read again and compared with what is known, which tells which these
-- are: from now on they have a negative byte.
update cursors set size = 0, mtime_ns = -1, dev = 0, inode = 0, head_hash = ''
where byte > 0 and rewrites > 0 and source in (select id from sources where kind = 'history');
