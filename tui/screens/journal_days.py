"""The tree of the journal screen: days, the newest first, and the sessions that moved on each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from ingest.db.query_reader import QueryReader
from ingest.projects.journal.build import list_days
from ingest.sessions.scope import Now, Scope
from ingest.sessions.session import Session, label, list_sessions
from ingest.text.state_style import STATE_STYLES
from ingest.text.units import pluralize
from tui.widgets.column import Cell, Column, Line, Styled
from tui.widgets.listing import Key, View, matches


class About(Struct, frozen=True):
    """What a line is about: a day, or a session on it."""

    day: date
    session: str | None = None
    project: str | None = None


class JournalDays:
    columns = (
        Column("day", "Day", 20, grow=1),
        Column("project", "Project", 10, spare=1),
    )

    def __init__(self) -> None:
        self._lines: dict[Key, Line] = {}
        self.now: Now | None = None
        self.counted = ""

    def at(self, now: Now) -> None:
        """Judge sessions at this moment from now on."""
        self.now = now

    def keys(self, reading: QueryReader, view: View) -> Sequence[Key]:
        if self.now is None:
            return []
        sessions = {one.id: one for one in list_sessions(reading, Scope(), self.now)}
        days = list_days(reading, None, None)
        told = {one for ids in days.values() for one in ids if one in sessions}
        self.counted = f"{pluralize(len(told), 'session')} on {pluralize(len(days), 'day')}"
        self._lines = {line.key: line for line in tree(days, sessions, view)}
        return list(self._lines)

    def lines(self, reading: QueryReader, view: View, keys: Sequence[Key]) -> Mapping[Key, Line]:
        lines = self._lines
        return {key: lines[key] for key in keys if key in lines}


def tree(
    days: Mapping[date, Sequence[str]], sessions: Mapping[str, Session], view: View
) -> Iterator[Line]:
    """The lines as the tree is folded and filtered; by itself the newest day is open."""
    newest = next(iter(days), None)
    for day, ids in days.items():
        key = About(day)
        found = [sessions[one] for one in ids if one in sessions]
        # The day itself is in each line, so that a filter may name it.
        below = [_session(one, day) for one in sorted(found, key=_began)]
        if view.filter:
            shown = [line for line in below if matches(line, view.filter)]
            whole = view.filter.lower() in day.isoformat()
            if shown or whole:
                yield _day(day, found, closed=False)
                yield from below if whole else shown
            continue
        closed = (day != newest) ^ (key in view.folded)
        yield _day(day, found, closed=closed)
        if not closed:
            yield from below


def _began(one: Session) -> tuple[str, str]:
    return (one.started_at.isoformat() if one.started_at else "", one.id)


def _day(day: date, found: Sequence[Session], *, closed: bool) -> Line:
    projects = {one.project for one in found}
    parts: tuple[Cell, ...] = (
        Styled("▸ " if closed else "▾ ", "dim"),
        Styled(f"{day:%Y-%m-%d %a}", "title"),
        Styled(f"  {pluralize(len(found), 'session')}", "dim"),
    )
    project = projects.pop() if len(projects) == 1 else pluralize(len(projects), "project")
    cells = (parts, Styled(project, "dim"))
    text = f"{day}"
    return Line(About(day), cells, text=text, id=text, closed=closed)


def _session(one: Session, day: date) -> Line:
    look = STATE_STYLES[one.state]
    parts: tuple[Cell, ...] = (
        "  ",
        Styled(f"{look.glyph} ", look.color),
        Styled(f"{one.nickname}  " if one.nickname else "", "cyan"),
        (one.title or "(no prompt)") if one.nickname else label(one),
    )
    key = About(day, one.id, one.project)
    cells = (parts, Styled(one.project, "dim"))
    return Line(key, cells, text=label(one), id=one.id, above=About(day))
