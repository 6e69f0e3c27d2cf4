"""How a person goes to panes and rows, and how wide panes are."""

from typing import Any

import pytest
from textual.events import MouseDown, MouseMove, MouseUp
from textual.pilot import Pilot

from tests.app_harness import AppHarness, press, screen_text, wait_settled
from tui.screens.board import CardPane, SessionsPane
from tui.screens.jump import labels
from tui.screens.needs_pane import NeedsPane


@pytest.mark.parametrize("count", [0, 1, 52, 53, 1000])
def test_labels_are_as_short_as_they_can_be_and_none_begins_another(count: int) -> None:
    found = labels(count)
    assert len(set(found)) == count
    assert len({len(label) for label in found}) <= 1
    assert all(len(label) == (1 if count <= 52 else 2) for label in found)


async def drag(pilot: Pilot[Any], *places: tuple[int, int]) -> None:
    """Press a button of the mouse, move to each place, and release it at the last one."""
    for kind, (x, y) in zip(
        (MouseDown, *[MouseMove] * (len(places) - 1), MouseUp), (*places, places[-1]), strict=True
    ):
        pilot.app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))
        await wait_settled(pilot)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_letter_goes_to_the_row_that_it_is_shown_at(
    harness: AppHarness, size: tuple[int, int]
) -> None:
    async with harness.open_dashboard(size=size) as (app, pilot):
        await press(pilot, "f")
        row = next(line for line in screen_text(app).splitlines() if "Say hello" in line)
        label = row.lstrip("│")[0]
        await press(pilot, label)
        sessions = app.screen.query_exactly_one(SessionsPane).table
        assert sessions.has_focus
        assert sessions.row is not None
        assert "Say hello" in sessions.row.visible_text()
        await press(pilot, "f", "b")
        assert app.screen.query_exactly_one(NeedsPane).table.has_focus
        await press(pilot, "f", "escape", "j")
        assert app.screen.query_exactly_one(NeedsPane).table.cursor == 1


async def test_a_letter_goes_to_a_pane_and_to_a_node_of_a_graph(harness: AppHarness) -> None:
    async with harness.open_dashboard("2", "v") as (app, pilot):
        await press(pilot, "f")
        line = next(line for line in screen_text(app).splitlines() if "╮" in line)
        label = line[line.index("╮") + 1]
        await press(pilot, label)
        assert app.screen.current_pane is app.screen.detail  # type: ignore[attr-defined]


async def test_keys_and_the_mouse_move_the_border_of_two_panes_for_good(
    harness: AppHarness,
) -> None:
    async with harness.open_dashboard() as (app, pilot):
        left = app.screen.query_exactly_one(SessionsPane)
        right = app.screen.query_exactly_one(CardPane)
        await press(pilot, "plus", "plus")
        assert left.outer_size.width == 72
        await press(pilot, "tab", "plus")
        assert left.outer_size.width == 66
        await press(pilot, "minus")
        x, y = right.region.offset
        await drag(pilot, (x, y + 3), (x - 24, y + 3))
        assert (left.outer_size.width, right.outer_size.width) == (x - 24, 120 - x + 24)
    app = harness.make_dashboard(keep_ui_state=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_settled(pilot)
        assert app.screen.query_exactly_one(SessionsPane).outer_size.width == x - 24


async def test_a_drag_over_text_selects_nothing_and_is_no_error(harness: AppHarness) -> None:
    async with harness.open_dashboard() as (app, pilot):
        x, y = app.screen.query_exactly_one(CardPane).content_region.offset
        await drag(pilot, (x + 2, y), (x + 9, y + 1))
        assert app.current_mode == "board"
        assert not app.screen.selections
