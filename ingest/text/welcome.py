"""Hints for new users, shown by `status` and on the empty board."""

from typing import Final

HINTS: Final = (
    ("dashboard", "`tailboard` opens it; `tailboard demo` opens it with sample data."),
    ("data", "Codex's files are only read. All data is stored in one file."),
    ("problems", "`tailboard doctor` finds them and says how to fix them."),
)
