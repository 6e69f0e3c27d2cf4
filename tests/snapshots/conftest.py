"""One database for all snapshots, and the comparison of a screen with its snapshot.

`picture(harness, size, *keys)` presses the keys when everything is shown, waits for their effects
and compares. The clock stands still, and ids are those of the builders.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.app_harness import AppHarness, press_each, running_harness, wait_settled
from tests.sample_home import everything

SIZES = ((80, 24), (200, 50))
Picture = Callable[..., None]


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppHarness]:
    with running_harness(tmp_path_factory.mktemp("stage"), everything) as harness:
        yield harness


@pytest.fixture(scope="session")
def empty_harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppHarness]:
    with running_harness(tmp_path_factory.mktemp("empty")) as harness:
        yield harness


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    size: tuple[int, int] = request.param
    return size


@pytest.fixture
def picture(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> Picture:
    monkeypatch.setenv("TZ", "UTC")

    def compare(harness: AppHarness, size: tuple[int, int], *keys: str) -> None:
        async def press(pilot: Pilot[Any]) -> None:
            await wait_settled(pilot)
            await press_each(pilot, *keys)

        assert snap_compare(harness.make_dashboard(), terminal_size=size, run_before=press)

    return compare
