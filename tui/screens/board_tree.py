"""The tree of the board: projects, their sessions, and the sub-agents of these. Pure.

The order is meant to stay stable: projects keep the order of the first load, live sessions are
sorted by start, all others by day, newest first, unless a person sorts by a column. A flat list has
no projects and no branches.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.sessions.known_sessions import KnownSessions
from ingest.sessions.scope import Now
from ingest.sessions.session import Session, is_recent, label
from ingest.tail.discovery import ProblemCode
from ingest.text.numbers import pluralize
from tui.filters import parse
from tui.scope import EVERYTHING, ScreenScope
from tui.screens.board_rows import (
    LIVE,
    LONG_AGO,
    PULSE_CELLS,
    Pulse,
    load_pulses,
    newest,
    now_row,
    project_key,
    project_row,
    search_text,
    session_key,
    session_row,
)
from tui.widgets.column import Column, ListRow
from tui.widgets.listing import Key, ViewState

MAX_SESSIONS: Final = 5000
"""Sessions on the board; older ones are found by search and `tailboard sessions`."""
FIRST_SESSIONS: Final = 300
"""Sessions that are loaded first, so that the first screen is drawn at once."""
_OPEN_FOR: Final = timedelta(hours=24)
"""A project with activity in this time is open by default."""
_PULSE_AGE: Final = timedelta(seconds=15)
"""Pulses count minutes, so they are not loaded more often."""
_MAX_DEPTH: Final = 8
_NO_PULSE: Final = (0,) * PULSE_CELLS

Matches = Callable[[Session, ListRow], bool]
Pulses = Mapping[Key, Pulse]


class BoardTree:
    filter_values: ClassVar[Mapping[str, Sequence[str]]] = {"": list(SessionState)}
    columns = (
        Column("session", "Session", 24, grow=1),
        Column("plan", "Plan", 9, drop_order=3),
        Column("context", "Context", 9, right=True, drop_order=4),
        Column("tokens", "Tokens", 6, right=True, drop_order=2),
        Column("active", "Active", 6, right=True, drop_order=1),
    )

    def __init__(self) -> None:
        self._projects: list[str] = []
        """In the order of the first load; new ones are appended."""
        self._rows: dict[Key, ListRow] = {}
        self.now: Now | None = None
        self.scope = EVERYTHING
        self.homes: Sequence[Path] = ()
        """Whether they exist is checked while there are no sessions."""
        self.sessions: dict[Key, Session] = {}
        """All sessions of the tree, also in closed branches."""
        self.waiting_sessions: dict[Key, Session] = {}
        """Those that wait for the person."""
        self.is_partial = False
        """Whether there are more, which the next load brings."""
        self._known = KnownSessions()
        self._loaded_for: Now | None = None
        self._pulses: Pulses = {}
        self._pulses_for: datetime | None = None
        self.count_text = ""
        self.problems: list[str] = []
        """If there are no sessions: why homes cannot be read, and what to do."""

    def set_now(self, now: Now, scope: ScreenScope = EVERYTHING) -> None:
        """Show these sessions, in their states as of this time, from now on."""
        self.now, self.scope = now, scope

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[Key]:
        if self.now is None:
            return []
        limit = MAX_SESSIONS if self._loaded_for is not None else FIRST_SESSIONS
        sessions = self._known.newest(reader, limit, self.now)
        self.is_partial = len(sessions) == limit < MAX_SESSIONS
        self.sessions = {session_key(session): session for session in sessions}
        self.waiting_sessions = {
            key: session
            for key, session in self.sessions.items()
            if session.state is SessionState.WAITING
        }
        self._loaded_for = self.now
        self._load_pulses(reader, self.now.moment)
        self.problems = [] if sessions else list(_problems(reader, self.homes))
        for session in sessions:
            if session.project not in self._projects:
                self._projects.append(session.project)
        shown = [session for session in sessions if self.scope.has(session)]
        rows = list(tree(shown, self._projects, view, self.now, self._pulses))
        self._rows = {row.key: row for row in rows}
        self.count_text = self._count_text(shown, view)
        return list(self._rows)

    def _load_pulses(self, reader: QueryReader, moment: datetime) -> None:
        running = [each for each in self.sessions.values() if each.state is SessionState.RUNNING]
        known = all(session_key(each) in self._pulses for each in running)
        fresh = self._pulses_for is not None and moment - self._pulses_for < _PULSE_AGE
        if running and not (known and fresh):
            self._pulses, self._pulses_for = load_pulses(reader, running, moment), moment

    def _count_text(self, in_scope: Sequence[Session], view: ViewState) -> str:
        """The number of sessions; with a filter, also how many are shown."""
        sessions = pluralize(len(in_scope), "session")
        projects = pluralize(len({each.project for each in in_scope}), "project")
        if not view.filter:
            return f"{sessions} in {projects}"
        shown = [self.sessions[key] for key in self._rows if key in self.sessions]
        found = len({each.project for each in shown})
        return f"{len(shown):,} of {sessions} in {found:,} of {projects}"

    def recent_sessions(self, now: Now) -> list[Session] | None:
        """The recent sessions; None if they were not loaded for this time, or not all of them."""
        if self._loaded_for is not now or self.is_partial or len(self.sessions) >= MAX_SESSIONS:
            return None
        return [each for each in self.sessions.values() if is_recent(each, now)]

    def counts_as_new(self, key: Key) -> bool:
        """Not the line below a running session."""
        return len(key) == len(("home", "session"))

    def heading(self, key: Key) -> ListRow | None:
        """The head of the project that a row belongs to; None for the head itself."""
        row = self._rows.get(key)
        while row is not None and row.parent is not None:
            row = self._rows.get(row.parent)
        return row if row is not None and row.key != key else None

    def toggled_heads(self) -> frozenset[Key]:
        """The projects to toggle to close all of them, or to open all if all are closed."""
        heads = [row for row in self._rows.values() if row.parent is None]
        heads = [row for row in heads if row.collapsed is not None]
        is_open = [row.key for row in heads if not row.collapsed]
        return frozenset(is_open or [row.key for row in heads])

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Key]
    ) -> Mapping[Key, ListRow]:
        rows = self._rows
        return {key: rows[key] for key in keys if key in rows} | self._old_now_rows(keys)

    def _old_now_rows(self, keys: Sequence[Key]) -> dict[Key, ListRow]:
        """Of sessions that no longer run: a list that holds its order may still have the line."""
        if self.now is None:
            return {}
        gone = [key for key in keys if not self.counts_as_new(key) and key not in self._rows]
        return {
            key: now_row(self.sessions[key[:2]], "", _NO_PULSE, self.now)
            for key in gone
            if key[:2] in self.sessions
        }


def _problems(reader: QueryReader, homes: Sequence[Path]) -> Iterator[str]:
    for home in homes:
        if not home.exists():
            yield f"{home} does not exist. Codex creates it when it is started first."
    for row in reader.rows("status.problems"):
        if row["code"] == ProblemCode.UNREADABLE:
            yield f"{row['path']}: {row['message']} {row['hint']}"


def tree(
    sessions: Sequence[Session],
    projects: Sequence[str],
    view: ViewState,
    now: Now,
    pulses: Pulses = {},  # noqa: B006 - never changed
) -> Iterator[ListRow]:
    """The visible rows of the tree."""
    words = parse(view.filter)

    def matches(session: Session, row: ListRow) -> bool:
        return not view.filter or words.matches(search_text(session, row))

    if view.flat:
        for session in in_order(sessions, view):
            row = session_row(session, "", None, now, project=session.project)
            if matches(session, row):
                yield from _with_now(session, row, "", pulses, now)
        return
    by_project: dict[str, list[Session]] = {name: [] for name in projects}
    for session in sessions:
        by_project[session.project].append(session)
    first = next((name for name in projects if by_project[name]), None)
    for name in projects:
        members = by_project[name]
        if view.filter:
            rows = list(_sessions(members, view, now, matches, pulses))
            if rows:
                yield project_row(name, members, collapsed=False, now=now)
                yield from rows
        elif members:
            key = project_key(name)
            # The first project is always open by default, so that the board is never empty.
            by_default = name != first and _is_collapsed_by_default(members, now)
            collapsed = by_default ^ (key in view.folded)
            yield project_row(name, members, collapsed=collapsed, now=now)
            if not collapsed:
                yield from _sessions(members, view, now, matches, pulses)


def _with_now(
    session: Session, row: ListRow, indent: str, pulses: Pulses, now: Now
) -> Iterator[ListRow]:
    yield row
    if session.state is SessionState.RUNNING:
        yield now_row(session, indent, pulses.get(session_key(session), _NO_PULSE), now)


def _is_collapsed_by_default(sessions: Sequence[Session], now: Now) -> bool:
    last = newest(sessions)
    live = any(session.state in LIVE for session in sessions)
    return not live and (last is None or now.moment - last > _OPEN_FOR)


def _sessions(
    sessions: Sequence[Session], view: ViewState, now: Now, matches: Matches, pulses: Pulses
) -> Iterator[ListRow]:
    known = {session.id for session in sessions}
    children: dict[str, list[Session]] = {}
    tops: list[Session] = []
    for session in sessions:
        if session.parent_id in known and session.parent_id != session.id:
            children.setdefault(session.parent_id or "", []).append(session)
        else:
            tops.append(session)
    for session in in_order(tops, view):
        below = children.get(session.id, [])
        key = session_key(session)
        live = session.state in LIVE
        collapsed = (not live) ^ (key in view.folded) if below and not view.filter else None
        parent = project_key(session.project)
        row = session_row(session, "  ", parent, now, collapsed, len(below))
        if matches(session, row):
            yield from _with_now(session, row, "  ", pulses, now)
        if collapsed is False or view.filter:
            for agent, agent_row in _agents(below, children, "  ", key, now):
                if matches(agent, agent_row):
                    yield agent_row


def _agents(
    sessions: Sequence[Session],
    children: Mapping[str, list[Session]],
    indent: str,
    parent: Key,
    now: Now,
    depth: int = 0,
) -> Iterator[tuple[Session, ListRow]]:
    ordered = sorted(sessions, key=lambda session: (session.started_at or LONG_AGO, session.id))
    for session in ordered:
        last = session is ordered[-1]
        yield session, session_row(session, indent + ("└ " if last else "├ "), parent, now)
        # The limit ends a cycle of parents, which only a damaged file can contain.
        if depth < _MAX_DEPTH and session.id in children:
            below = indent + ("  " if last else "│ ")
            yield from _agents(
                children[session.id], children, below, session_key(session), now, depth + 1
            )


_SORT_VALUES: Final[Mapping[str, Callable[[Session], Any]]] = {
    "session": lambda session: label(session).lower(),
    "plan": lambda session: -session.plan_done / max(1, session.plan_total),
    "context": lambda session: -session.context.percent if session.context else 0.0,
    "tokens": lambda session: -session.tokens.total,
    "active": lambda session: -((session.last_at or LONG_AGO) - LONG_AGO).total_seconds(),
}


def in_order(sessions: Sequence[Session], view: ViewState = ViewState()) -> list[Session]:  # noqa: B008 - frozen
    """Live sessions by start, then all others by day, newest first; or by the sorted column."""
    value = _SORT_VALUES.get(view.sort)
    if value is not None:
        return sorted(sessions, key=lambda each: (value(each), each.id), reverse=view.reverse)

    def started(session: Session) -> datetime:
        return session.started_at or session.last_at or LONG_AGO

    live = sorted(
        (session for session in sessions if session.state in LIVE),
        key=lambda session: (started(session), session.id),
    )
    rest = [session for session in sessions if session.state not in LIVE]
    rest.sort(key=lambda session: session.id)
    rest.sort(key=started, reverse=True)
    rest.sort(key=lambda session: (session.last_at or LONG_AGO).date(), reverse=True)
    ordered = live + rest
    return ordered[::-1] if view.reverse else ordered
