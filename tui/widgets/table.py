"""A list as a window onto a question: only what is on screen is asked for and drawn.

Promises that a refresh never moves the row under the cursor, what stands above it, or the scroll
position: what fits below comes in by itself, other changes wait until they are asked for, what is
gone stays where it was, and a row is known by its key. What is in the list is for its `Listing`,
how a row is drawn for `rows.py`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ingest.db.query_reader import QueryReader
from tui.commands import bind
from tui.query_runner import Question
from tui.widgets.column import Line
from tui.widgets.listing import Key, Listing, View
from tui.widgets.rows import Looks, Rows

PAGE: Final = 60
"""Lines asked for at first, before it is known how many fit."""
_KEPT: Final = 2000
"""Lines that are remembered, seen or not."""


class RowsNeeded(Struct, frozen=True):
    """One look at a list."""

    listing: Listing
    """What is in the list; by the time of an answer another one may stand in its place."""
    view: View
    keys: Sequence[Key]
    wanted: Sequence[Key]
    """Whose lines were asked for; who is there no more has none."""
    lines: dict[Key, Line]


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

    class Opened(Message):
        """Enter, or a click on the row under the cursor."""

        def __init__(self, table: "Table", key: Key) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> "Table":
            return self.table

    class Moved(Message):
        """Another row is under the cursor, or none."""

        def __init__(self, table: "Table", key: Key) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> "Table":
            return self.table

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Table.Moved) and message.table is self.table

    class Wanting(Message):
        """There are rows on screen that nobody asked for yet; or the list is wanted anew."""

        def __init__(self, table: "Table") -> None:
            super().__init__()
            self.table = table

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Table.Wanting) and message.table is self.table

    class Stood(Message):
        """How the list as a whole stands has changed: its length, what waits, what is marked."""

        def __init__(self, table: "Table") -> None:
            super().__init__()
            self.table = table

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Table.Stood) and message.table is self.table

    def __init__(
        self,
        listing: Listing,
        view: View | None = None,
        *,
        titles: bool = True,
        marks: bool = True,
        id: str | None = None,
    ) -> None:
        super().__init__(titles=titles, marks=marks, id=id)
        self.listing = listing
        self.view = view or View()
        self.loaded = False
        self.marked: set[Key] = set()
        self.waiting: Sequence[Key] | None = None
        """The order that is offered and not yet taken, because it would move rows."""
        self.fresh = 0
        """How many rows are new in it."""
        self._keys: list[Key] = []
        self._places: dict[Key, int] = {}
        self._lines: dict[Key, Line] = {}
        self._current: set[Key] = set()
        """Keys that the last look asked for; others are asked for when they come on screen."""
        self._take_all = True
        self._asked_for: frozenset[Key] = frozenset()

    # ── what is asked, and what came of it ──────────────────────────────────────────────────────

    def question(self) -> Question[RowsNeeded]:
        """A look at the whole order, and at the rows that are on screen."""
        listing, view, shown = self.listing, self.view, self._on_screen()

        def look(reading: QueryReader) -> RowsNeeded:
            keys = listing.keys(reading, view)
            wanted = shown or list(keys[:PAGE])
            lines = dict(listing.lines(reading, view, wanted))
            return RowsNeeded(listing, view, keys, wanted, lines)

        return look

    def page_question(self) -> Question[RowsNeeded] | None:
        """A look at those rows on screen that were not asked for yet."""
        listing, view = self.listing, self.view
        wanted = [key for key in self._on_screen(PAGE // 2) if key not in self._current]
        if not wanted:
            return None
        return lambda reading: RowsNeeded(
            listing, view, (), wanted, dict(listing.lines(reading, view, wanted))
        )

    def take(self, seen: RowsNeeded, *, at_once: bool = False) -> None:
        """What a look at the list came to; `at_once` where it must not wait to be asked for."""
        if not self._meant(seen):
            return
        same = all(self._lines.get(key) == line for key, line in seen.lines.items())
        for key in seen.lines:
            self._lines.pop(key, None)
        self._lines.update(seen.lines)
        self._current = set(seen.wanted)
        unmoved = self.loaded and not self._take_all and list(seen.keys) == self._keys
        if same and unmoved and self.waiting is None:
            self._asked_for = frozenset()
            return
        for key in list(self._lines)[: max(0, len(self._lines) - _KEPT)]:
            del self._lines[key]
        old = self._keys
        if self._take_all or at_once or not old or self._comes_in_below(seen.keys):
            self._order(seen.keys)
        else:
            self.fresh = sum(1 for key in seen.keys if key not in self._places)
            self.waiting = seen.keys
        self._take_all = False
        if bool(old) != bool(self._keys):
            self.screen.refresh_bindings()
        if not self.loaded:
            self.loaded = True
            self.post_message(self.Moved(self, self.key))
        self._asked_for = frozenset()
        self.post_message(self.Stood(self))
        self._draw()

    def _comes_in_below(self, keys: Sequence[Key]) -> bool:
        """Whether taking this order moves nothing that is looked at: it changes only what is below
        the screen, or the whole fits on the screen and new rows stand below the cursor."""
        old = self._keys
        shown = self.scroll_offset.y + max(1, self.size.height - self.above)
        if list(keys[:shown]) == old[:shown]:
            return True
        above = self.cursor + 1
        if len(keys) > self.size.height - self.above or list(keys[:above]) != old[:above]:
            return False
        rest = iter(keys)
        return all(key in rest for key in old)

    def pass_time(self, now: datetime) -> None:
        """Tell anew how old things are, of what is on screen."""
        aged = {key: self._lines[key].aged(now) for key in self._on_screen() if key in self._lines}
        if any(line is not self._lines[key] for key, line in aged.items()):
            self._lines.update(aged)
            self._draw()

    def take_page(self, seen: RowsNeeded) -> None:
        if self._meant(seen):
            self._lines.update(seen.lines)
            # A row that is gone meanwhile was asked for, too: it must not be asked for again.
            self._current |= set(seen.wanted)
            self._asked_for = frozenset()
            self._draw()

    def _meant(self, seen: RowsNeeded) -> bool:
        """Whether it is the answer to what is asked now."""
        return seen.listing is self.listing and seen.view == self.view

    def see(self, view: View, *, hold: bool = True) -> None:
        """Show the list another way; with `hold`, the selection stays on its row."""
        self.view = view
        self._take_all = True
        if not hold:
            self._keys, self._places = [], {}
        self.post_message(self.Wanting(self))

    def show(self, listing: Listing, view: View | None = None) -> None:
        """Another list in this place."""
        self.listing = listing
        self.loaded = False
        self._keys, self._places, self._lines, self.marked = [], {}, {}, set()
        self.waiting, self.fresh = None, 0
        self.set_reactive(Table.cursor, 0)
        self.fit_anew()
        self.see(view or View())

    def _order(self, keys: Sequence[Key]) -> None:
        """Take an order; the row under the cursor keeps its place on the screen."""
        selected, above = self.key, self.cursor - self.scroll_offset.y
        self._keys = list(keys)
        self._places = {key: place for place, key in enumerate(self._keys)}
        self.waiting, self.fresh = None, 0
        self.marked &= self._places.keys()
        place = self._places.get(selected, min(self.cursor, max(0, len(self._keys) - 1)))
        self._measure()
        moved = place != self.cursor
        self.set_reactive(Table.cursor, place)
        if moved or place < self.scroll_offset.y:
            self.scroll_to(y=max(0, place - above), animate=False, force=True, immediate=True)
        if self.key != selected:
            self.post_message(self.Moved(self, self.key))

    @property
    def wants_all(self) -> bool:
        """Whether the list is to be looked at anew, and not only more of it."""
        return self._take_all

    # ── what is there ───────────────────────────────────────────────────────────────────────────

    @property
    def key(self) -> Key | None:
        """Who is under the cursor."""
        return self._keys[self.cursor] if self.cursor < len(self._keys) else None

    @property
    def line(self) -> Line | None:
        return self._lines.get(self.key)

    @property
    def length(self) -> int:
        return len(self._keys)

    def keys_meant(self) -> list[Key]:
        """Whom a command is for: those that are marked, in order, or the one at the cursor."""
        if self.marked:
            return [key for key in self._keys if key in self.marked]
        return [] if self.key is None else [self.key]

    def select(self, key: Key) -> bool:
        """Go to a row; whether it is there."""
        place = self._places.get(key)
        if place is None:
            return False
        self.cursor = place
        return True

    def all_keys(self) -> Sequence[Key]:
        return self._keys

    def shows(self, key: Key) -> bool:
        """Whether this row is on the screen."""
        return key in self._on_screen()

    def _on_screen(self, around: int = 0) -> list[Key]:
        first = max(0, self.scroll_offset.y - around)
        height = max(self.size.height, 1)
        return self._keys[first : self.scroll_offset.y + height + around]

    # ── drawing ─────────────────────────────────────────────────────────────────────────────────

    def _measure(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._keys) + self.above)

    def _draw(self) -> None:
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._measure()
        self.call_after_refresh(self._follow_cursor)

    def render_line(self, y: int) -> Strip:
        self.fit(self.listing.columns)
        if self.titles and y == 0:
            return self.title_row(self.view)
        place = self.scroll_offset.y + y - self.above
        if not 0 <= place < len(self._keys):
            return self.blank_row()
        key = self._keys[place]
        if key not in self._current and key not in self._asked_for:
            self._asked_for = frozenset(self._on_screen(PAGE // 2))
            self.post_message(self.Wanting(self))
        chosen = place == self.cursor
        line, marked = self._lines.get(key), key in self.marked
        return self.row(key, Looks(line, chosen, chosen and self.has_focus, marked))

    # ── moving ──────────────────────────────────────────────────────────────────────────────────

    def watch_cursor(self, before: int, now: int) -> None:
        self._follow_cursor()
        self.post_message(self.Moved(self, self.key))
        # Where it had to scroll, all is drawn anyway.
        self.refresh_line(before + self.above)
        self.refresh_line(now + self.above)

    def validate_cursor(self, place: int) -> int:
        return max(0, min(place, len(self._keys) - 1))

    def _follow_cursor(self) -> None:
        # In lines of the whole, where the titles stand above the first row on every screen.
        region = Region(0, self.cursor, 1, 1 + self.above)
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

    def _pages(self, pages: float) -> None:
        self.cursor += round(pages * max(1, self.size.height - self.above))

    def action_page_down(self) -> None:
        self._pages(1)

    def action_page_up(self) -> None:
        self._pages(-1)

    def action_half_down(self) -> None:
        self._pages(0.5)

    def action_half_up(self) -> None:
        self._pages(-0.5)

    def action_show_new(self) -> None:
        if self.waiting is not None:
            self._order(self.waiting)
            self.post_message(self.Stood(self))
            self._draw()

    # ── marking, sorting, filtering ─────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("mark", "mark_all"):
            return self.marks and bool(self._keys)
        if action == "open":
            return bool(self._keys)
        if action in ("sort", "reverse"):
            return self.titles and any(one.sorts for one in self.listing.columns)
        return True

    def action_mark(self) -> None:
        if self.key is not None:
            self.marked ^= {self.key}
            self.post_message(self.Stood(self))
            self.cursor += 1
            self._draw()

    def action_mark_all(self) -> None:
        self.marked = set() if len(self.marked) == len(self._keys) else set(self._keys)
        self.post_message(self.Stood(self))
        self._draw()

    def action_sort(self) -> None:
        names = ["", *(one.name for one in self.listing.columns if one.sorts)]
        at = names.index(self.view.sort) if self.view.sort in names else 0
        self.see(replace(self.view, sort=names[(at + 1) % len(names)]))

    def action_reverse(self) -> None:
        self.see(replace(self.view, reverse=not self.view.reverse))

    def set_filter(self, words: str) -> None:
        if words != self.view.filter:
            self.see(replace(self.view, filter=words))

    # ── opening, copying, the mouse ─────────────────────────────────────────────────────────────

    def action_open(self) -> None:
        if self.key is not None:
            self.post_message(self.Opened(self, self.key))

    def copied(self) -> str:
        """The text of the rows that are meant."""
        return "\n".join(self._lines[k].copied() for k in self.keys_meant() if k in self._lines)

    def copied_id(self) -> str:
        meant = [self._lines[key] for key in self.keys_meant() if key in self._lines]
        return "\n".join(line.id or line.copied() for line in meant)

    def on_click(self, event: events.Click) -> None:
        place = self.scroll_offset.y + event.y - self.above
        if self.titles and event.y == 0:
            self._sort_at(event.x)
        elif 0 <= place < len(self._keys):
            again = place == self.cursor and event.chain > 1
            self.cursor = place
            if again:
                self.action_open()

    def _sort_at(self, x: int) -> None:
        column = self.column_at(x)
        if column is not None and column.sorts:
            turned = column.name == self.view.sort and not self.view.reverse
            self.see(replace(self.view, sort=column.name, reverse=turned))
