"""A question whose answer may be long: who is in it, in which order, and how some of them look.

A list asks for all keys at one moment and for the lines of those that are on screen, so it holds
100,000 of them without holding their text. Implementations are pure and run beside the loop.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from ingest.db.query_reader import QueryReader
from tui.widgets.column import Column, Line, parts_of

Key = Any


class View(Struct, frozen=True):
    """How a person wants to see a list."""

    sort: str = ""
    """The name of a column; the list's own order where it is empty."""
    reverse: bool = False
    filter: str = ""
    folded: frozenset[Key] = frozenset()


class Listing(Protocol):
    @property
    def columns(self) -> tuple[Column, ...]: ...

    def keys(self, reading: QueryReader, view: View) -> Sequence[Key]:
        """Who is in the list, in its order."""

    def lines(self, reading: QueryReader, view: View, keys: Sequence[Key]) -> Mapping[Key, Line]:
        """How these look now; who is there no more is left out."""


class InMemoryListing:
    """For a list of at most some thousands, which is asked for as a whole: filter and sort are
    ours. A subclass answers `all`."""

    columns: tuple[Column, ...] = ()

    def __init__(self) -> None:
        self._seen: dict[Key, Line] = {}

    def all(self, reading: QueryReader) -> Sequence[Line]:
        raise NotImplementedError

    def sort_value(self, line: Line, place: int) -> Any:
        """What a line is sorted by in this column; its text, where nothing else is said."""
        parts = line.cells[place]
        return "".join(part.text for part in parts_of(parts)).lower()

    def arranged(self, lines: Iterable[Line], view: View) -> list[Line]:
        """These lines as the view has them."""
        found = [line for line in lines if matches(line, view.filter)]
        place = next((i for i, one in enumerate(self.columns) if one.name == view.sort), None)
        if place is not None:
            found.sort(key=lambda line: self.sort_value(line, place))
        return found[::-1] if view.reverse else found

    def keys(self, reading: QueryReader, view: View) -> Sequence[Key]:
        found = self.arranged(self.all(reading), view)
        self._seen = {line.key: line for line in found}
        return [line.key for line in found]

    def lines(self, reading: QueryReader, view: View, keys: Sequence[Key]) -> Mapping[Key, Line]:
        if not self._seen.keys() >= set(keys):
            everybody = {line.key: line for line in self.all(reading)}
            return {key: everybody[key] for key in keys if key in everybody}
        return {key: self._seen[key] for key in keys}


def matches(line: Line, words: str) -> bool:
    """Whether a line holds all the words, and none that begins with a `!`."""
    return not words or says(shown(line), words)


def shown(line: Line) -> str:
    """All that a line shows."""
    return " ".join(part.text for one in line.cells for part in parts_of(one))


def says(text: str, words: str) -> bool:
    """The same of a text."""
    text = text.lower()
    return all(
        word[1:] not in text if word.startswith("!") and len(word) > 1 else word in text
        for word in words.lower().split()
    )
