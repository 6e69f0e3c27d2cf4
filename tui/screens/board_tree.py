"""The tree of the board: projects, their sessions, and the sub-agents of these. Pure.

The order is meant to stay stable: projects keep the order of the first load, live sessions are
sorted by start, all others by day, newest first.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import UNTITLED, Context, Session, is_recent, label, list_sessions
from ingest.tail.discovery import ProblemCode
from ingest.text.numbers import pluralize, tokens
from ingest.text.state_style import STATE_STYLES
from tui.filters import parse
from tui.widgets.column import Cell, Column, ListRow, Styled, age_of
from tui.widgets.listing import Key, ViewState

MAX_SESSIONS: Final = 5000
"""Sessions on the board; older ones are found by search and `tailboard sessions`."""
LIVE: Final = frozenset({SessionState.RUNNING, SessionState.WAITING, SessionState.STALLED})
_OPEN_FOR: Final = timedelta(hours=24)
"""A project with activity in this time is open by default."""
LONG_AGO: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as the database stores it
_BAR_WIDTH: Final = 4
_OPEN, _CLOSED = "▾ ", "▸ "
_MAX_DEPTH: Final = 8


def project_key(name: str) -> Key:
    return ("project", name)


def session_key(session: Session) -> Key:
    return (session.home_id, session.id)


class BoardTree:
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
        self.sessions: dict[Key, Session] = {}
        """All sessions of the tree, also in closed branches."""
        self._loaded_for: Now | None = None
        self.count_text = ""
        self.problems: list[str] = []
        """If there are no sessions: why homes cannot be read, and what to do."""

    def set_now(self, now: Now) -> None:
        """Determine the states of sessions as of this time from now on."""
        self.now = now

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[Key]:
        if self.now is None:
            return []
        sessions = list_sessions(reader, Scope(limit=MAX_SESSIONS), self.now)
        self.sessions = {session_key(session): session for session in sessions}
        self._loaded_for = self.now
        self.problems = [] if sessions else list(_problems(reader))
        for session in sessions:
            if session.project not in self._projects:
                self._projects.append(session.project)
        rows = list(tree(sessions, self._projects, view, self.now))
        self._rows = {row.key: row for row in rows}
        self.count_text = self._count_text(rows if view.filter else None)
        return list(self._rows)

    def _count_text(self, shown: Sequence[ListRow] | None) -> str:
        """The number of sessions; with a filter, also how many are shown."""
        sessions = pluralize(len(self.sessions), "session")
        projects = pluralize(len(self._projects), "project")
        if shown is None:
            return f"{sessions} in {projects}"
        headings = sum(1 for row in shown if row.parent is None)
        return f"{len(shown) - headings:,} of {sessions} in {headings:,} of {projects}"

    def recent_sessions(self, now: Now) -> list[Session] | None:
        """The recent sessions; None if they were not loaded for this time, or not all of them."""
        if self._loaded_for is not now or len(self.sessions) >= MAX_SESSIONS:
            return None
        return [each for each in self.sessions.values() if is_recent(each, now)]

    def waiting_sessions(self) -> dict[Key, Session]:
        """The sessions that wait for the person."""
        return {
            key: session
            for key, session in self.sessions.items()
            if session.state is SessionState.WAITING
        }

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Key]
    ) -> Mapping[Key, ListRow]:
        rows = self._rows
        return {key: rows[key] for key in keys if key in rows}


def _problems(reader: QueryReader) -> Iterator[str]:
    for row in reader.rows("status.problems"):
        if row["code"] == ProblemCode.UNREADABLE:
            yield f"{row['path']}: {row['message']} {row['hint']}"


def tree(
    sessions: Sequence[Session], projects: Sequence[str], view: ViewState, now: Now
) -> Iterator[ListRow]:
    """The visible rows of the tree."""
    by_project: dict[str, list[Session]] = {name: [] for name in projects}
    for session in sessions:
        by_project[session.project].append(session)
    for name in projects:
        members = by_project[name]
        if view.filter:
            # The filter also matches the name of the project, as if each session contained it.
            words = parse(view.filter)
            rows = [
                row
                for row in _sessions(members, view, now)
                if words.matches(f"{name} {row.visible_text()}")
            ]
            if rows:
                yield _project(name, members, collapsed=False, now=now)
                yield from rows
        elif members:
            key = project_key(name)
            # The first project is always open by default, so that the board is never empty.
            by_default = name != projects[0] and _is_collapsed_by_default(members, now)
            collapsed = by_default ^ (key in view.folded)
            yield _project(name, members, collapsed=collapsed, now=now)
            if not collapsed:
                yield from _sessions(members, view, now)


def _is_collapsed_by_default(sessions: Sequence[Session], now: Now) -> bool:
    newest = max((each.last_at for each in sessions if each.last_at), default=None)
    live = any(session.state in LIVE for session in sessions)
    return not live and (newest is None or now.moment - newest > _OPEN_FOR)


def _project(name: str, sessions: Sequence[Session], *, collapsed: bool, now: Now) -> ListRow:
    branches = sorted({session.branch for session in sessions if session.branch})
    branch = f"  ({branches[0]})" if len(branches) == 1 else ""
    newest = max((each.last_at for each in sessions if each.last_at), default=None)
    failed = sum(1 for session in sessions if session.state is SessionState.FAILED)
    parts: tuple[Cell, ...] = (
        Styled(f"{_CLOSED if collapsed else _OPEN}", "dim"),
        Styled(name, "title"),
        Styled(branch, "dim"),
        Styled(f"  {pluralize(len(sessions), 'session')}" if collapsed else "", "dim"),
        Styled(f"  ✗ {failed}" if failed and collapsed else "", "red"),
    )
    cells = (parts, "", "", "", age_of(newest, now.moment) if collapsed else "")
    return ListRow(project_key(name), cells, text=name, id=name, collapsed=collapsed)


def _sessions(sessions: Sequence[Session], view: ViewState, now: Now) -> Iterator[ListRow]:
    known = {session.id for session in sessions}
    children: dict[str, list[Session]] = {}
    tops: list[Session] = []
    for session in sessions:
        if session.parent_id in known and session.parent_id != session.id:
            children.setdefault(session.parent_id or "", []).append(session)
        else:
            tops.append(session)
    for session in in_order(tops):
        below = children.get(session.id, [])
        key = session_key(session)
        live = session.state in LIVE
        collapsed = (not live) ^ (key in view.folded) if below and not view.filter else None
        yield _session(session, "  ", project_key(session.project), now, collapsed, len(below))
        if collapsed is False or view.filter:
            yield from _agents(below, children, "  ", key, now)


def _agents(
    sessions: Sequence[Session],
    children: Mapping[str, list[Session]],
    indent: str,
    parent: Key,
    now: Now,
    depth: int = 0,
) -> Iterator[ListRow]:
    ordered = sorted(sessions, key=lambda session: (session.started_at or LONG_AGO, session.id))
    for session in ordered:
        last = session is ordered[-1]
        yield _session(session, indent + ("└ " if last else "├ "), parent, now, None, 0)
        # The limit ends a cycle of parents, which only a damaged file can contain.
        if depth < _MAX_DEPTH and session.id in children:
            below = indent + ("  " if last else "│ ")
            yield from _agents(
                children[session.id], children, below, session_key(session), now, depth + 1
            )


def in_order(sessions: Sequence[Session]) -> list[Session]:
    """Live sessions by start, then all others by day, newest first."""

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
    return live + rest


def _session(
    session: Session, indent: str, parent: Key, now: Now, collapsed: bool | None, agents: int
) -> ListRow:
    style = STATE_STYLES[session.state]
    title = session.nickname if session.nickname and indent.strip() else ""
    name = label(session) if not title else f"{session.title or ''}"
    parts: tuple[Cell, ...] = (
        Styled(indent, "dim"),
        Styled(f"{style.glyph} ", style.color),
        Styled(f"▸{agents} " if collapsed else "", "dim"),
        Styled(f"{title}  " if title else "", "cyan"),
        name or UNTITLED,
    )
    cells = (
        parts,
        plan_bar(session.plan_done, session.plan_total),
        _context(session.context) if session.state in LIVE else "",
        tokens(session.tokens.total),
        age_of(session.last_at, now.moment),
    )
    text = f"{session.state}  {label(session)}  {session.project}"
    return ListRow(
        session_key(session), cells, text=text, id=session.id, parent=parent, collapsed=collapsed
    )


def plan_bar(done: int, total: int) -> Cell | tuple[Cell, ...]:
    """The progress of a plan as a bar and numbers; empty if there is no plan."""
    if not total:
        return ""
    tone = "dim" if done == total else "green"
    return (Styled(bar(done, total), tone), f" {done}/{total}")


def bar(part: int, total: int) -> str:
    full = min(_BAR_WIDTH, _BAR_WIDTH * part // total)
    return "▰" * full + "▱" * (_BAR_WIDTH - full)


def _context(context: Context | None) -> Cell:
    """How full the context of a session is; empty if it is not known."""
    if context is None:
        return ""
    tone = "yellow" if context.is_nearly_full else "dim"
    return Styled(f"ctx {context.percent:.0f} %", tone)
