"""Pictures of the screens: what `make screenshots` takes, and what is kept of it."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.pictures.camera import demonstrated, exported
from tests.pictures.drawing import png, svg
from tests.pictures.shots import SHOTS
from tui.query_runner import failure_of

ROOT = Path(__file__).resolve().parents[3]
LARGEST = 150 * 1024


def test_a_picture_is_small_and_needs_nothing_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    with demonstrated(tmp_path / "tour") as stage:
        drawn = svg(asyncio.run(exported(stage, SHOTS[0], (120, 40))))
    assert "From&#160;cron&#160;to&#160;timers" in drawn
    assert re.findall(r"url\((?!#)|@font-face|<image|Fira", drawn) == []
    assert 10_000 < len(png(drawn)) < LARGEST


def test_no_picture_shows_a_mistake_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    with demonstrated(tmp_path / "tour") as stage:
        shown = {shot.name: asyncio.run(exported(stage, shot, shot.sizes[0])) for shot in SHOTS}
    told = failure_of(TypeError("")).message[:30].replace(" ", "&#160;")
    assert [name for name, drawn in shown.items() if told in drawn] == []


def test_every_shot_was_taken_and_nothing_else_lies_there() -> None:
    wanted = {
        f"{shot.file(size)}.{kind}"
        for shot in SHOTS
        for size in shot.sizes
        for kind in ("svg", "png")
    }
    taken = {path.name for path in (ROOT / "screenshots").iterdir()}
    assert taken == wanted, "run `make screenshots`"
    assert all(path.stat().st_size < LARGEST for path in (ROOT / "screenshots").glob("*.png"))
