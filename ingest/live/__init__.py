"""What Codex reports now, beside its session files: its daemon, and the locks of its writers.

Nothing here writes, locks, starts or ends anything of Codex's.
"""
