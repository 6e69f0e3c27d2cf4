"""Which rows a table loads, and when it shows changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

import pytest
from textual.app import App, ComposeResult

from ingest.db.query_reader import QueryReader
from tui.widgets.column import Column, ListRow, age_of
from tui.widgets.listing import Key, Listing, ViewState
from tui.widgets.table import Table

READER = cast(QueryReader, None)
ROWS = 200


class Numbers:
    """Two of the keys no longer exist when their rows are loaded."""

    columns = (Column("number", "Number", 8),)

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[Key]:
        return range(ROWS)

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Key]
    ) -> Mapping[Key, ListRow]:
        return {key: ListRow(key, (str(key),)) for key in keys if key not in (1, ROWS - 1)}


class Window(App[None]):
    def __init__(self, listing: Listing | None = None) -> None:
        super().__init__()
        self.table = Table(listing or Numbers())
        self.requests = 0

    def compose(self) -> ComposeResult:
        yield self.table

    def on_table_rows_needed(self, message: Table.RowsNeeded) -> None:
        self.requests += 1


class InMemory(Numbers):
    """A list with the given keys."""

    def __init__(self, *keys: int) -> None:
        self.current = list(keys)

    def keys(self, reader: QueryReader, view: ViewState) -> Sequence[Key]:
        return list(self.current)


async def shown_at_once(
    before: Sequence[int], after: Sequence[int], cursor: int, *, at_once: bool = False
) -> bool:
    """Whether a new order is shown without a key; eight rows fit on the screen."""
    app = Window(listing := InMemory(*before))
    async with app.run_test(size=(40, 9)) as pilot:
        table = app.table
        table.set_result(table.build_query()(READER))
        table.cursor = cursor
        await pilot.pause()
        listing.current = list(after)
        key, line = table.key, table.cursor - table.scroll_offset.y
        table.set_result(table.build_query()(READER), at_once=at_once)
        assert table.key == key
        shown = list(table.all_keys()) == list(after)
        assert shown is (table.pending_keys is None)
        assert at_once or table.cursor - table.scroll_offset.y == line
        return shown


@pytest.mark.parametrize(
    ("before", "after", "cursor", "shown"),
    [
        ([2, 4], [2, 4, 6], 1, True),
        ([2, 4], [2, 3, 4], 0, True),
        ([2, 4], [1, 2, 4], 0, False),
        ([2, 4], [2, 3, 4], 1, False),
        ([2, 4, 6], [2, 6, 4, 8], 0, False),
        ([2, 4, 6], [2, 6], 0, False),
        (range(2, 10), range(2, 30), 7, True),
        (range(2, 30), [*range(2, 20), 100, *range(20, 30)], 3, True),
        (range(2, 30), [2, 100, *range(3, 30)], 0, False),
        (range(2, 10), [*range(2, 9), 100, 9], 0, False),
    ],
)
async def test_new_rows_are_shown_at_once_only_if_no_visible_row_moves(
    before: Sequence[int], after: Sequence[int], cursor: int, shown: bool
) -> None:
    assert await shown_at_once(before, after, cursor) is shown


@pytest.mark.parametrize(
    ("before", "after", "cursor", "shown", "new"),
    [
        # Room below the last row and below the cursor, while a row above the cursor is held.
        ([2, 4], [1, 2, 4, 6], 1, [2, 4, 6], 1),
        ([2, 4, 6], [1, 2, 4, 5, 6, 8], 1, [2, 4, 5, 6, 8], 1),
        # A deleted row stays, and what follows it comes.
        ([2, 4, 6], [2, 6, 8], 0, [2, 4, 6, 8], 0),
        # Below a full screen.
        (range(2, 12), [1, *range(2, 12), 12], 3, [*range(2, 13)], 1),
        # On a full screen, and what comes after a row that is held, is held, too.
        (range(2, 12), [1, 2, 3, 4, 5, 50, 51, *range(6, 12)], 3, [*range(2, 12)], 3),
    ],
)
async def test_rows_that_move_nothing_are_shown_while_others_are_held(
    before: Sequence[int], after: Sequence[int], cursor: int, shown: Sequence[int], new: int
) -> None:
    app = Window(listing := InMemory(*before))
    async with app.run_test(size=(40, 9)):
        table = app.table
        table.set_result(table.build_query()(READER))
        table.cursor = cursor
        listing.current = list(after)
        table.set_result(table.build_query()(READER))
        assert (list(table.all_keys()), table.new_count) == (list(shown), new)
        assert (table.key, table.pending_keys) == (before[cursor], list(after))
        table.action_show_new()
        assert list(table.all_keys()) == list(after)


class Groups(InMemory):
    """Each ten numbers are an open group: 10 is the head of 11 to 19."""

    def rows(
        self, reader: QueryReader, view: ViewState, keys: Sequence[Key]
    ) -> Mapping[Key, ListRow]:
        return {
            key: ListRow(
                key,
                (str(key),),
                parent=key // 10 * 10 if key % 10 else None,
                collapsed=None if key % 10 else self.current.count(key + 1) == 0,
            )
            for key in keys
        }

    def counts_as_new(self, key: Key) -> bool:
        return key % 10 != 9


async def test_the_contents_of_a_group_that_opened_are_shown_also_if_the_list_is_held() -> None:
    full = [10, 11, 12, 20, 30, 40, 50, 60, 70]
    app = Window(listing := Groups(*full))
    async with app.run_test(size=(40, 9)):
        table = app.table
        table.set_result(table.build_query()(READER))
        table.cursor = 2
        listing.current = [10, 13, 11, 12, 20, 21, 22, *full[4:]]
        table.set_result(table.build_query()(READER))
        assert list(table.all_keys()) == [10, 11, 12, 20, 21, 22, *full[4:]]
        assert table.new_count == 1


async def test_a_line_that_belonged_to_a_row_is_dropped_also_if_the_list_is_held() -> None:
    app = Window(listing := Groups(10, 11, 12, 19, 20))
    async with app.run_test(size=(40, 9)):
        table = app.table
        table.set_result(table.build_query()(READER))
        table.cursor = 1
        listing.current = [10, 12, 11, 20]
        table.set_result(table.build_query()(READER))
        assert list(table.all_keys()) == [10, 11, 12, 20]


async def test_urgent_rows_are_shown_at_once_and_the_cursor_stays_on_its_row() -> None:
    assert await shown_at_once([2, 4], [3, 2, 4], 1, at_once=True)
    assert await shown_at_once(range(2, 30), [100, *range(2, 30)], 20, at_once=True)


async def test_ages_are_updated_as_time_passes() -> None:
    then = datetime(2026, 11, 21, 8)
    row = ListRow("a", ("x", age_of(then, then + timedelta(seconds=75))))
    assert row.visible_text() == "x 1 m"
    assert row.with_current_ages(then + timedelta(seconds=100)) is row
    assert row.with_current_ages(then + timedelta(seconds=130)).visible_text() == "x 2 m"


async def test_a_deleted_row_is_requested_only_once() -> None:
    app = Window()
    async with app.run_test(size=(40, 10)) as pilot:
        table = app.table
        table.set_result(table.build_query()(READER))
        await pilot.pause()
        assert table.build_page_query() is None
        await pilot.press("G")
        await pilot.pause()
        page = table.build_page_query()
        assert page is not None
        table.add_rows(page(READER))
        requests = app.requests
        await pilot.pause()
        assert table.build_page_query() is None
        assert app.requests == requests
