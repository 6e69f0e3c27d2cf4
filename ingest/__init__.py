"""Tailboard's core: reads the files of Codex into facts in one DuckDB file.

It never imports the dashboard (`tui`) nor `textual`. The version is defined here only; the build
reads it from here.
"""

__version__ = "0.1.0"
