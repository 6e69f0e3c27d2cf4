"""The three things to know, for somebody who is here for the first time."""

from pathlib import Path


def welcome(database: Path) -> list[tuple[str, str]]:
    """Each a word, and a sentence."""
    return [
        ("see", "`tailboard` on a terminal is the dashboard; `tailboard demo` is a made-up one."),
        ("trust", f"Codex's files are only ever read; what was read is yours: {database}"),
        ("mend", "`tailboard doctor` finds what keeps this from working, with the cure."),
    ]
