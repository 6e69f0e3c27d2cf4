"""What a list asks for, and what not."""

from collections.abc import Mapping, Sequence
from typing import cast

from textual.app import App, ComposeResult

from ingest.store.face import Reading
from tui.widgets.column import Column, Line
from tui.widgets.listing import Key, View
from tui.widgets.table import Table

READING = cast(Reading, None)
ROWS = 200


class Numbers:
    """Some of them are gone by the time their lines are asked for."""

    columns = (Column("number", "Number", 8),)

    def keys(self, reading: Reading, view: View) -> Sequence[Key]:
        return range(ROWS)

    def lines(self, reading: Reading, view: View, keys: Sequence[Key]) -> Mapping[Key, Line]:
        return {key: Line(key, (str(key),)) for key in keys if key not in (1, ROWS - 1)}


class Window(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.table = Table(Numbers())
        self.wantings = 0

    def compose(self) -> ComposeResult:
        yield self.table

    def on_table_wanting(self, message: Table.Wanting) -> None:
        self.wantings += 1


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
