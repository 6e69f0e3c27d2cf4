"""The tree of the journal screen: days, newest first, with the sessions active on each.

Only the sessions of open days are loaded, and a filter looks at the newest ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from ingest.db.query_reader import QueryReader
from ingest.projects.journal.build import Day, list_days
from ingest.sessions.scope import Now
from ingest.sessions.session import UNTITLED, Session, label, sessions_of_sources
from ingest.text.numbers import pluralize
from ingest.text.state_style import STATE_STYLES
from tui.filters import parse
from tui.scope import EVERYTHING, ScreenScope
from tui.widgets.column import Cell, Column, ListRow, Styled
from tui.widgets.listing import Key, ViewState

MAX_SESSIONS: Final = 5000
"""How many sessions a filter looks at, or a few more."""


class JournalKey(Struct, frozen=True):
    """Identifies a row: a day, or a session on a day."""

    day: date
    session: str | None = None
    project: str | None = None


class JournalDays:
    columns = (
        Column("day", "Day", 20, grow=1),
        Column("project", "Project", 10, drop_order=1),
    )

    def __init__(self) -> None:
        self._rows: dict[Key, ListRow] = {}
        self.now: Now | None = None
        self.scope = EVERYTHING
        self.count_text = ""

    def set_now(self, now: Now, scope: ScreenScope = EVERYTHING) -> None:
        """Show these sessions, in their states as of this time, from now on."""
        self.now, self.scope = now, scope

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[Key]:
        if self.now is None:
            return []
        days = list_days(reader, None, self.scope.project, self.scope.folder)
        sessions = sessions_of_sources(reader, _loaded(days, view), self.now)
        rows = tree(days, sessions, view)
        self._rows = {row.key: row for row in rows}
        count = len(set[int]().union(*(day.sources for day in days.values())))
        self.count_text = f"{pluralize(count, 'session')} on {pluralize(len(days), 'day')}"
        return list(self._rows)

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Key]
    ) -> Mapping[Key, ListRow]:
        rows = self._rows
        return {key: rows[key] for key in keys if key in rows}


def _loaded(days: Mapping[date, Day], view: ViewState) -> set[int]:
    """The sources whose sessions are needed: those of open days, or the newest for a filter."""
    sources = set[int]()
    for date_, day in days.items():
        if not _is_collapsed(date_, days, view) and len(sources) < MAX_SESSIONS:
            sources |= day.sources
    return sources


def tree(
    days: Mapping[date, Day], sessions: Mapping[int, Session], view: ViewState
) -> Iterator[ListRow]:
    """The visible rows."""
    words = parse(view.filter) if view.filter else None
    for date_, day in days.items():
        collapsed = _is_collapsed(date_, days, view)
        # A session that is stored twice, as of two homes, is one.
        active = {sessions[source].id: sessions[source] for source in day.sources & sessions.keys()}
        rows = [_session(each, date_) for each in sorted(active.values(), key=_start_key)]
        if words is not None and view.filter.lower() not in date_.isoformat():
            rows = [row for row in rows if words.matches(row.visible_text())]
            if not rows:
                continue
        yield _day(date_, day, collapsed=collapsed)
        if not collapsed:
            yield from rows


def _is_collapsed(date_: date, days: Mapping[date, Day], view: ViewState) -> bool:
    """By default only the newest day is open; with a filter all are."""
    if view.filter:
        return False
    return (date_ != next(iter(days))) ^ (JournalKey(date_) in view.folded)


def _start_key(session: Session) -> tuple[str, str]:
    return (session.started_at.isoformat() if session.started_at else "", session.id)


def _day(date_: date, day: Day, *, collapsed: bool) -> ListRow:
    parts: tuple[Cell, ...] = (
        Styled("▸ " if collapsed else "▾ ", "dim"),
        Styled(f"{date_:%Y-%m-%d %a}", "title"),
        Styled(f"  {pluralize(len(day.sources), 'session')}", "dim"),
    )
    (*others, project) = day.projects
    project = pluralize(len(day.projects), "project") if others else project
    cells = (parts, Styled(project, "dim"))
    text = f"{date_}"
    return ListRow(JournalKey(date_), cells, text=text, id=text, collapsed=collapsed)


def _session(session: Session, day: date) -> ListRow:
    style = STATE_STYLES[session.state]
    parts: tuple[Cell, ...] = (
        "  ",
        Styled(f"{style.glyph} ", style.color),
        Styled(f"{session.nickname}  " if session.nickname else "", "cyan"),
        (session.title or UNTITLED) if session.nickname else label(session),
    )
    key = JournalKey(day, session.id, session.project)
    cells = (parts, Styled(session.project, "dim"))
    return ListRow(key, cells, text=label(session), id=session.id, parent=JournalKey(day))
