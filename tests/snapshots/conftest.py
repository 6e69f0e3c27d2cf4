"""One database for all pictures, and what compares a screen with its picture.

`picture(name_of_screen, size, keys)` presses the keys once everything is shown, waits until what
came of them is shown, and compares. The clock stands still and ids are those of the builders.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.app_harness import Stage, settled, staged, steps
from tests.sample_home import everything

SIZES = ((80, 24), (200, 50))
Picture = Callable[..., None]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), everything) as stage:
        yield stage


@pytest.fixture(scope="session")
def empty_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("empty")) as stage:
        yield stage


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


@pytest.fixture
def picture(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> Picture:
    monkeypatch.setenv("TZ", "UTC")

    def compare(stage: Stage, size: tuple[int, int], *keys: str) -> None:
        async def press(pilot: Pilot[Any]) -> None:
            await settled(pilot)
            await steps(pilot, *keys)

        assert snap_compare(stage.dashboard(), terminal_size=size, run_before=press)

    return compare
