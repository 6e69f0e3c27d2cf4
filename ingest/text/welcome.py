"""Three hints for new users, shown by `status` and on the empty board."""

from typing import Final

THINGS: Final = (
    ("see", "`tailboard` is the dashboard; `tailboard demo` has made-up data."),
    ("trust", "Codex's files are only ever read; what was read is one file of yours."),
    ("mend", "`tailboard doctor` finds what keeps it from working, with the cure."),
)
