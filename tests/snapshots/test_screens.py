"""Snapshots of each screen in sizes and themes that the other files lack, and the contrast of every
text in each theme of our own. One dashboard shows them all.
"""

from typing import Any, Final

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from rich.color import Color
from rich.style import Style
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import Input

from tests.app_harness import AppHarness, press, press_each, wait_settled
from tests.unit.tui.test_themes import contrast
from tui.dashboard import Dashboard
from tui.themes import DEFAULT, PAPER, THEMES

SCREENS: Final = {
    "board": ("1", "j"),
    "session": ("1", "j", "enter", "G", "k", "t"),
    "tasks": ("2", "l", "l"),
    "pipeline": ("3", "right_square_bracket", "j"),
    "journal": ("4", "j"),
    "search": ("5", *"test", "down", "down", "down"),
    "insights": ("6", "j", "tab"),
}
"""The keys to the main state of each screen, with a row under the cursor."""
IN_FRONT: Final = {"help": ("1", "question_mark"), "command-line": ("1", "colon", "p", "a")}
DARK, LIGHT = (theme for theme in THEMES if theme.name in (DEFAULT, PAPER))
USUAL: Final = (120, 40)
SIZES: Final = ((80, 24), (200, 50), USUAL)
ENOUGH: Final = 4.5


def named(color: Color | None) -> str:
    assert color is not None
    assert color.triplet is not None
    return color.triplet.hex


def ratio(style: Style) -> float:
    return contrast(named(style.color), named(style.bgcolor))


def faint_texts(app: Dashboard) -> set[tuple[str, str, str]]:
    """Each text with letters or digits that is hard to read, with its colours."""
    found = set()
    known: dict[Style, float] = {}
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style, text = segment.style, segment.text.strip()
            if style is not None and any(map(str.isalnum, text)):
                if style not in known:
                    known[style] = ratio(style)
                if known[style] < ENOUGH:
                    found.add((text, named(style.color), named(style.bgcolor)))
    return found


async def show(app: Dashboard, pilot: Pilot[Any], keys: tuple[str, ...]) -> None:
    while len(app.screen_stack) > 1 or isinstance(app.focused, Input):
        await press(pilot, "escape")
    await press_each(pilot, *keys)


async def test_every_screen_in_each_size_and_theme(
    harness: AppHarness, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    taken = snapshot.use_extension(SVGImageExtension)
    different, faint = [], {}
    async with harness.open_dashboard(size=USUAL) as (app, pilot):
        for name, keys in (SCREENS | IN_FRONT).items():
            await show(app, pilot, keys)
            for size in SIZES if name in SCREENS else (USUAL,):
                await pilot.resize_terminal(*size)
                for theme in THEMES if size == USUAL else (LIGHT, DARK):
                    app.theme = theme.name
                    await wait_settled(pilot)
                    picture = f"{name}-{theme.name}-{size[0]}x{size[1]}"
                    if theme in (DARK, LIGHT):
                        drawn = app.export_screenshot(simplify=True)
                        if drawn != taken(name=picture):
                            different.append(picture)
                    if size == USUAL and (found := faint_texts(app)):
                        faint[picture] = found
    assert faint == {}
    assert different == []


async def test_the_board_without_colours(
    harness: AppHarness, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with NO_COLOR: signs and words tell the states apart."""
    monkeypatch.setenv("TZ", "UTC")
    async with harness.open_dashboard("j", size=USUAL, color="never") as (app, _):
        drawn = app.export_screenshot(simplify=True)
    assert drawn == snapshot.use_extension(SVGImageExtension)
