"""The tree of the journal screen: days, newest first, with the sessions active on each. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from ingest.db.query_reader import QueryReader
from ingest.projects.journal.build import list_days
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import UNTITLED, Session, label, list_sessions
from ingest.text.numbers import pluralize
from ingest.text.state_style import STATE_STYLES
from tui.filters import parse
from tui.scope import EVERYTHING, ScreenScope
from tui.widgets.column import Cell, Column, ListRow, Styled
from tui.widgets.listing import Key, ViewState


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
        listed = list_sessions(reader, Scope(), self.now)
        sessions = {each.id: each for each in listed if self.scope.has(each)}
        days = list_days(reader, self.scope.project, None)
        shown = {id_ for ids in days.values() for id_ in ids if id_ in sessions}
        self.count_text = f"{pluralize(len(shown), 'session')} on {pluralize(len(days), 'day')}"
        self._rows = {row.key: row for row in tree(days, sessions, view)}
        return list(self._rows)

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Key]
    ) -> Mapping[Key, ListRow]:
        rows = self._rows
        return {key: rows[key] for key in keys if key in rows}


def tree(
    days: Mapping[date, Sequence[str]], sessions: Mapping[str, Session], view: ViewState
) -> Iterator[ListRow]:
    """The visible rows. By default only the newest day is open."""
    newest = next(iter(days), None)
    for day, ids in days.items():
        key = JournalKey(day)
        active = [sessions[id_] for id_ in ids if id_ in sessions]
        rows = [_session(session, day) for session in sorted(active, key=_start_key)]
        if view.filter:
            words = parse(view.filter)
            shown = [row for row in rows if words.matches(row.visible_text())]
            is_day = view.filter.lower() in day.isoformat()
            if shown or is_day:
                yield _day(day, active, collapsed=False)
                yield from rows if is_day else shown
            continue
        collapsed = (day != newest) ^ (key in view.folded)
        yield _day(day, active, collapsed=collapsed)
        if not collapsed:
            yield from rows


def _start_key(session: Session) -> tuple[str, str]:
    return (session.started_at.isoformat() if session.started_at else "", session.id)


def _day(day: date, sessions: Sequence[Session], *, collapsed: bool) -> ListRow:
    projects = {session.project for session in sessions}
    parts: tuple[Cell, ...] = (
        Styled("▸ " if collapsed else "▾ ", "dim"),
        Styled(f"{day:%Y-%m-%d %a}", "title"),
        Styled(f"  {pluralize(len(sessions), 'session')}", "dim"),
    )
    project = projects.pop() if len(projects) == 1 else pluralize(len(projects), "project")
    cells = (parts, Styled(project, "dim"))
    text = f"{day}"
    return ListRow(JournalKey(day), cells, text=text, id=text, collapsed=collapsed)


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
