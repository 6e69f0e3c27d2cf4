"""The contents of a list: the keys in their order, and the rows of some of them.

A table loads all keys of one moment, and only the rows that are on screen. So it handles 100,000
keys without holding their texts. Implementations are pure and run on a query thread.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from ingest.db.query_reader import QueryReader
from tui import filters
from tui.widgets.column import Column, ListRow, parts_of

Key = Any


class ViewState(Struct, frozen=True):
    """How a person chose to see a list."""

    sort: str = ""
    """The name of a column; empty for the list's own order."""
    reverse: bool = False
    filter: str = ""
    folded: frozenset[Key] = frozenset()
    """Keys of tree rows that a person opened or closed, against their default."""
    flat: bool = False
    """Whether a tree is shown as a list."""


def filter_values(listing: "Listing") -> Mapping[str, Sequence[str]]:
    """The fields that a filter of the list may name, with their values; those of `""` are words."""
    return getattr(listing, "filter_values", {})


class Listing(Protocol):
    """A list with fields for its filter has them in `filter_values`."""

    @property
    def columns(self) -> tuple[Column, ...]: ...

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[Key]:
        """All keys of the list, in order."""

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Key]
    ) -> Mapping[Key, ListRow]:
        """The current rows of these keys; keys that no longer exist are missing."""


class InMemoryListing:
    """A list of at most some thousand rows, loaded as a whole, then filtered and sorted here. A
    subclass implements `load`."""

    columns: tuple[Column, ...] = ()

    def __init__(self) -> None:
        self._loaded: dict[Key, ListRow] = {}

    def load(self, reader: QueryReader) -> Sequence[ListRow]:
        raise NotImplementedError

    def sort_value(self, row: ListRow, column: int) -> Any:
        """What a row is sorted by in this column: by default the text of its cell."""
        return "".join(part.text for part in parts_of(row.cells[column])).lower()

    def filter_and_sort(self, rows: Iterable[ListRow], view: ViewState) -> list[ListRow]:
        words = filters.parse(view.filter)
        matching = [row for row in rows if words.matches(row.visible_text())]
        column = next((i for i, each in enumerate(self.columns) if each.name == view.sort), None)
        if column is not None:
            matching.sort(key=lambda row: self.sort_value(row, column))
        return matching[::-1] if view.reverse else matching

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[Key]:
        rows = self.filter_and_sort(self.load(reader), view)
        self._loaded = {row.key: row for row in rows}
        return list(self._loaded)

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Key]
    ) -> Mapping[Key, ListRow]:
        loaded = self._loaded
        if not loaded.keys() >= set(keys):
            loaded = {row.key: row for row in self.load(reader)}
        return {key: loaded[key] for key in keys if key in loaded}
