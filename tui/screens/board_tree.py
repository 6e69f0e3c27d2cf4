"""The tree of the board: projects, their sessions, and the agents of these. Pure.

The order is made to be looked at for long: projects stand as they did when the screen was entered,
live sessions by when they began, all others by day, the newest first.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session, is_recent, label, list_sessions
from ingest.tail.discovery import ProblemCode
from ingest.text.state_style import STATE_STYLES
from ingest.text.units import pluralize, tokens
from tui.widgets.column import Cell, Column, Line, Styled, age_of
from tui.widgets.listing import Key, View, says, shown

MOST: Final = 5000
"""Sessions on the board; older ones are found by search and `tailboard sessions`."""
LIVE: Final = frozenset({SessionState.RUNNING, SessionState.WAITING, SessionState.STALLED})
_OPEN_FOR: Final = timedelta(hours=24)
"""A project that moved since is open by itself."""
LONG_AGO: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - as the database keeps time
_BAR: Final = 4
_OPEN, _CLOSED = "▾ ", "▸ "


def project_key(name: str) -> Key:
    return ("project", name)


def session_key(session: Session) -> Key:
    return (session.home_id, session.id)


class BoardTree:
    columns = (
        Column("session", "Session", 18, grow=1),
        Column("plan", "Plan", 9, spare=3),
        Column("tokens", "Tokens", 6, right=True, spare=2),
        Column("moved", "Moved", 6, right=True, spare=1),
    )

    def __init__(self) -> None:
        self._projects: list[str] = []
        """As they stood when the screen was entered; new ones come behind."""
        self._lines: dict[Key, Line] = {}
        self.now: Now | None = None
        self.sessions: dict[Key, Session] = {}
        """Everybody on the board, whether folded away or not."""
        self._judged: Now | None = None
        self.counted = ""
        self.shut: list[str] = []
        """What keeps all sessions from being seen, where none is: a sentence, and what to do."""

    def at(self, now: Now) -> None:
        """Judge sessions at this moment from now on."""
        self.now = now

    def keys(self, reading: QueryReader, view: View) -> Sequence[Key]:
        if self.now is None:
            return []
        sessions = list_sessions(reading, Scope(limit=MOST), self.now)
        self.sessions, self._judged = {session_key(one): one for one in sessions}, self.now
        self.shut = [] if sessions else list(_shut(reading))
        for session in sessions:
            if session.project not in self._projects:
                self._projects.append(session.project)
        lines = list(tree(sessions, self._projects, view, self.now))
        self._lines = {line.key: line for line in lines}
        self.counted = self._counted(lines if view.filter else None)
        return list(self._lines)

    def _counted(self, shown: Sequence[Line] | None) -> str:
        """How many there are; and where a filter chose some, how many of them are shown."""
        sessions = pluralize(len(self.sessions), "session")
        projects = pluralize(len(self._projects), "project")
        if shown is None:
            return f"{sessions} in {projects}"
        headings = sum(1 for line in shown if line.above is None)
        return f"{len(shown) - headings:,} of {sessions} in {headings:,} of {projects}"

    def states(self, now: Now) -> list[SessionState] | None:
        """How the sessions stand at this moment that moved lately; None where that was not asked,
        or not of all.
        """
        if self._judged is not now or len(self.sessions) >= MOST:
            return None
        return [one.state for one in self.sessions.values() if is_recent(one, now)]

    def waiting(self) -> dict[Key, Session]:
        """The sessions that wait for the person."""
        everybody = self.sessions
        return {key: one for key, one in everybody.items() if one.state is SessionState.WAITING}

    def lines(self, reading: QueryReader, view: View, keys: Sequence[Key]) -> Mapping[Key, Line]:
        lines = self._lines
        return {key: lines[key] for key in keys if key in lines}


def _shut(reading: QueryReader) -> Iterator[str]:
    for row in reading.rows("status.problems"):
        if row["code"] == ProblemCode.UNREADABLE:
            yield f"{row['path']}: {row['message']} {row['hint']}"


def tree(
    sessions: Sequence[Session], projects: Sequence[str], view: View, now: Now
) -> Iterator[Line]:
    """The lines of the tree as it is folded and filtered."""
    by_project: dict[str, list[Session]] = {name: [] for name in projects}
    for session in sessions:
        by_project[session.project].append(session)
    for name in projects:
        found = by_project[name]
        if view.filter:
            # The name of the project stands above them all, and is meant as if it stood in each.
            every = _sessions(found, view, now)
            lines = [line for line in every if says(f"{name} {shown(line)}", view.filter)]
            if lines:
                yield _project(name, found, closed=False, now=now)
                yield from lines
        elif found:
            key = project_key(name)
            # The first one is open whenever it moved: somewhere there must be something to see.
            by_itself = name != projects[0] and _closed_by_itself(found, now)
            closed = by_itself ^ (key in view.folded)
            yield _project(name, found, closed=closed, now=now)
            if not closed:
                yield from _sessions(found, view, now)


def _closed_by_itself(found: Sequence[Session], now: Now) -> bool:
    newest = max((one.last_at for one in found if one.last_at), default=None)
    live = any(one.state in LIVE for one in found)
    return not live and (newest is None or now.moment - newest > _OPEN_FOR)


def _project(name: str, found: Sequence[Session], *, closed: bool, now: Now) -> Line:
    branches = sorted({one.branch for one in found if one.branch})
    branch = f"  ({branches[0]})" if len(branches) == 1 else ""
    newest = max((one.last_at for one in found if one.last_at), default=None)
    failed = sum(1 for one in found if one.state is SessionState.FAILED)
    parts: tuple[Cell, ...] = (
        Styled(f"{_CLOSED if closed else _OPEN}", "dim"),
        Styled(name, "title"),
        Styled(branch, "dim"),
        Styled(f"  {pluralize(len(found), 'session')}" if closed else "", "dim"),
        Styled(f"  ✗ {failed}" if failed and closed else "", "red"),
    )
    cells = (parts, "", "", age_of(newest, now.moment) if closed else "")
    return Line(project_key(name), cells, text=name, id=name, closed=closed)


def _sessions(found: Sequence[Session], view: View, now: Now) -> Iterator[Line]:
    known = {one.id for one in found}
    children: dict[str, list[Session]] = {}
    tops: list[Session] = []
    for one in found:
        if one.parent_id in known and one.parent_id != one.id:
            children.setdefault(one.parent_id or "", []).append(one)
        else:
            tops.append(one)
    for one in in_order(tops):
        below = children.get(one.id, [])
        key = session_key(one)
        live = one.state in LIVE
        closed = (not live) ^ (key in view.folded) if below and not view.filter else None
        yield _session(one, "  ", project_key(one.project), now, closed, len(below))
        if closed is False or view.filter:
            yield from _agents(below, children, "  ", key, now)


def _agents(
    found: Sequence[Session],
    children: Mapping[str, list[Session]],
    before: str,
    above: Key,
    now: Now,
    depth: int = 0,
) -> Iterator[Line]:
    ordered = sorted(found, key=lambda one: (one.started_at or LONG_AGO, one.id))
    for one in ordered:
        last = one is ordered[-1]
        yield _session(one, before + ("└ " if last else "├ "), above, now, None, 0)
        # A family that hangs on itself is broken, and ends somewhere.
        if depth < 8 and one.id in children:
            below = before + ("  " if last else "│ ")
            yield from _agents(children[one.id], children, below, session_key(one), now, depth + 1)


def in_order(sessions: Sequence[Session]) -> list[Session]:
    """The live ones by when they began; then all others by day, the newest first."""

    def began(one: Session) -> datetime:
        return one.started_at or one.last_at or LONG_AGO

    live = sorted(
        (one for one in sessions if one.state in LIVE), key=lambda one: (began(one), one.id)
    )
    rest = [one for one in sessions if one.state not in LIVE]
    rest.sort(key=lambda one: one.id)
    rest.sort(key=began, reverse=True)
    rest.sort(key=lambda one: (one.last_at or LONG_AGO).date(), reverse=True)
    return live + rest


def _session(
    one: Session, before: str, above: Key, now: Now, closed: bool | None, below: int
) -> Line:
    look = STATE_STYLES[one.state]
    title = one.nickname if one.nickname and before.strip() else ""
    name = label(one) if not title else f"{one.title or ''}"
    parts: tuple[Cell, ...] = (
        Styled(before, "dim"),
        Styled(f"{look.glyph} ", look.color),
        Styled(f"▸{below} " if closed else "", "dim"),
        Styled(f"{title}  " if title else "", "cyan"),
        name or "(no prompt)",
    )
    cells = (parts, plan_bar(one.plan_done, one.plan_total), tokens(one.tokens.total),
             age_of(one.last_at, now.moment))  # fmt: skip
    text = f"{one.state}  {label(one)}  {one.project}"
    return Line(session_key(one), cells, text=text, id=one.id, above=above, closed=closed)


def plan_bar(done: int, total: int) -> Cell | tuple[Cell, ...]:
    """A plan as a bar and in figures; nothing where there is none."""
    if not total:
        return ""
    full = _BAR * done // total
    tone = "dim" if done == total else "green"
    return (Styled("▰" * full + "▱" * (_BAR - full), tone), f" {done}/{total}")
