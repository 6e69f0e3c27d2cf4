"""Nudges: once per event, when a session begins to wait for the person or fails.

Nothing of a session but its title is in a nudge, masked and on one line without control characters.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from ingest.codex.liveness import SessionState, WaitsFor
from ingest.db import paths
from ingest.private_files import open_private
from ingest.sessions.session import Session, label
from ingest.text.redact import mask
from ingest.text.sanitize import one_line, truncate

RECENT: Final = timedelta(minutes=10)
"""Older events are history that is read late."""
_COLUMNS: Final = 100
_MULTIPLEXERS: Final = ("tmux", "screen")
_OSC9: Final = ("iTerm.app", "WezTerm", "ghostty")
_OSC777: Final = ("foot", "rxvt")


class Nudge(Struct, frozen=True):
    """The fields of the JSON document that the command of the user gets."""

    session: str
    project: str
    state: SessionState
    waiting_for: WaitsFor | None
    title: str

    @property
    def text(self) -> str:
        """`Waits for approval: Fix the parser (parser)`."""
        what = f"Waits for {self.waiting_for}" if self.waiting_for else str(self.state).title()
        return f"{what}: {self.title} ({self.project})"


class Nudges:
    """Compares the sessions with those of the last call."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, str], tuple[object, ...]] | None = None

    def new(self, sessions: Iterable[Session], now: datetime) -> list[Nudge]:
        """What began since the last call; nothing at the first call."""
        current = {(each.home, each.id): each for each in sessions if is_event(each)}
        events = {key: _event(each) for key, each in current.items()}
        before, self._before = self._before, events
        if before is None:
            return []
        return [
            nudge(current[key])
            for key, event in events.items()
            if event != before.get(key) and _is_recent(current[key], now)
        ]


def is_event(session: Session) -> bool:
    """Whether the session waits or failed. A sub-agent that fails is the business of its parent."""
    failed = session.state is SessionState.FAILED and session.parent_id is None
    return failed or session.state is SessionState.WAITING


def _event(session: Session) -> tuple[object, ...]:
    return session.state, session.waiting_for, session.turns


def _is_recent(session: Session, now: datetime) -> bool:
    return session.last_at is not None and now - session.last_at <= RECENT


def nudge(session: Session) -> Nudge:
    title = truncate(one_line(mask(label(session))), _COLUMNS)
    project = truncate(one_line(mask(session.project)), _COLUMNS)
    return Nudge(session.id, project, session.state, session.waiting_for, title)


def is_quiet(hours: str, local: time) -> bool:
    """Whether this time of day is within the quiet hours, `22:00-07:00`, if there are any."""
    if not hours:
        return False
    begin, end = map(time.fromisoformat, hours.split("-"))
    return begin <= local < end if begin <= end else local >= begin or local < end


def terminal_sequence(text: str, env: Mapping[str, str]) -> str:
    """What makes the terminal ring, and show the text if it is known to show notifications."""
    term, program = env.get("TERM", ""), env.get("TERM_PROGRAM", "")
    # `one_line` again: this reaches the terminal as it is.
    shown = one_line(text).replace(";", ",")
    if env.get("TMUX") or term.startswith(_MULTIPLEXERS):
        return "\a"
    if program in _OSC9 or env.get("KITTY_WINDOW_ID"):
        return f"\a\x1b]9;{shown}\x1b\\"
    if env.get("VTE_VERSION") or term.startswith(_OSC777):
        return f"\a\x1b]777;notify;Tailboard;{shown}\x1b\\"
    return "\a"


def are_off(database: Path) -> bool:
    """Whether a person turned nudges off, in any dashboard."""
    return _switch(database).exists()


def turn(database: Path, *, on: bool) -> None:
    """Turn nudges on or off, for every process that uses this database."""
    if on:
        _switch(database).unlink(missing_ok=True)
    else:
        os.close(open_private(_switch(database), os.O_WRONLY | os.O_CREAT))


def _switch(database: Path) -> Path:
    return paths.beside(database, "nudges-off")
