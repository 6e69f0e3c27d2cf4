"""A harness for every test of the dashboard."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.app_harness import AppHarness, running_harness
from tests.build import Home
from tests.prepared import PreparedHome
from tests.sample_home import everything

Prepared = PreparedHome[tuple[Home, datetime]]
"""The home, and the clock of the harness that has read it."""


def prepare(folder: Path) -> tuple[Home, datetime]:
    with running_harness(folder, everything) as harness:
        return harness.home, harness.now


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """With sessions in every state, all of them read."""
    return PreparedHome(lambda: tmp_path_factory.mktemp("prepared"), prepare)


@pytest.fixture
def harness(prepared: Prepared, tmp_path: Path) -> Iterator[AppHarness]:
    _, (home, now) = prepared.copy_database(tmp_path)
    with running_harness(tmp_path, home=home, now=now) as harness:
        yield harness
