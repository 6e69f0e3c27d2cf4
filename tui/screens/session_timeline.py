"""The timeline of a session as a list: a row for each entry, which opens to its parts, and a row
where a day begins. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from ingest.codex.facts import CallKind
from ingest.db.query_reader import QueryReader
from ingest.sessions.timeline import (
    Moment,
    TimelineKind,
    TimelinePosition,
    Tools,
    load_moments,
    load_order,
)
from ingest.sessions.timeline_entries import Entry, group
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from ingest.text.times import duration, local_day
from tui.filters import parse
from tui.widgets.column import Cell, Column, ListRow, Styled
from tui.widgets.listing import ViewState

DAY: Final = "day"
"""What the position of a row with a date says it is."""
_FIRST: Final = -1
"""The `part` of the first item of an entry where it is listed as a part of it."""
_TONES: Final = {
    TimelineKind.TURN: "title",
    TimelineKind.COMMIT: "green",
    TimelineKind.FILE: "cyan",
    TimelineKind.PLAN: "magenta",
    TimelineKind.AGENT: "cyan",
    TimelineKind.EVENT: "dim",
}
_MAX_CHARS: Final = 400
"""Of a row; the pane beside the list shows the full text."""
_MAX_NAMED: Final = 4
"""How many calls of a script its row names."""


class Timeline:
    columns = (
        Column("time", "Time", 8, sorts=False, drop_order=1),
        Column("who", "Who", 10, sorts=False),
        Column("what", "What", 20, grow=1, sorts=False),
        Column("took", "Took", 8, right=True, sorts=False, drop_order=2),
    )

    def __init__(self, home: str, session: str) -> None:
        self.home, self.session = home, session
        self.tools = Tools.SHORT
        self._entries: dict[TimelinePosition, Entry] = {}
        self._entry_keys: dict[TimelinePosition, TimelinePosition] = {}
        """The key of the entry of each of its items, for entries with several."""
        self._times: dict[TimelinePosition, datetime] = {}
        """Of the rows with dates."""
        self.children: dict[TimelinePosition, str] = {}
        """The session of the sub-agent that a loaded row is about."""

    # ── entries ───────────────────────────────────────────────────────────────────────────────────

    def entry_key(self, at: TimelinePosition) -> TimelinePosition:
        """The row that an item is in."""
        return self._entry_keys.get(at.whole, at)

    def items_of(self, key: TimelinePosition) -> list[TimelinePosition]:
        """The items that a row is about, the most important one first."""
        entry = self._entries.get(key)
        if entry is None:
            return [key.whole]
        return [entry.face.at, *(item.at for item in entry.parts)]

    def is_script(self, at: TimelinePosition) -> bool:
        """Whether this item is a script that made the other items of its entry."""
        entry = self._entries.get(at)
        return entry is not None and len(entry.items) > 1 and entry.items[0].kind == CallKind.SCRIPT

    def keys_with_parts(self) -> list[TimelinePosition]:
        return [key for key, entry in self._entries.items() if len(entry.items) > 1]

    def time_of(self, key: TimelinePosition | None) -> datetime | None:
        """When the entry of this row happened."""
        if key is None:
            return None
        entry = self._entries.get(self.entry_key(key))
        return self._times.get(key) or (entry.time if entry is not None else None)

    def next_entry(self, key: TimelinePosition | None, by: int) -> TimelinePosition | None:
        """The entry that many after the one of this row, or before it; None if there is none."""
        keys = list(self._entries)
        at = self.entry_key(key) if key is not None else None
        if key is None or at not in self._entries:
            return keys[0] if keys else None
        # A row with a date is before the entry that it leads to.
        index = keys.index(at) + by - (key.what == DAY and by > 0)
        return keys[index] if 0 <= index < len(keys) else None

    def key_at(self, moment: datetime) -> TimelinePosition | None:
        """The newest entry at this time."""
        newest = None
        for key, entry in self._entries.items():
            if newest is None or (entry.time is not None and entry.time <= moment):
                newest = key
        return newest

    # ── the list ──────────────────────────────────────────────────────────────────────────────────

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[TimelinePosition]:
        filtered = bool(view.filter)
        words = parse(view.filter)
        order = load_order(reader, self.home, self.session, self.tools, words=filtered)
        entries = group(order)
        self._entry_keys = {
            item.at: entry.at for entry in entries if len(entry.items) > 1 for item in entry.items
        }
        self._entries = {entry.at: entry for entry in entries}
        self._times = {}
        shown = [entry for entry in entries if not filtered or words.matches(entry.text)]
        return list(self._keys(shown, view))

    def _keys(self, entries: list[Entry], view: ViewState) -> Iterator[TimelinePosition]:
        before = quarter = None
        for entry in entries:
            at, time = entry.at, entry.time
            # A day begins with a quarter of an hour, in every time zone.
            if time is not None and (now := (time.day, time.hour, time.minute // 15)) != quarter:
                quarter, day = now, local_day(time)
                if day != before:
                    before, key = day, at._replace(what=DAY)
                    self._times[key], self._entry_keys[key] = time, at
                    yield key
            yield at
            face = entry.face
            for line in range(1, face.lines + 1):
                yield face.at._replace(part=line)
            if at in view.folded:
                for item in entry.parts:
                    yield item.at._replace(part=_FIRST) if item.at == at else item.at

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[TimelinePosition]
    ) -> Mapping[TimelinePosition, ListRow]:
        wanted = {item for key in keys if key.what != DAY for item in self._needed(key)}
        moments = load_moments(reader, self.home, self.session, sorted(wanted))
        rows = {}
        for key in keys:
            row = self._row(key, moments, view)
            if row is not None:
                rows[key] = row
        return rows

    def _needed(self, key: TimelinePosition) -> list[TimelinePosition]:
        return [key] if key.part > 0 else self.items_of(key)

    def _row(
        self, key: TimelinePosition, moments: Mapping[TimelinePosition, Moment], view: ViewState
    ) -> ListRow | None:
        if key.what == DAY:
            return _day_row(key, self._times[key]) if key in self._times else None
        entry = self._entries.get(key)
        if entry is not None:
            found = [moments[at] for at in self.items_of(key) if at in moments]
            if not found or found[0].at != entry.face.at:
                return None
            self._remember_child(key, found)
            opens = len(entry.items) > 1
            return _entry_row(key, found, (key not in view.folded) if opens else None)
        moment = moments.get(key if key.part > 0 else key.whole)
        if moment is None:
            return None
        self._remember_child(key, [moment])
        parent = self.entry_key(key)
        name = "script" if self.is_script(key.whole) else moment.name
        return _part_row(key, moment, name, parent)

    def _remember_child(self, key: TimelinePosition, moments: Sequence[Moment]) -> None:
        child = next((moment.child for moment in moments if moment.child), "")
        if child:
            self.children[key] = child


def _day_row(key: TimelinePosition, moment: datetime) -> ListRow:
    local = moment.replace(tzinfo=UTC).astimezone()
    text = f"{local:%A}, {local.day} {local:%B %Y}"
    return ListRow(key, (Styled(text, "bold"), "", "", ""), text=text, spans=True)


def _part_row(
    key: TimelinePosition, moment: Moment, name: str, parent: TimelinePosition
) -> ListRow:
    head = moment.head[:_MAX_CHARS]
    if key.part <= 0:
        head = f"{name}  {head}"
    cells: tuple[Cell | tuple[Cell, ...], ...] = (
        "", "", (Styled("    │ ", "dim"), Styled(head, "dim")), "",
    )  # fmt: skip
    return ListRow(key, cells, text=moment.head if key.part > 0 else moment.body, parent=parent)


def _entry_row(key: TimelinePosition, moments: Sequence[Moment], collapsed: bool | None) -> ListRow:
    face, *others = moments
    kind = TimelineKind(face.at.what)
    name, state, head = face.name, face.state, face.head
    calls = [other for other in others if other.at.what == TimelineKind.CALL]
    if face.at == key and calls:
        name = "script"
        named = [f"{call.name} {call.head}" for call in calls[:_MAX_NAMED]]
        head = " · ".join(named) + (" …" if len(calls) > _MAX_NAMED else "")
        state = next((call.state for call in calls if call.state == "failed"), state)
    elif face.name == head:
        # A patch that only its files describe.
        files = [other.head for other in others if other.at.what == TimelineKind.FILE]
        head = ", ".join(files) or head
    style = STATE_STYLES.get(state, UNKNOWN)
    tone = _TONES.get(kind, "bold" if face.name == "you" else "")
    glyph = Styled(f"{style.glyph} ", style.color) if state else ""
    mark = "" if collapsed is None else "▸ " if collapsed else "▾ "
    indent = "" if kind is TimelineKind.TURN else "  "
    text = Styled(head[:_MAX_CHARS], tone if kind is not TimelineKind.MESSAGE else "")
    cells: tuple[Cell | tuple[Cell, ...], ...] = (
        Styled(_clock(face.time), "dim"),
        Styled(name, tone),
        (Styled(mark or indent, "dim"), glyph, text),
        Styled(duration(face.seconds), "dim"),
    )
    at = face.at
    return ListRow(key, cells, text=face.body, id=f"{at.source}:{at.byte}", collapsed=collapsed)


def _clock(moment: datetime | None) -> str:
    return f"{moment.replace(tzinfo=UTC).astimezone():%H:%M:%S}" if moment else ""
