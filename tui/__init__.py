"""The dashboard: what is going on, drawn in a terminal, with everything at hand to act on it.

It reads through the door of whoever has the database open, and never opens the database or a file
of Codex's itself. `ingest` knows nothing of it.
"""
