"""Groups the items of a timeline into entries: a call with what it did is one entry. Pure.

An entry begins at its first item, so that its key stays the same while a session goes on: a
script, then the calls that it made, the files that these changed, the plan that it set. What it
shows is its `face`: what was really called.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, field

from ingest.codex.facts import CallKind
from ingest.sessions.timeline import Order, TimelineKind, TimelinePosition

_BELONGING = (TimelineKind.FILE, TimelineKind.PLAN, TimelineKind.AGENT)
_MADE_BY_SCRIPTS = (CallKind.COMMAND, CallKind.PATCH, CallKind.MCP)
_HOLDERS = (CallKind.SCRIPT, CallKind.AGENT)


class Entry(Struct):
    items: list[Order] = field(default_factory=list)

    @property
    def at(self) -> TimelinePosition:
        return self.items[0].at

    @property
    def time(self) -> datetime | None:
        return self.items[0].time

    @property
    def text(self) -> str:
        """What a filter searches."""
        return "\n".join(item.text for item in self.items)

    @property
    def face(self) -> Order:
        """The item that the entry shows: of a script with one call, this call."""
        if len(self.items) == 1:
            return self.items[0]
        first, *others = self.items
        if first.at.what != TimelineKind.CALL or first.kind not in _HOLDERS:
            return first
        shown = [item for item in others if item.at.what != TimelineKind.FILE]
        return shown[0] if len(shown) == 1 else first

    @property
    def parts(self) -> list[Order]:
        """The other items."""
        face = self.face.at
        return [item for item in self.items if item.at != face]


def group(order: Iterable[Order]) -> list[Entry]:
    entries: list[Entry] = []
    calls: dict[tuple[int, int], Entry] = {}
    """The entry of each call, by its line."""
    holder: Order | None = None
    """The newest script or call that starts a sub-agent, of the turn that goes on."""
    for item in order:
        at = item.at
        if holder is not None and (item.turn != holder.turn or at.source != holder.at.source):
            holder = None
        entry = calls.get((at.source, at.byte)) if at.what in _BELONGING else None
        if entry is None and holder is not None and _belongs(item, holder):
            entry = calls[holder.at.source, holder.at.byte]
        if entry is None:
            entry = Entry()
            entries.append(entry)
        entry.items.append(item)
        if at.what == TimelineKind.CALL:
            calls[at.source, at.byte] = entry
            if item.kind in _HOLDERS and item is entry.items[0]:
                holder = item
    return entries


def _belongs(item: Order, holder: Order) -> bool:
    """Whether the holder did this: it happened before its output, or only a script can have."""
    if item.at.what == TimelineKind.CALL:
        return (
            holder.kind == CallKind.SCRIPT and item.scripted and item.kind in _MADE_BY_SCRIPTS
        ) or (_is_before_output(item, holder) and item.kind == CallKind.AGENT)
    return item.at.what in _BELONGING and _is_before_output(item, holder)


def _is_before_output(item: Order, holder: Order) -> bool:
    return holder.until is None or item.at.byte < holder.until
