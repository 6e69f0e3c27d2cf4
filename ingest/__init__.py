"""Tailboard's core: from the bytes Codex writes to facts in one DuckDB file.

It never imports the dashboard (`tui`) nor `textual`. The version below is the only one: the
build reads it from here.
"""

__version__ = "0.1.0"
