"""A scrollable list that loads and draws only the rows on screen.

Promises that a refresh never moves the row under the cursor, the rows above it, or the scroll
position: new rows that move no row a person looks at are inserted at once, other changes of the
order wait until the person asks for them, and deleted rows stay in place until then. The cells of
rows are always current. Rows are identified by their keys.
The `Listing` defines the contents, `rows.py` draws a row.

This module is one widget: its parts share the key order, the cursor and the cached rows.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace
from textual import events
from textual.binding import BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ingest.db.query_reader import QueryReader
from tui.commands import bind
from tui.query_runner import Query
from tui.widgets.column import ListRow
from tui.widgets.listing import Key, Listing, ViewState
from tui.widgets.rows import Rows, RowState

_WORD: Final = re.compile(r"\w[\w./-]+\w")
FIRST_PAGE: Final = 60
"""Rows loaded at first, before the height of the widget is known."""
_PREFETCH: Final = FIRST_PAGE // 2
"""Rows above and below the screen that are loaded with those on screen."""
_CACHED_ROWS: Final = 2000


class ListResult(Struct, frozen=True):
    """The answer to one query of a table."""

    listing: Listing
    """The queried list: the table may show another one when the answer arrives."""
    view: ViewState
    keys: Sequence[Key]
    requested: Sequence[Key]
    """The keys whose rows were requested; those that no longer exist have no row."""
    rows: dict[Key, ListRow]


class _TableMessage(Message):
    def __init__(self, table: "Table") -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> "Table":
        return self.table

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self) and message.control is self.table


class _RowMessage(_TableMessage):
    def __init__(self, table: "Table", key: Key) -> None:
        super().__init__(table)
        self.key = key


class Table(Rows, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = bind(
        "open", "down", "up", "top", "bottom", "half-down", "half-up", "page-down", "page-up",
        "mark", "mark-all", "sort", "reverse", "show-new",
    )  # fmt: skip
    DEFAULT_CSS = """
    Table {
        height: 1fr;
        background: $background;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
    }
    """

    cursor: reactive[int] = reactive(0, init=False)

    class CursorMoved(_RowMessage):
        """Another row is under the cursor, or none."""

    class RowOpened(_RowMessage):
        """Enter, or a second click on the row under the cursor."""

        def can_replace(self, message: Message) -> bool:
            return False

    class RowsNeeded(_TableMessage):
        """Rows on screen are not loaded, or the whole list has to be loaded again."""

    class StateChanged(_TableMessage):
        """The number of rows, the pending changes or the marks changed."""

    def __init__(
        self,
        listing: Listing,
        view: ViewState | None = None,
        *,
        titles: bool = True,
        marks: bool = True,
        id: str | None = None,
    ) -> None:
        super().__init__(titles=titles, marks=marks, id=id)
        self.listing = listing
        self.view = view or ViewState()
        self.loaded = False
        self.marked: set[Key] = set()
        self.pending_keys: Sequence[Key] | None = None
        """The newest order, not shown yet because it would move rows."""
        self.new_count = 0
        """How many rows of `pending_keys` are new."""
        self._keys: list[Key] = []
        self._indexes: dict[Key, int] = {}
        self._rows: dict[Key, ListRow] = {}
        self._fresh_keys: set[Key] = set()
        """Rows of the last refresh; others are loaded again when they come on screen."""
        self._replace_all = True
        """Whether the next result replaces the order, whatever moves."""
        self._requested: frozenset[Key] = frozenset()

    # ── queries and their results ─────────────────────────────────────────────────────────────────

    def build_query(self) -> Query[ListResult]:
        """Loads all keys, and the rows on screen."""
        listing, view, on_screen = self.listing, self.view, self._on_screen()

        def query(reader: QueryReader) -> ListResult:
            keys = listing.keys(reader, view)
            requested = on_screen or list(keys[:FIRST_PAGE])
            rows = dict(listing.rows(reader, view, requested))
            return ListResult(listing, view, keys, requested, rows)

        return query

    def build_page_query(self) -> Query[ListResult] | None:
        """Loads the rows on screen that are not loaded yet."""
        listing, view = self.listing, self.view
        missing = [key for key in self._on_screen(_PREFETCH) if key not in self._fresh_keys]
        if not missing:
            return None
        return lambda reader: ListResult(
            listing, view, (), missing, dict(listing.rows(reader, view, missing))
        )

    def set_result(self, result: ListResult, *, at_once: bool = False) -> None:
        """Show a result. With `at_once`, changes are shown even if they move rows."""
        if not self._is_current(result):
            return
        same = all(self._rows.get(key) == row for key, row in result.rows.items())
        for key in result.rows:
            self._rows.pop(key, None)
        self._rows.update(result.rows)
        self._fresh_keys = set(result.requested)
        self._requested = frozenset()
        unmoved = self.loaded and not self._replace_all and list(result.keys) == self._keys
        if same and unmoved and self.pending_keys is None:
            return
        for key in list(self._rows)[: max(0, len(self._rows) - _CACHED_ROWS)]:
            del self._rows[key]
        before = self._keys
        if self._replace_all or at_once or not before or self._moves_nothing(result.keys):
            self._set_keys(result.keys)
        else:
            merged = self._merge(result.keys)
            if merged != before:
                self._set_keys(merged)
            if list(result.keys) == merged:
                self.pending_keys, self.new_count = None, 0
            else:
                new = [key for key in result.keys if key not in self._indexes]
                self.new_count = sum(map(self._counts_as_new, new))
                self.pending_keys = result.keys
        self._replace_all = False
        if bool(before) != bool(self._keys):
            self.screen.refresh_bindings()
        if not self.loaded:
            self.loaded = True
            self.post_message(self.CursorMoved(self, self.key))
        self.post_message(self.StateChanged(self))
        self.refresh()

    @property
    def _visible_rows(self) -> int:
        """How many rows the screen has room for."""
        return max(1, self.size.height - self.title_height)

    def _counts_as_new(self, key: Key) -> bool:
        """Not a line that belongs to the row above it."""
        return bool(getattr(self.listing, "counts_as_new", lambda _: True)(key))

    def _moves_nothing(self, keys: Sequence[Key]) -> bool:
        """Whether this order moves no row a person looks at: it changes only rows below the screen,
        or everything fits on the screen and new rows come below the cursor."""
        before = self._keys
        end = self.scroll_offset.y + self._visible_rows
        if list(keys[:end]) == before[:end]:
            return True
        end = self.cursor + 1
        fits = len(keys) <= self._visible_rows
        if not fits or list(keys[:end]) != before[:end]:
            return False
        remaining = iter(keys)
        return all(key in remaining for key in before)

    def _merge(self, keys: Sequence[Key]) -> list[Key]:
        """The shown order with those changes of `keys` that move no row a person looks at.

        New rows are inserted below the cursor, if they are below the screen, if there is room for
        them, or if they are the contents of an open row that shows none.
        """
        current, end = set(keys), self.scroll_offset.y + self._visible_rows
        shown = self._without_old_lines(current)
        indexes = {key: index for index, key in enumerate(shown)}
        room = self._visible_rows - len(shown)
        inserted: dict[int, list[Key]] = {}
        place: int | None = None
        """Where a new row comes; None if the row before it is not shown."""
        opened = False
        for key in keys:
            if key in indexes:
                place = indexes[key] + 1
                while place < len(shown) and shown[place] not in current:
                    place += 1
                opened = self._shows_no_contents(key, shown[place : place + 1])
            elif place is not None and place > self.cursor and (place >= end or room > 0 or opened):
                inserted.setdefault(place, []).append(key)
                room -= 1
            else:
                place = None
        if not inserted:
            return shown
        merged: list[Key] = []
        for index in range(len(shown) + 1):
            merged += inserted.get(index, ())
            merged += shown[index : index + 1]
        return merged

    def _without_old_lines(self, current: set[Key]) -> list[Key]:
        """The shown rows without deleted lines that belonged to a row, where that moves neither the
        cursor nor the scroll position."""
        head = self._keys[: self.cursor + 1]
        rest = self._keys[self.cursor + 1 :]
        rest = [key for key in rest if key in current or self._counts_as_new(key)]
        scrolled = self.scroll_offset.y
        if scrolled and len(head) + len(rest) < scrolled + self._visible_rows:
            return list(self._keys)
        return head + rest

    def _shows_no_contents(self, key: Key, below: Sequence[Key]) -> bool:
        """Whether a row is open although no row below belongs to it."""
        row = self._rows.get(key)
        if row is None or row.collapsed is not False:
            return False
        if not below:
            return True
        child = self._rows.get(below[0])
        return child is not None and child.parent != key

    def add_rows(self, result: ListResult) -> None:
        """Show the result of a page query."""
        if self._is_current(result):
            self._rows.update(result.rows)
            # Also keys that no longer exist: they must not be requested again.
            self._fresh_keys |= set(result.requested)
            self._requested = frozenset()
            self.refresh()

    def refresh_ages(self, now: datetime) -> None:
        """Update the ages that are on screen."""
        on_screen = [key for key in self._on_screen() if key in self._rows]
        aged = {key: self._rows[key].with_current_ages(now) for key in on_screen}
        if any(row is not self._rows[key] for key, row in aged.items()):
            self._rows.update(aged)
            self.refresh()

    def _is_current(self, result: ListResult) -> bool:
        """Whether a result is about the list and the view that are shown now."""
        return result.listing is self.listing and result.view == self.view

    def set_view(self, view: ViewState) -> None:
        """Sort, filter or fold the list differently. The cursor stays on its row."""
        self.view = view
        self._replace_all = True
        self.post_message(self.RowsNeeded(self))

    def expect_other_rows(self) -> None:
        """Let the next result replace the order, whatever moves."""
        self._replace_all = True

    def set_listing(self, listing: Listing, view: ViewState | None = None) -> None:
        """Show another list in this table."""
        self.listing = listing
        self.loaded = False
        self._keys, self._indexes, self._rows, self.marked = [], {}, {}, set()
        self.pending_keys, self.new_count = None, 0
        self.set_reactive(Table.cursor, 0)
        self.invalidate_fit()
        self.set_view(view or ViewState())

    def _set_keys(self, keys: Sequence[Key]) -> None:
        """Show this order. The row under the cursor stays where it is on the screen."""
        selected, offset = self.key, self.cursor - self.scroll_offset.y
        self._keys = list(keys)
        self._indexes = {key: index for index, key in enumerate(self._keys)}
        self.pending_keys, self.new_count = None, 0
        self.marked &= self._indexes.keys()
        index = self._indexes.get(selected, min(self.cursor, max(0, len(self._keys) - 1)))
        self._update_virtual_size()
        moved = index != self.cursor
        self.set_reactive(Table.cursor, index)
        if moved or index < self.scroll_offset.y:
            self.scroll_to(y=max(0, index - offset), animate=False, force=True, immediate=True)
        if self.key != selected:
            self.post_message(self.CursorMoved(self, self.key))

    @property
    def needs_reload(self) -> bool:
        """Whether the whole list has to be loaded, and not only more rows."""
        return self._replace_all

    # ── contents ──────────────────────────────────────────────────────────────────────────────────

    @property
    def key(self) -> Key | None:
        """The key of the row under the cursor."""
        return self._keys[self.cursor] if self.cursor < len(self._keys) else None

    @property
    def row(self) -> ListRow | None:
        """The row under the cursor, if it is loaded."""
        return self._rows.get(self.key)

    @property
    def length(self) -> int:
        return len(self._keys)

    def selected_keys(self) -> list[Key]:
        """The rows that a command applies to: the marked ones in order, else the one at the
        cursor."""
        if self.marked:
            return [key for key in self._keys if key in self.marked]
        return [] if self.key is None else [self.key]

    def move_to(self, key: Key) -> bool:
        """Move the cursor to a row; whether the list has it."""
        index = self._indexes.get(key)
        if index is None:
            return False
        self.cursor = index
        return True

    def jump_targets(self) -> dict[Offset, Callable[[], None]]:
        """What puts the cursor on each row that is on screen, by the place of its label."""
        x, y, _, height = self.content_region
        first, end = self.scroll_offset.y, self.scroll_offset.y + height - self.title_height
        return {
            Offset(max(0, x - 1), y + self.title_height + index - first): partial(self._jump, index)
            for index in range(first, min(end, len(self._keys)))
        }

    def _jump(self, index: int) -> None:
        self.cursor = index
        self.focus()

    def all_keys(self) -> Sequence[Key]:
        return self._keys

    def shows_row(self, key: Key) -> bool:
        return key in self._on_screen()

    def _on_screen(self, margin: int = 0) -> list[Key]:
        first = max(0, self.scroll_offset.y - margin)
        height = max(self.size.height, 1)
        return self._keys[first : self.scroll_offset.y + height + margin]

    # ── drawing ───────────────────────────────────────────────────────────────────────────────────

    def _update_virtual_size(self) -> None:
        width = self.scrollable_content_region.width
        self.virtual_size = Size(width, len(self._keys) + self.title_height)

    def on_resize(self, event: events.Resize) -> None:
        self._update_virtual_size()
        self.call_after_refresh(self._scroll_to_cursor)

    def render_line(self, y: int) -> Strip:
        self.fit(self.listing.columns)
        if self.titles and y == 0:
            return self.title_strip(self.view)
        index = self.scroll_offset.y + y - self.title_height
        if not 0 <= index < len(self._keys):
            return self.blank_strip()
        key = self._keys[index]
        if key not in self._fresh_keys and key not in self._requested:
            self._requested = frozenset(self._on_screen(_PREFETCH))
            self.post_message(self.RowsNeeded(self))
        at_cursor = index == self.cursor
        row, marked = self._rows.get(key), key in self.marked
        return self.row_strip(key, RowState(row, at_cursor, at_cursor and self.has_focus, marked))

    # ── the cursor ────────────────────────────────────────────────────────────────────────────────

    def watch_cursor(self, before: int, now: int) -> None:
        self._scroll_to_cursor()
        self.post_message(self.CursorMoved(self, self.key))
        # If the table had to scroll, it is drawn as a whole anyway.
        self.refresh_line(before + self.title_height)
        self.refresh_line(now + self.title_height)

    def validate_cursor(self, index: int) -> int:
        return max(0, min(index, len(self._keys) - 1))

    def _scroll_to_cursor(self) -> None:
        # The titles are drawn over the first line of the widget, whatever the scroll position.
        region = Region(0, self.cursor, 1, 1 + self.title_height)
        self.scroll_to_region(region, animate=False, force=True, immediate=True)

    def action_down(self) -> None:
        self.cursor += 1

    def action_up(self) -> None:
        self.cursor -= 1

    def action_top(self) -> None:
        self.action_show_new()
        self.cursor = 0

    def action_bottom(self) -> None:
        self.action_show_new()
        self.cursor = len(self._keys) - 1

    def _move_pages(self, pages: float) -> None:
        self.cursor += round(pages * max(1, self.size.height - self.title_height))

    def action_page_down(self) -> None:
        self._move_pages(1)

    def action_page_up(self) -> None:
        self._move_pages(-1)

    def action_half_down(self) -> None:
        self._move_pages(0.5)

    def action_half_up(self) -> None:
        self._move_pages(-0.5)

    def action_show_new(self) -> None:
        if self.pending_keys is not None:
            self._set_keys(self.pending_keys)
            self.post_message(self.StateChanged(self))
            self.refresh()

    # ── marking, sorting, filtering ───────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("mark", "mark_all"):
            return self.marks and bool(self._keys)
        if action == "open":
            return bool(self._keys)
        if action in ("sort", "reverse"):
            return self.titles and any(column.sorts for column in self.listing.columns)
        return True

    def _set_marked(self, keys: set[Key]) -> None:
        self.marked = keys
        self.post_message(self.StateChanged(self))
        self.refresh()

    def action_mark(self) -> None:
        if self.key is not None:
            self._set_marked(self.marked ^ {self.key})
            self.cursor += 1

    def action_mark_all(self) -> None:
        self._set_marked(set() if len(self.marked) == len(self._keys) else set(self._keys))

    def clear_marks(self) -> None:
        self._set_marked(set())

    def action_sort(self) -> None:
        names = ["", *(column.name for column in self.listing.columns if column.sorts)]
        index = names.index(self.view.sort) if self.view.sort in names else 0
        self.set_view(replace(self.view, sort=names[(index + 1) % len(names)]))

    def action_reverse(self) -> None:
        self.set_view(replace(self.view, reverse=not self.view.reverse))

    def known_words(self) -> list[str]:
        """The words of the loaded rows, the most frequent ones first."""
        counts = Counter(
            word
            for row in self._rows.values()
            for word in set(_WORD.findall(row.visible_text().lower()))
        )
        return [word for word, _ in counts.most_common()]

    def set_filter(self, words: str) -> None:
        if words != self.view.filter:
            self.set_view(replace(self.view, filter=words))

    # ── opening, copying, the mouse ───────────────────────────────────────────────────────────────

    def action_open(self) -> None:
        if self.key is not None:
            self.post_message(self.RowOpened(self, self.key))

    def _selected_rows(self) -> list[ListRow]:
        return [self._rows[key] for key in self.selected_keys() if key in self._rows]

    def text_to_copy(self) -> str:
        return "\n".join(row.text_to_copy() for row in self._selected_rows())

    def id_to_copy(self) -> str:
        return "\n".join(row.id or row.text_to_copy() for row in self._selected_rows())

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y - self.title_height
        if self.titles and event.y == 0:
            self._sort_by_column_at(event.x)
        elif 0 <= index < len(self._keys):
            second = index == self.cursor and event.chain > 1
            self.cursor = index
            if second:
                self.action_open()

    def _sort_by_column_at(self, x: int) -> None:
        column = self.column_at(x)
        if column is not None and column.sorts:
            reverse = column.name == self.view.sort and not self.view.reverse
            self.set_view(replace(self.view, sort=column.name, reverse=reverse))
