"""The screenshots of `make screenshots`."""

import asyncio
import re
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.app_harness import press, press_each, screen_text
from tests.pictures.camera import demo_harness, exported, printed
from tests.pictures.drawing import png, svg
from tests.pictures.shots import PRINTED, SHOTS, TOUR, USUAL
from tui.query_runner import failure_of

ROOT = Path(__file__).resolve().parents[3]
MAX_BYTES = 150 * 1024
MAX_TOUR_BYTES = 2_000_000


def test_a_screenshot_is_small_and_loads_nothing_from_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    with demo_harness(tmp_path / "tour") as harness:
        drawn = svg(asyncio.run(exported(harness, SHOTS[0], (120, 40))))
    assert "Move&#160;cron&#160;jobs" in drawn
    assert re.findall(r"url\((?!#)|@font-face|<image|Fira", drawn) == []
    assert 10_000 < len(png(drawn)) < MAX_BYTES


async def test_no_screenshot_shows_an_error_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    error = failure_of(TypeError("")).message[:30]
    with demo_harness(tmp_path / "tour") as harness:
        async with harness.open_dashboard(size=USUAL) as (app, pilot):
            for shot in SHOTS:
                while len(app.screen_stack) > 1 or isinstance(app.focused, Input):
                    await press(pilot, "escape")
                await press_each(pilot, "1", *shot.keys)
                assert error not in screen_text(app), shot.name


def test_the_brief_in_the_readme_shows_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    with demo_harness(tmp_path / "tour") as harness:
        drawn = svg(printed(harness, PRINTED[0]))
    assert "##&#160;Failures&#160;not&#160;repaired" in drawn
    assert re.findall(r"url\((?!#)|@font-face|<image|Fira", drawn) == []


def test_the_folder_contains_exactly_the_configured_screenshots() -> None:
    names = [shot.file(size) for shot in SHOTS for size in shot.sizes]
    names += [text.name for text in PRINTED]
    wanted = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    wanted.add(f"{TOUR}.gif")
    taken = {path.name for path in (ROOT / "screenshots").iterdir()}
    assert taken == wanted, "run `make screenshots`"
    assert (ROOT / "screenshots" / f"{TOUR}.gif").stat().st_size < MAX_TOUR_BYTES
    assert all(path.stat().st_size < MAX_BYTES for path in (ROOT / "screenshots").glob("*.png"))
