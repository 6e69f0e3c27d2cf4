"""A project: its tasks, resume brief, journal, git state and state files."""
