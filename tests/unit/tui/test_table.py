"""What a list asks for, and what not."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

import pytest
from textual.app import App, ComposeResult

from ingest.db.query_reader import QueryReader
from tui.widgets.column import Column, Line, age_of
from tui.widgets.listing import Key, Listing, View, shown
from tui.widgets.table import Table

READING = cast(QueryReader, None)
ROWS = 200


class Numbers:
    """Some of them are gone by the time their lines are asked for."""

    columns = (Column("number", "Number", 8),)

    def keys(self, reading: QueryReader, view: View) -> Sequence[Key]:
        return range(ROWS)

    def lines(self, reading: QueryReader, view: View, keys: Sequence[Key]) -> Mapping[Key, Line]:
        return {key: Line(key, (str(key),)) for key in keys if key not in (1, ROWS - 1)}


class Window(App[None]):
    def __init__(self, listing: Listing | None = None) -> None:
        super().__init__()
        self.table = Table(listing or Numbers())
        self.wantings = 0

    def compose(self) -> ComposeResult:
        yield self.table

    def on_table_wanting(self, message: Table.Wanting) -> None:
        self.wantings += 1


class Few(Numbers):
    """A list whose rows are those it is given."""

    def __init__(self, *rows: int) -> None:
        self.rows = list(rows)

    def keys(self, reading: QueryReader, view: View) -> Sequence[Key]:
        return list(self.rows)


async def came_in(
    before: Sequence[int], after: Sequence[int], cursor: int, *, at_once: bool = False
) -> bool:
    """Whether the rows after are shown although nobody asked for them; eight have room."""
    app = Window(few := Few(*before))
    async with app.run_test(size=(40, 9)) as pilot:
        table = app.table
        table.take(table.question()(READING))
        table.cursor = cursor
        await pilot.pause()
        few.rows = list(after)
        key, place = table.key, table.cursor - table.scroll_offset.y
        table.take(table.question()(READING), at_once=at_once)
        assert table.key == key
        came = list(table.all_keys()) == list(after)
        assert came is (table.waiting is None)
        assert at_once or table.cursor - table.scroll_offset.y == place
        return came


@pytest.mark.parametrize(
    ("before", "after", "cursor", "came"),
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
async def test_new_rows_come_in_where_nothing_that_is_looked_at_moves(
    before: Sequence[int], after: Sequence[int], cursor: int, came: bool
) -> None:
    assert await came_in(before, after, cursor) is came


async def test_what_must_not_wait_comes_in_and_the_cursor_stays_on_its_row() -> None:
    assert await came_in([2, 4], [3, 2, 4], 1, at_once=True)
    assert await came_in(range(2, 30), [100, *range(2, 30)], 20, at_once=True)


async def test_an_age_is_told_anew_while_time_passes() -> None:
    then = datetime(2026, 11, 21, 8)
    line = Line("a", ("x", age_of(then, then + timedelta(seconds=75))))
    assert shown(line) == "x 1 m"
    assert line.aged(then + timedelta(seconds=100)) is line
    assert shown(line.aged(then + timedelta(seconds=130))) == "x 2 m"


async def test_a_row_that_is_gone_meanwhile_is_not_asked_for_again_and_again() -> None:
    app = Window()
    async with app.run_test(size=(40, 10)) as pilot:
        table = app.table
        table.take(table.question()(READING))
        await pilot.pause()
        assert table.page_question() is None
        await pilot.press("G")
        await pilot.pause()
        page = table.page_question()
        assert page is not None
        table.take_page(page(READING))
        wantings = app.wantings
        await pilot.pause()
        assert table.page_question() is None
        assert app.wantings == wantings
